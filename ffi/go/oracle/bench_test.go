package oracle

import (
	"fmt"
	"strconv"
	"testing"
)

// BenchmarkCalculate asks upstream and ours about the same pods: a common CPU target, nearly all pods ready, a few
// missing. It reports how many times as fast ours is; times are of a machine and its hour.
func BenchmarkCalculate(b *testing.B) {
	for _, pods := range []int{10, 100, 1000, 10_000} {
		c := plainCalculation(pods)
		want := text(upstream{}.calculate(c))
		measure := func(name string, e engine, theirs float64) (each float64) {
			b.Run(fmt.Sprintf("%s/%d", name, pods), func(b *testing.B) {
				ask := e.prepare(c)
				if got := text(ask()); got != want {
					b.Fatalf("got %s, upstream %s", got, want)
				}
				b.ReportAllocs()
				for b.Loop() {
					ask()
				}
				each = float64(b.Elapsed()) / float64(b.N)
				b.ReportMetric(0, "ns/op")
				if theirs > 0 {
					b.ReportMetric(theirs/each, "×upstream")
				}
			})
			return each
		}
		measure("plimsoll", ours{}, measure("upstream", upstream{}, 0))
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
