package plimsoll_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll.dev/plimsoll"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// play moves a history through some load, and returns all that was decided.
func play(policy *plimsoll.Policy, h *plimsoll.History, from int64) (decisions []plimsoll.Decision) {
	replicas := int32(3)
	for i := range int64(40) {
		d := must(policy.Decide(h, seen(from+15*i, replicas, plimsoll.Milli(300+(i*i*37)%900))))
		if d.Changes() {
			replicas = d.To
			must(policy.Applied(h, &d, replicas))
		}
		decisions = append(decisions, d)
	}
	return decisions
}

func TestErrorsAreFoundByIs(t *testing.T) {
	for want, spoil := range map[plimsoll.Error]func(*plimsoll.Config){
		plimsoll.ErrEmpty:       func(c *plimsoll.Config) { c.Metrics = nil },
		plimsoll.ErrOutOfRange:  func(c *plimsoll.Config) { c.SyncPeriod = -1 },
		plimsoll.ErrTooMany:     func(c *plimsoll.Config) { c.Metrics = slices.Repeat(c.Metrics, 17) },
		plimsoll.ErrBadText:     func(c *plimsoll.Config) { c.Metrics[0].Name = "\xff" },
		plimsoll.ErrWrongTarget: func(c *plimsoll.Config) { c.Metrics[0].Target = plimsoll.Utilization(50) },
	} {
		config := plimsoll.DefaultConfig()
		config.MaxReplicas = 10
		config.Metrics = []plimsoll.Metric{{Source: plimsoll.External, Name: "m", Target: plimsoll.Value(1)}}
		spoil(&config)
		if _, err := plimsoll.NewPolicy(config); !errors.Is(err, want) {
			t.Errorf("%v, not %v", err, want)
		}
	}
	var h plimsoll.History
	if err := h.Restore([]byte("no history")); !errors.Is(err, plimsoll.ErrBadHistory) {
		t.Error(err)
	}
	if err := h.Restore(nil); !errors.Is(err, plimsoll.ErrBadHistory) {
		t.Error(err)
	}
	if _, err := new(plimsoll.Policy).Decide(&h, seen(0, 1, 1)); !errors.Is(err, plimsoll.ErrNotInitialized) {
		t.Error(err)
	}
	if _, err := queue().Decide(nil, seen(0, 1, 1)); !errors.Is(err, plimsoll.ErrNil) {
		t.Error(err)
	}
	unread := must(queue().Decide(&h, &plimsoll.Observation{}))
	if !errors.Is(unread.Err(), plimsoll.ScaleUnread) {
		t.Error(unread.Err())
	}
}

func TestABatchDecidesAsOneByOne(t *testing.T) {
	policy := queue()
	alone, together := make([]plimsoll.History, 64), make([]plimsoll.History, 64)
	for sync := range int64(30) {
		var items []plimsoll.Item
		for i := range together {
			items = append(items, plimsoll.Item{
				Policy: policy, History: &together[i], Seen: seen(15*sync, int32(i), plimsoll.Milli(sync*int64(i)*10)),
			})
			items[i].Seen.NoSteps = i%3 == 0
		}
		if err := plimsoll.DecideBatch(items); err != nil {
			t.Fatal(err)
		}
		for i, item := range items {
			want, err := policy.Decide(&alone[i], item.Seen)
			if err != nil || item.Err != nil || !reflect.DeepEqual(want, item.Decision) {
				t.Fatal(err, item.Err, want, item.Decision)
			}
		}
	}
}

func TestABadItemLeavesTheOthers(t *testing.T) {
	policy, one := queue(), &plimsoll.History{}
	items := []plimsoll.Item{
		{Policy: policy, History: one, Seen: seen(0, 3, 500)},
		{Policy: policy, History: one, Seen: seen(0, 3, 500)},
		{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, -1, 500)},
		{Policy: nil, History: &plimsoll.History{}, Seen: seen(0, 3, 500)},
		{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, 3, 500)},
	}
	if err := plimsoll.DecideBatch(items); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, plimsoll.ErrShared, plimsoll.ErrOutOfRange, plimsoll.ErrNil, nil} {
		if !errors.Is(items[i].Err, want) || (want == nil && items[i].Decision.To != 5) {
			t.Errorf("item %d: %v, %d", i, items[i].Err, items[i].Decision.To)
		}
	}
	if err := plimsoll.DecideBatch(nil); err != nil {
		t.Error(err)
	}
}

