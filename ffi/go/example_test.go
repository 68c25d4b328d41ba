package plimsoll_test

import (
	"fmt"
	"time"

	"plimsoll.dev/plimsoll"
)

// queue is a policy of 100 messages for each replica.
func queue() *plimsoll.Policy {
	config := plimsoll.DefaultConfig()
	config.MinReplicas, config.MaxReplicas = 2, 30
	config.Metrics = []plimsoll.Metric{
		{Source: plimsoll.External, Name: "messages", Target: plimsoll.AverageValue(100_000)},
	}
	policy, err := plimsoll.NewPolicy(config)
	if err != nil {
		panic(err)
	}
	return policy
}

func seen(seconds int64, replicas int32, messages plimsoll.Milli) *plimsoll.Observation {
	return &plimsoll.Observation{
		Now:      time.Unix(seconds, 0),
		Scale:    &plimsoll.Scale{Wanted: replicas, Running: replicas},
		Pods:     &plimsoll.PodCount{},
		Readings: []plimsoll.Reading{plimsoll.ReadValues(1000 * messages)},
	}
}

func Example() {
	policy := queue()
	var history plimsoll.History
	replicas := int32(3)
	for i, messages := range []plimsoll.Milli{300, 910, 910, 150} {
		decision, err := policy.Decide(&history, seen(int64(15*i), replicas, messages))
		if err != nil {
			panic(err)
		}
		fmt.Println(decision.From, "->", decision.To)
		if decision.Changes() {
			// Write the scale here.
			replicas = decision.To
			if _, err := policy.Applied(&history, &decision, replicas); err != nil {
				panic(err)
			}
		}
	}
	// Output:
	// 3 -> 3
	// 3 -> 6
	// 6 -> 10
	// 10 -> 10
}

func ExampleDecideBatch() {
	policy := queue()
	items := []plimsoll.Item{
		{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, 3, 500)},
		{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, 40, 500)},
	}
	if err := plimsoll.DecideBatch(items); err != nil {
		panic(err)
	}
	for _, item := range items {
		fmt.Println(item.Decision.From, "->", item.Decision.To)
	}
	// Output:
	// 3 -> 5
	// 40 -> 30
}

func ExampleHistory_Save() {
	policy := queue()
	var before, after plimsoll.History
	if _, err := policy.Decide(&before, seen(0, 9, 900)); err != nil {
		panic(err)
	}
	bytes, err := before.Save()
	if err != nil {
		panic(err)
	}
	if err := after.Restore(bytes); err != nil {
		panic(err)
	}
	decision, err := policy.Decide(&after, seen(60, 9, 200))
	if err != nil {
		panic(err)
	}
	fmt.Println(decision.To, decision.LastWord == plimsoll.Stabilized)
	// Output: 9 true
}
