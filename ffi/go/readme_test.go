package plimsoll_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"plimsoll.dev/plimsoll"
)

// What the README calls the operator's own.
type myReconciler struct {
	policy   *plimsoll.Policy
	messages []plimsoll.Milli
	readErr  error
	writeErr error
}

type myWorkload struct {
	history      plimsoll.History
	spec, status int32
}

func (r *myReconciler) myMessages(context.Context, *myWorkload) (plimsoll.Milli, error) {
	var sum plimsoll.Milli
	for _, messages := range r.messages {
		sum += messages
	}
	return sum, r.readErr
}

func (r *myReconciler) myWriteScale(_ context.Context, w *myWorkload, replicas int32) error {
	if r.writeErr == nil {
		w.spec, w.status = replicas, replicas
	}
	return r.writeErr
}

// README: from here to the next line that begins so, word for word.
func myPolicy() (*plimsoll.Policy, error) { // once, for all workloads with the same rules
	config := plimsoll.DefaultConfig()
	config.MinReplicas, config.MaxReplicas = 2, 30
	target := plimsoll.AverageValue(100_000) // for each replica, in thousandths: 100 messages
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.External, Name: "messages", Target: target}}
	return plimsoll.NewPolicy(config)
}

func (r *myReconciler) autoscale(ctx context.Context, w *myWorkload) error { // every 15 s
	reading := plimsoll.ReadFailed(plimsoll.MetricError{Kind: plimsoll.Unavailable})
	if messages, err := r.myMessages(ctx, w); err == nil {
		reading = plimsoll.ReadValues(messages) // plimsoll.Milli(quantity.MilliValue())
	}
	decision, err := r.policy.Decide(&w.history, &plimsoll.Observation{
		Now:      time.Now(),
		Scale:    &plimsoll.Scale{Wanted: w.spec, Running: w.status},
		Pods:     &plimsoll.PodCount{}, // no metric here looks at pods
		Readings: []plimsoll.Reading{reading},
	})
	if err != nil || !decision.Changes() {
		return err
	}
	if err := r.myWriteScale(ctx, w, decision.To); err != nil {
		_, told := r.policy.ApplyFailed(&w.history, &decision)
		return errors.Join(err, told)
	}
	_, err = r.policy.Applied(&w.history, &decision, decision.To)
	return err
}

// README: to here.

func TestTheReadmeHasWhatIsTested(t *testing.T) {
	source, readme := string(must(os.ReadFile("readme_test.go"))), string(must(os.ReadFile("README.md")))
	parts := strings.Split(source, "\n// README: ")
	if len(parts) != 3 {
		t.Fatal(len(parts))
	}
	_, code, _ := strings.Cut(parts[1], "\n")
	if code = strings.TrimSpace(code); !strings.Contains(readme, "\n```go\n"+code+"\n```\n") {
		t.Error("the README has other code than is tested here")
	}
	if lines := strings.Count(code, "\n"); lines > 32 {
		t.Errorf("the README promises 30 lines, there are %d", lines)
	}
}

func TestTheOperatorOfTheReadme(t *testing.T) {
	ctx, w := t.Context(), &myWorkload{spec: 3, status: 3}
	r := &myReconciler{policy: must(myPolicy()), messages: []plimsoll.Milli{900_000, 10_000}}
	condition := func(kind plimsoll.ConditionKind) string {
		for _, each := range must(w.history.Conditions()) {
			if each.Kind == kind {
				return each.Reason.String()
			}
		}
		return ""
	}

	r.writeErr = errors.New("conflict")
	if err := r.autoscale(ctx, w); !errors.Is(err, r.writeErr) || w.spec != 3 {
		t.Error(err, w.spec)
	}
	if got := condition(plimsoll.AbleToScale); got != "FailedUpdateScale" {
		t.Error(got)
	}
	r.writeErr = nil
	// An HPA without behavior at most doubles in a sync.
	for _, want := range []int32{6, 10} {
		if err := r.autoscale(ctx, w); err != nil || w.spec != want {
			t.Error(err, w.spec)
		}
	}
	r.readErr = errors.New("no metrics")
	if err := r.autoscale(ctx, w); err != nil || w.spec != 10 {
		t.Error(err, w.spec)
	}
	if got := condition(plimsoll.ScalingActive); got != "FailedGetExternalMetric" {
		t.Error(got)
	}
}
