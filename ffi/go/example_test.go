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

func ExamplePolicy_FoldPods() {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)}}
	policy, err := plimsoll.NewPolicy(config)
	if err != nil {
		panic(err)
	}
	now := time.Unix(10_000, 0)
	fold, err := policy.FoldPods(0, now)
	if err != nil {
		panic(err)
	}
	for _, used := range []plimsoll.Milli{950, 850, 0} { // an informer's pods, one by one
		pod := plimsoll.Pod{Phase: plimsoll.Running, Ready: plimsoll.ReadyTrue, Started: now.Add(-time.Hour), Request: 1000}
		if used != 0 {
			pod.Sample = &plimsoll.Sample{Value: used, At: now, Window: 15 * time.Second}
		}
		class, err := fold.Add(&pod)
		if err != nil {
			panic(err)
		}
		fmt.Println("without a sample:", class == plimsoll.ClassMissing)
	}
	decision, err := policy.Decide(&plimsoll.History{}, &plimsoll.Observation{
		Now:      now,
		Scale:    &plimsoll.Scale{Wanted: 3, Running: 3},
		Pods:     &plimsoll.PodCount{Listed: 3, Ready: 3},
		Readings: []plimsoll.Reading{plimsoll.ReadFold(&fold)},
	})
	if err != nil {
		panic(err)
	}
	for _, step := range decision.Steps {
		if step.Kind == plimsoll.Proposed {
			fmt.Println(step.Sentence(policy))
		}
	}
	// Output:
	// without a sample: false
	// without a sample: false
	// without a sample: true
	// cpu reads 90 % of request, target 60 %, from 2 of 3 pods (1 without a sample); asks 3: with those pods filled in, ratio 1.00 moves nothing
}

func ExamplePolicy_PodRequest() {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)}}
	policy, err := plimsoll.NewPolicy(config)
	if err != nil {
		panic(err)
	}
	containers := []plimsoll.Container{
		{Name: "app", Request: new(plimsoll.Milli(500))},
		{Name: "migrate", Kind: plimsoll.InitContainer, Request: new(plimsoll.Milli(2000))},
		{Name: "proxy", Kind: plimsoll.SidecarContainer, Request: new(plimsoll.Milli(100))},
	}
	for _, level := range []plimsoll.PodLevel{{}, {Set: true, Request: new(plimsoll.Milli(800)), Overhead: new(plimsoll.Milli(50))}} {
		request, problem, err := policy.PodRequest(0, containers, level)
		if err != nil {
			panic(err)
		}
		fmt.Println(request, problem == 0)
	}
	// Output:
	// 600 true
	// 850 true
}