// A batch of several calls into C: lists of any length, policies in any order, one history twice and far apart.
func TestALongMixedBatch(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = []plimsoll.Metric{
		{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)},
		{Source: plimsoll.External, Name: "messages", Target: plimsoll.AverageValue(100_000)},
	}
	policies := []*plimsoll.Policy{queue(), must(plimsoll.NewPolicy(config))}
	alone, together := make([]plimsoll.History, 100), make([]plimsoll.History, 100)
	for sync := range 3 {
		now := time.Unix(int64(15*sync), 0)
		var items []plimsoll.Item
		for i := range together {
			o := seen(int64(15*sync), int32(i%7), plimsoll.Milli(i*100))
			if i%3 == 1 {
				pods := slices.Repeat([]plimsoll.Pod{{
					Phase: plimsoll.Running, Ready: plimsoll.ReadyTrue, Started: now.Add(-time.Hour), Request: 1000,
					Sample: &plimsoll.Sample{Value: plimsoll.Milli(10 * i), At: now, Window: time.Second},
				}}, i%5)
				values := slices.Repeat([]plimsoll.Milli{5000}, i%4)
				// The last reading is one too many.
				o.Readings = []plimsoll.Reading{plimsoll.ReadPods(pods, values...), plimsoll.ReadValues(values...), {}}
			}
			items = append(items, plimsoll.Item{Policy: policies[min(1, i%3)%2], History: &together[i], Seen: o})
		}
		items[30].Policy, items[99].History = nil, &together[2]
		if err := plimsoll.DecideBatch(items); err != nil {
			t.Fatal(err)
		}
		for i, item := range items {
			switch i {
			case 30:
				if !errors.Is(item.Err, plimsoll.ErrNil) {
					t.Error(item.Err)
				}
			case 99:
				if !errors.Is(item.Err, plimsoll.ErrShared) {
					t.Error(item.Err)
				}
			default:
				want := must(item.Policy.Decide(&alone[i], item.Seen))
				if item.Err != nil || !reflect.DeepEqual(want, item.Decision) {
					t.Fatal(i, item.Err, want, item.Decision)
				}
			}
		}
	}
}

func TestDifferentHistoriesAtOnce(t *testing.T) {
	policy := queue()
	want := play(policy, &plimsoll.History{}, 0)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			items := make([]plimsoll.Item, 20)
			for i := range items {
				items[i] = plimsoll.Item{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, 3, 500)}
			}
			for range 20 {
				if err := plimsoll.DecideBatch(items); err != nil || items[19].Err != nil || items[19].Decision.To != 5 {
					t.Error(err, items[19])
				}
			}
		})
	}
	for range 8 {
		all.Go(func() {
			for range 20 {
				if got := play(policy, &plimsoll.History{}, 0); !reflect.DeepEqual(got, want) {
					t.Error("another answer")
				}
			}
		})
	}
	all.Wait()
}

func TestAHistoryGoesOnAsIfItHadNeverStopped(t *testing.T) {
	policy := queue()
	var h, restored plimsoll.History
	play(policy, &h, 0)
	clone := h.Clone()
	if err := restored.Restore(must(h.Save())); err != nil {
		t.Fatal(err)
	}
	want := play(policy, &h, 600)
	for _, other := range []*plimsoll.History{clone, &restored} {
		if got := play(policy, other, 600); !reflect.DeepEqual(got, want) {
			t.Error("another answer")
		}
	}
}

func TestAHistoryGrowsWithItsPolicy(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MinReplicas, config.MaxReplicas = 2, 30
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.External, Name: "messages", Target: plimsoll.AverageValue(100_000)}}
	config.Behavior = &plimsoll.Behavior{Down: plimsoll.Rules{Window: new(time.Hour)}}
	config.SyncPeriod = time.Second
	long := must(plimsoll.NewPolicy(config))
	var h plimsoll.History
	must(queue().Decide(&h, seen(0, 20, 2000)))
	for i := range int64(3599) {
		if d := must(long.Decide(&h, seen(i+1, 20, 200))); d.To != 20 {
			t.Fatalf("%d at %d s", d.To, i+1)
		}
	}
	if d := must(long.Decide(&h, seen(3601, 20, 200))); d.To == 20 {
		t.Error("held for longer than the window")
	}
	var other plimsoll.History
	if err := other.Restore(must(h.Save())); err != nil {
		t.Error(err)
	}
}

