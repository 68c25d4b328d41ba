package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
)

// BenchmarkCalculate asks upstream and ours about the same pods: a common CPU target, nearly all pods
// ready, a few missing.
func BenchmarkCalculate(b *testing.B) {
	for _, pods := range []int{10, 100, 1000, 10_000} {
		c := plainCalculation(pods)
		want := upstream{}.calculate(c)
		run := func(name string, p preparer) {
			b.Run(fmt.Sprintf("%s/%d", name, pods), func(b *testing.B) {
				ask := p.prepare(c)
				if got := ask(); text(got) != text(want) {
					b.Fatalf("got %s, upstream %s", text(got), text(want))
				}
				for b.Loop() {
					ask()
				}
			})
		}
		run("upstream", upstream{})
		for _, name := range slices.Sorted(maps.Keys(engines)) {
			if p, ok := engines[name].(preparer); ok {
				run(name, p)
			}
		}
	}
}

func plainCalculation(pods int) calculation {
	in := &perPod{
		Resource: ptr("cpu"), Current: int32(pods), TargetUtilization: ptr(int32(70)), Tolerance: tolerance{0.1, 0.1},
		CPUInitialization: 300, ReadinessDelay: 30,
	}
	for i := range pods {
		name := "p" + strconv.Itoa(i)
		in.Pods = append(in.Pods, pod{
			Name: name, Phase: "Running", Ready: ptr("True"), ReadyChanged: ptr(int64(3600)), Started: ptr(int64(3660)),
			Containers: []container{{Name: "c0", Request: ptr(int64(500))}, {Name: "c1", Request: ptr(int64(500))}},
		})
		if i%20 != 7 {
			usage := map[string]*int64{"c0": ptr(int64(400 + i%100)), "c1": ptr(int64(450))}
			in.Metrics = append(in.Metrics, sample{Pod: name, Containers: usage, Sampled: 15, Window: 30})
		}
	}
	return calculation{fn: "resource_utilization", perPod: in}
}
