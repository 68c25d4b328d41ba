package oracle

import (
	"math/rand/v2"
	"strconv"
)

// draw is the random source of one case. Cases do not share one, so that any of them can be drawn
// again by its seed and number alone.
type draw struct{ *rand.Rand }

func newDraw(seed uint64, kind string, number int) draw {
	for _, letter := range kind {
		seed = seed*1_000_003 + uint64(letter)
	}
	return draw{rand.New(rand.NewPCG(seed, uint64(number)))}
}

func (d draw) chance(percent int) bool { return d.IntN(100) < percent }

// between is from low to high, both included.
func (d draw) between(low, high int64) int64 { return low + d.Int64N(high-low+1) }

func pick[T any](d draw, values ...T) T { return values[d.IntN(len(values))] }

// near is the value, or one beside it: most rules turn there.
func (d draw) near(value int64) int64 { return value + d.between(-1, 1) }

// edge is a number of seconds at a boundary, just beside it, or anywhere.
func (d draw) edge(boundaries ...int64) int64 {
	seconds := d.between(0, 1200)
	if d.chance(70) {
		seconds = d.near(pick(d, boundaries...))
	}
	return max(0, seconds)
}

// plainTolerances are floats that a stored quantity gives back; oddTolerances are not.
var (
	plainTolerances = []float64{0, 0.001, 0.01, 0.05, 0.1, 0.1, 0.2, 0.25, 0.33, 0.5, 1, 2}
	oddTolerances   = []float64{0.35, 0.57, 1.13}
)

// drawPods draws a list whose times hug the edges of the CPU rule.
func (d draw) drawPods(count int, initialization, delay int64, requests func() []container) []pod {
	pods := []pod{}
	// In most lists nearly every pod is plain, or nothing but second passes would be reached.
	odd := pick(d, 0, 0, 10, 30, 60)
	for i := range count {
		p := pod{Name: "p" + strconv.Itoa(i), Phase: "Running", Ready: ptr("True"), Started: ptr(d.between(400, 4000))}
		p.ReadyChanged = ptr(max(0, *p.Started-d.between(0, 300)))
		if d.chance(odd) {
			p.Phase = pick(d, "Running", "Running", "Running", "Running", "Pending", "Failed", "Succeeded", "Unknown")
			p.Deleted = d.chance(15)
			p.Ready = pick(d, ptr("True"), ptr("True"), ptr("False"), ptr("False"), ptr("Unknown"), nil)
			p.Started = ptr(d.edge(0, initialization, initialization, initialization+1, delay, delay+initialization))
			p.ReadyChanged = ptr(d.edge(0, 30, 60, *p.Started, *p.Started-delay, *p.Started-delay))
			switch {
			case p.Ready == nil:
				p.ReadyChanged = nil
			case d.chance(7):
				p.ReadyChanged = ptr(int64(farPast))
			}
			if d.chance(7) {
				p.Started = nil
			}
		}
		p.Containers = requests()
		pods = append(pods, p)
	}
	return pods
}

// drawAges sets the sample's moment and window, often so that it was taken just when one window had
// passed since the pod became ready.
func (d draw) drawAges(s *sample, p *pod) {
	s.Window = pick(d, int64(0), 15, 30, 60)
	s.Sampled = pick(d, int64(0), 15, 30, 60)
	if p != nil && p.ReadyChanged != nil && *p.ReadyChanged != farPast && d.chance(50) {
		s.Sampled = max(0, d.near(*p.ReadyChanged-s.Window))
	}
}