func TestConditionsAndNames(t *testing.T) {
	var h plimsoll.History
	given := plimsoll.Condition{Kind: plimsoll.ScaledToZero, Status: true, Since: time.Unix(5, 0).UTC()}
	given.Reason, _ = plimsoll.ParseReason("ScaledToZero")
	if err := h.SetCondition(given); err != nil {
		t.Fatal(err)
	}
	if got := must(h.Conditions()); !reflect.DeepEqual(got, []plimsoll.Condition{given}) {
		t.Error(got)
	}
	if kind, found := plimsoll.ParseConditionKind("ScalingActive"); !found || kind != plimsoll.ScalingActive {
		t.Error(kind)
	}
	if _, found := plimsoll.ParseReason("None such"); found {
		t.Error("found")
	}
}

func TestPodsSentencesAndOutlook(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 10
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)}}
	policy := must(plimsoll.NewPolicy(config))
	now := time.Unix(10_000, 0)
	pod := plimsoll.Pod{
		Phase: plimsoll.Running, Ready: plimsoll.ReadyTrue, Started: now.Add(-time.Hour), Request: 1000,
		Sample: &plimsoll.Sample{Value: 900, At: now, Window: 15 * time.Second},
	}
	o := &plimsoll.Observation{
		Now: now, Scale: &plimsoll.Scale{Wanted: 2, Running: 2}, Pods: &plimsoll.PodCount{Listed: 2, Ready: 2},
		Readings: []plimsoll.Reading{plimsoll.ReadPods([]plimsoll.Pod{pod, pod})},
	}
	var h plimsoll.History
	d := must(policy.Decide(&h, o))
	if d.To != 3 || d.Recommended == nil || *d.Recommended != 3 {
		t.Error(d.To)
	}
	named := false
	for i := range d.Steps {
		step := &d.Steps[i]
		named = named || step.Kind == plimsoll.Proposed && strings.Contains(step.Sentence(policy), "cpu")
		if step.String() == "" {
			t.Error("a step without words")
		}
	}
	if !named {
		t.Error("no sentence names the metric")
	}
	outlook := must(policy.Outlook(0, o))
	if outlook.Down == nil || outlook.Down.Total >= 1800 {
		t.Errorf("%+v", outlook)
	}
	if _, err := policy.Outlook(1, o); !errors.Is(err, plimsoll.ErrNoSuchMetric) {
		t.Error(err)
	}
}

// Times that 64 bits of nanoseconds do not hold are ends of the range, not any moment.
func TestFarTimes(t *testing.T) {
	for when, want := range map[time.Time]int64{
		{}:              math.MinInt64,
		time.Unix(0, 0): 0,
		time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC): math.MaxInt64,
	} {
		o := seen(0, 3, 300)
		o.Now = when
		var h plimsoll.History
		if d := must(queue().Decide(&h, o)); d.At.UnixNano() != want {
			t.Error(when, d.At)
		}
	}
}

// fleet is 64 workloads, so that a call alone has no warmer memory than one of a batch.
func fleet(noSteps bool) []plimsoll.Item {
	policy, items := queue(), make([]plimsoll.Item, 64)
	for i := range items {
		items[i] = plimsoll.Item{Policy: policy, History: &plimsoll.History{}, Seen: seen(0, 3, 300)}
		items[i].Seen.NoSteps = noSteps
	}
	return items
}

func benchmark(b *testing.B, noSteps bool, decide func([]plimsoll.Item)) {
	items := fleet(noSteps)
	for b.Loop() {
		for i := range items {
			items[i].Seen.Now = items[i].Seen.Now.Add(15 * time.Second)
		}
		decide(items)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(items)), "ns/workload")
}

func oneByOne(items []plimsoll.Item) {
	for i := range items {
		items[i].Decision, items[i].Err = items[i].Policy.Decide(items[i].History, items[i].Seen)
	}
}

func inABatch(items []plimsoll.Item) {
	if err := plimsoll.DecideBatch(items); err != nil {
		panic(err)
	}
}

func BenchmarkDecide(b *testing.B)               { benchmark(b, true, oneByOne) }
func BenchmarkDecideBatch(b *testing.B)          { benchmark(b, true, inABatch) }
func BenchmarkDecideWithSteps(b *testing.B)      { benchmark(b, false, oneByOne) }
func BenchmarkDecideBatchWithSteps(b *testing.B) { benchmark(b, false, inABatch) }

// The rules of a pod's requests and usage are the release's, not the caller's.
func TestPodsFromTheirContainers(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 10
	config.Metrics = []plimsoll.Metric{
		{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(70)},
		{Source: plimsoll.ContainerResource, Name: "cpu", Container: "app", Target: plimsoll.Utilization(70)},
	}
	policy, err := plimsoll.NewPolicy(config)
	if err != nil {
		t.Fatal(err)
	}
	milli := func(n plimsoll.Milli) *plimsoll.Milli { return &n }
	containers := []plimsoll.Container{
		{Name: "app", Request: milli(500)},
		{Name: "start", Kind: plimsoll.InitContainer},
		{Name: "proxy", Kind: plimsoll.SidecarContainer, Request: milli(100)},
	}
	for _, each := range []struct {
		metric int
		level  plimsoll.PodLevel
		want   plimsoll.Milli
	}{
		{0, plimsoll.PodLevel{}, 600},
		{1, plimsoll.PodLevel{}, 500},
		{0, plimsoll.PodLevel{Set: true, Request: milli(2000), Overhead: milli(50)}, 2050},
	} {
		got, why, err := policy.PodRequest(each.metric, containers, each.level)
		if err != nil || why != 0 || got != each.want {
			t.Errorf("metric %d, %+v: %d, %d, %v", each.metric, each.level, got, why, err)
		}
	}
	if _, why, err := policy.PodRequest(0, []plimsoll.Container{{Name: "app"}}, plimsoll.PodLevel{}); err != nil || why != plimsoll.RequestMissing {
		t.Errorf("no request: %d, %v", why, err)
	}
	if _, why, err := policy.PodRequest(1, containers[1:], plimsoll.PodLevel{}); err != nil || why != plimsoll.RequestNoContainer {
		t.Errorf("no such container: %d, %v", why, err)
	}

	used := []plimsoll.ContainerUsage{{Name: "proxy", Usage: milli(80)}, {Name: "app", Usage: milli(300)}}
	for metric, want := range []plimsoll.Milli{380, 300} {
		got, why, err := policy.PodUsage(metric, used)
		if err != nil || why != 0 || got == nil || *got != want {
			t.Errorf("metric %d: %v, %d, %v", metric, got, why, err)
		}
	}
	// Missing is missing, never 0.
	used[0].Usage = nil
	if got, _, err := policy.PodUsage(0, used); got != nil || err != nil {
		t.Errorf("without one container's usage: %v, %v", got, err)
	}
	if got, _, err := policy.PodUsage(0, nil); got != nil || err != nil {
		t.Errorf("without containers: %v, %v", got, err)
	}

	if _, _, err := policy.PodRequest(2, containers, plimsoll.PodLevel{}); !errors.Is(err, plimsoll.ErrNoSuchMetric) {
		t.Errorf("a third metric: %v", err)
	}
	if _, _, err := (*plimsoll.Policy)(nil).PodUsage(0, used); !errors.Is(err, plimsoll.ErrNil) {
		t.Errorf("no policy: %v", err)
	}
	if _, _, err := policy.PodRequest(0, []plimsoll.Container{{Name: "\xff"}}, plimsoll.PodLevel{}); !errors.Is(err, plimsoll.ErrBadText) {
		t.Errorf("a name that is no text: %v", err)
	}
}

// Pods one by one count as in a list, in a batch as alone.
func TestAFoldReadsAsAList(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = slices.Repeat([]plimsoll.Metric{
		{Source: plimsoll.Resource, Name: "cpu", Target: plimsoll.Utilization(60)},
	}, 2)
	policy, now := must(plimsoll.NewPolicy(config)), time.Unix(10_000, 0)
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var pods []plimsoll.Pod
		classes := map[plimsoll.PodClass]int{}
		folds := []plimsoll.PodFold{must(policy.FoldPods(0, now)), must(policy.FoldPods(1, now))}
		for range random.IntN(9) {
			pod := plimsoll.Pod{
				Phase: plimsoll.Phase(1 + random.IntN(5)), Deleted: random.IntN(5) == 0, Ready: plimsoll.Ready(random.IntN(4)),
				Started: now.Add(-time.Duration(random.IntN(600)) * time.Second), Request: 1000,
			}
			if random.IntN(4) > 0 {
				pod.Sample = &plimsoll.Sample{Value: plimsoll.Milli(random.IntN(3000)), At: now, Window: time.Minute}
			}
			pods = append(pods, pod)
			class := must(folds[0].Add(&pod))
			if again := must(folds[1].Add(&pod)); again != class {
				t.Error(class, again)
			}
			classes[class]++
		}
		for i := range folds {
			if err := folds[i].AddUnlisted(70); err != nil {
				t.Error(err)
			}
		}
		listed := plimsoll.ReadPods(pods, 70)
		o := &plimsoll.Observation{
			Now: now, Scale: &plimsoll.Scale{Wanted: 3, Running: 3}, Pods: &plimsoll.PodCount{},
			Readings: []plimsoll.Reading{listed, listed},
		}
		want := must(policy.Decide(&plimsoll.History{}, o))
		for i := range want.Steps {
			got := want.Steps[i].Pods
			if want.Steps[i].Kind == plimsoll.Proposed && (int(got.Ready) != classes[plimsoll.ClassReady] ||
				int(got.Missing) != classes[plimsoll.ClassMissing] || int(got.Starting) != classes[plimsoll.ClassStarting] ||
				int(got.Failed) != classes[plimsoll.ClassFailed] || int(got.Deleted) != classes[plimsoll.ClassDeleted]) {
				t.Errorf("%+v %v", got, classes)
			}
		}
		items := make([]plimsoll.Item, 3)
		for i := range items {
			folded := *o
			folded.Readings = []plimsoll.Reading{plimsoll.ReadFold(&folds[0]), plimsoll.ReadFold(&folds[1])}
			folded.Readings[i%2] = listed
			items[i] = plimsoll.Item{Policy: policy, History: &plimsoll.History{}, Seen: &folded}
		}
		items[2].Seen.Readings[0] = plimsoll.ReadFold(&folds[0])
		inABatch(items)
		for i, item := range items {
			if item.Err != nil || !reflect.DeepEqual(want, item.Decision) {
				t.Fatal(i, item.Err, want, item.Decision)
			}
		}
		if outlook := must(policy.Outlook(1, o)); !reflect.DeepEqual(outlook, must(policy.Outlook(1, items[2].Seen))) {
			t.Errorf("%+v", outlook)
		}
	}
}

func TestAFoldRefuses(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.Pods, Name: "requests", Target: plimsoll.AverageValue(1000)}}
	policy, now := must(plimsoll.NewPolicy(config)), time.Unix(0, 0)
	pod := plimsoll.Pod{
		Phase: plimsoll.Running, Ready: plimsoll.ReadyTrue, Sample: &plimsoll.Sample{Value: 2000, At: now},
	}
	var none plimsoll.PodFold
	if _, err := none.Add(&pod); !errors.Is(err, plimsoll.ErrNotInitialized) {
		t.Error(err)
	}
	if err := (*plimsoll.PodFold)(nil).AddReady(1, 1, 1); !errors.Is(err, plimsoll.ErrNil) {
		t.Error(err)
	}
	if _, err := policy.FoldPods(1, now); !errors.Is(err, plimsoll.ErrNoSuchMetric) {
		t.Error(err)
	}
	fold := must(policy.FoldPods(0, now))
	if _, err := fold.Add(nil); !errors.Is(err, plimsoll.ErrNil) {
		t.Error(err)
	}
	before := fold
	if _, err := fold.Add(&plimsoll.Pod{Phase: 99}); !errors.Is(err, plimsoll.ErrOutOfRange) || fold != before {
		t.Error(err)
	}
	if err := fold.AddReady(3, 6000, 0); err != nil {
		t.Error(err)
	}
	for reading, want := range map[*plimsoll.PodFold]error{nil: plimsoll.ErrNotInitialized, &none: plimsoll.ErrNotInitialized, &fold: nil} {
		o := &plimsoll.Observation{
			Now: now, Scale: &plimsoll.Scale{Wanted: 3, Running: 3}, Pods: &plimsoll.PodCount{Listed: 3, Ready: 3},
			Readings: []plimsoll.Reading{plimsoll.ReadFold(reading)},
		}
		if d, err := policy.Decide(&plimsoll.History{}, o); !errors.Is(err, want) || (want == nil && d.To != 6) {
			t.Error(err, d.To)
		}
	}
}

func TestAHistoryFitsUnlessNoneCan(t *testing.T) {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = 30
	config.Metrics = []plimsoll.Metric{{Source: plimsoll.External, Name: "m", Target: plimsoll.Value(1)}}
	for period, want := range map[time.Duration]error{
		15 * time.Second: nil, time.Second: nil, time.Millisecond: plimsoll.ErrCapacity,
	} {
		config.SyncPeriod = period
		if err := must(plimsoll.NewPolicy(config)).Fits(&plimsoll.History{}); !errors.Is(err, want) {
			t.Error(period, err)
		}
	}
	if err := new(plimsoll.Policy).Fits(&plimsoll.History{}); !errors.Is(err, plimsoll.ErrNotInitialized) {
		t.Error(err)
	}
	if err := queue().Fits(nil); !errors.Is(err, plimsoll.ErrNil) {
		t.Error(err)
	}
}
