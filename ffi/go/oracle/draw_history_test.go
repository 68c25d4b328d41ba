package oracle

import (
	"math"
	"slices"
	"strconv"
)

// historian makes up a history while it runs. It is told how many replicas the target has, so that
// pods and metrics can stay near what matters: the edges of windows, limits and tolerances.
type historian struct {
	draw
	odd      bool // also tolerances that are not what they seem
	head     history
	spec     spec
	selector string
	pods     []pod
	steps    int
	gaps     func() int64
	at       int64
	// What the metrics shall ask for next.
	wish float64
	// For the schema of sequences, which has less: one External metric, no pods, no failures but its own.
	plain bool
}

func newHistorian(seed uint64, number int, odd bool) *historian {
	return begin(&historian{draw: newDraw(seed, "history", number), odd: odd})
}

func newSequencer(seed uint64, number int, odd bool) *historian {
	return begin(&historian{draw: newDraw(seed, "sequence", number), odd: odd, plain: true})
}

func begin(g *historian) *historian {
	g.selector = "ok"
	g.head.Gates = gates{ScaleToZero: g.chance(75), ConfigurableTolerance: true}
	g.head.Controller = flags{
		Tolerance:         pick(g.draw, 0.1, 0.1, 0.1, 0.05, 0.2, 0.01),
		Stabilization:     pick(g.draw, int64(300), 60, 45, 30, 15, 1),
		CPUInitialization: pick(g.draw, int64(300), 120, 30),
		ReadinessDelay:    pick(g.draw, int64(30), 10),
	}
	g.spec = g.drawSpec()
	g.head.Spec = g.spec
	g.head.Conditions = []condition{}
	g.head.Start = int32(g.between(0, 12))
	if g.chance(70) {
		g.head.Start = int32(g.between(int64(g.minimum()), int64(min(g.spec.Max, 40))))
	}
	if g.chance(15) {
		// Percentages of many replicas show in which order floats were multiplied.
		g.head.Start = int32(g.between(int64(g.minimum()), int64(g.spec.Max)))
	}
	if g.chance(3) {
		// At these the order shows in the last digit: 50 × (1 + 14/100) is just above 57, 50 × 1.14 is not.
		g.spec.Max = 1000
		g.spec.Behavior = &behavior{Up: &rules{Window: ptr(int32(0)), Policies: []ratePolicy{{
			Type: "Percent", Value: pick(g.draw, int32(14), 14, 36, 10, int32(g.between(1, 300))), Period: pick(g.draw, int32(15), 60),
		}}}}
		g.head.Spec = g.spec
		g.head.Start = int32(25 * g.between(1, 40))
	}
	if g.head.Start == 0 && g.chance(50) && !g.plain {
		g.head.Conditions = []condition{pick(g.draw,
			condition{"ScaledToZero", "True", "ScaledToZero"}, condition{"ScaledToZero", "False", "NotScaledToZero"})}
	}
	g.steps = int(g.between(10, 60))
	if g.chance(1) {
		// Long enough to fill the longest window; that needs gaps of a sync period.
		g.steps = 300
	}
	irregular := g.steps < 300 && g.chance(40)
	step := pick(g.draw, int64(15), 15, 15, 10, 30)
	g.gaps = func() int64 {
		if !irregular {
			if g.chance(3) {
				return pick(g.draw, int64(300), 60, 3600, 1800)
			}
			return step
		}
		switch g.IntN(10) {
		case 0:
			return pick(g.draw, int64(30), 60, 300, 3600, 1800, 45)
		case 1:
			return g.between(16, 400)
		}
		return g.between(1, 16)
	}
	if g.steps == 300 {
		g.gaps = func() int64 { return 15 }
	}
	g.wish = float64(g.head.Start)
	if g.spec.Max == 1000 {
		g.wish = 1000
	}
	return g
}

func (g *historian) minimum() int32 {
	if g.spec.Min == nil {
		return 1
	}
	return *g.spec.Min
}

func (g *historian) drawSpec() spec {
	s := spec{Metrics: g.drawMetrics(), Max: pick(g.draw, int32(3), 5, 6, 10, 10, 12, 20, 50, 100, 1000)}
	wide := slices.ContainsFunc(s.Metrics, func(m metric) bool { return m.Type == "Object" || m.Type == "External" })
	switch {
	case g.chance(15):
	case wide && (g.head.Gates.ScaleToZero && g.chance(60) || g.chance(5)):
		s.Min = ptr(int32(0))
	default:
		s.Min = ptr(int32(g.between(1, min(5, int64(s.Max)))))
	}
	if g.chance(60) {
		s.Behavior = g.drawBehavior()
	}
	return s
}

func (g *historian) drawBehavior() *behavior {
	b := &behavior{}
	if g.chance(85) {
		b.Up = g.drawRules()
	}
	if g.chance(85) {
		b.Down = g.drawRules()
	}
	return b
}

func (g *historian) drawRules() *rules {
	r := &rules{}
	if g.chance(75) {
		r.Window = ptr(pick(g.draw, int32(0), 0, 15, 30, 45, 60, 120, 300, 3600, int32(g.between(0, 200))))
	}
	if g.chance(60) {
		r.Select = pick(g.draw, "Max", "Max", "Min", "Min", "Disabled")
	}
	if g.chance(80) {
		for range 1 + g.IntN(3) {
			p := ratePolicy{Type: "Pods", Value: pick(g.draw, int32(1), 2, 3, 4, int32(g.between(1, 30)))}
			if g.chance(50) {
				p.Type = "Percent"
				p.Value = pick(g.draw, int32(10), 50, 80, 90, 100, 100, 200, 900, 14, 36, 29, int32(g.between(1, 300)))
			} else if g.chance(2) {
				p.Value = math.MaxInt32 - int32(g.between(0, 20))
			}
			p.Period = pick(g.draw, int32(15), 15, 30, 45, 60, 120, 300, 1800, int32(g.between(1, 200)))
			r.Policies = append(r.Policies, p)
		}
	}
	if g.chance(25) {
		r.Tolerance = ptr(pick(g.draw, plainTolerances...))
		if g.odd && g.chance(15) {
			r.Tolerance = ptr(pick(g.draw, oddTolerances...))
		}
	}
	return r
}

func (g *historian) drawMetrics() []metric {
	if g.plain {
		average := pick(g.draw, int64(1000), 100, 7000, g.between(100, 100_000))
		return []metric{{Type: "External", Metric: "m", Target: &target{Type: "AverageValue", Average: &average}}}
	}
	var list []metric
	for range pick(g.draw, 1, 1, 1, 2, 2, 3, 4) {
		list = append(list, g.drawMetric())
	}
	return list
}

func (g *historian) drawMetric() metric {
	average := func() *target {
		return &target{Type: "AverageValue", Average: ptr(pick(g.draw, int64(1000), 500, 100, 7000, g.between(100, 100_000)))}
	}
	value := func() *target {
		return &target{Type: "Value", Value: ptr(pick(g.draw, int64(1000), 500, 100, 7000, g.between(100, 100_000)))}
	}
	percent := func() *target {
		return &target{Type: "Utilization", Utilization: ptr(pick(g.draw, int32(80), 50, 70, 100, 60, int32(g.between(1, 150))))}
	}
	m := metric{Type: pick(g.draw, "Resource", "Resource", "ContainerResource", "Pods", "Object", "Object", "External", "External", "External")}
	if g.chance(1) {
		return metric{Type: "CheddarCheese"}
	}
	switch m.Type {
	case "Resource", "ContainerResource":
		m.Name = pick(g.draw, "cpu", "cpu", "memory")
		m.Target = percent()
		if g.chance(35) {
			m.Target = average()
		} else if g.chance(2) {
			// Both targets are set: the average value wins.
			m.Target.Average = average().Average
		} else if g.chance(1) {
			m.Target = &target{Type: "Utilization"}
		}
		if m.Type == "ContainerResource" {
			m.Container = pick(g.draw, "c0", "c0", "c0", "c1", "s0")
		}
	case "Pods":
		// The rules for the resource cpu are not for a metric of that name.
		m.Metric, m.Target = pick(g.draw, "p", "p", "q", "cpu"), average()
	case "Object":
		m.Metric = pick(g.draw, "o", "u")
		m.Target = pick(g.draw, average(), value())
		if g.chance(3) {
			m.Target.Type = pick(g.draw, "Utilization", "Value", "AverageValue")
		}
	case "External":
		m.Metric = pick(g.draw, "a", "b")
		m.Target = pick(g.draw, average(), average(), value())
		if g.chance(5) {
			m.Target.Type = pick(g.draw, "Utilization", "Value", "AverageValue")
		}
	}
	return m
}

// next is the step after these; see upstream.follow.
func (g *historian) next(i int, replicas int32) *step {
	if i == g.steps {
		return nil
	}
	if i > 0 {
		g.at += g.gaps()
	}
	s := &step{At: g.at, Resource: map[string][]sample{}, PerPod: map[string][]sample{}, Object: map[string]int64{}, External: map[string][]int64{}}
	if g.plain {
		g.plainStep(s, replicas)
		return s
	}
	if i > 0 && g.chance(4) {
		g.edit()
		edited := g.spec
		s.Spec = &edited
	}
	if g.chance(4) {
		r := pick(g.draw, int32(0), replicas+1, max(0, replicas-1), replicas*2, g.minimum(), g.spec.Max, g.spec.Max+2, int32(g.between(0, 30)))
		s.SetReplicas = &r
		replicas = r
	}
	s.Restart = i > 0 && g.chance(2)
	if g.chance(10) {
		s.Running = ptr(pick(g.draw, 0, replicas+1, max(0, replicas-1), replicas*2, int32(g.between(0, 30))))
	}
	if g.chance(4) {
		s.Failing = []string{pick(g.draw, "resource", "pods", "object", "external")}
		if g.chance(20) {
			s.Failing = []string{"resource", "pods", "object", "external"}
		}
	}
	s.GetFails, s.UpdateFails = g.chance(2), g.chance(3)
	if g.selector != "ok" && g.chance(60) {
		g.selector = "ok"
		s.Selector = g.selector
	} else if g.chance(3) {
		g.selector = pick(g.draw, "missing", "unparsable", "ambiguous", "ambiguous")
		s.Selector = g.selector
	}
	if i == 0 || g.chance(10) || len(g.pods) != int(min(replicas, 25)) && g.chance(60) {
		g.pods = g.drawCluster(replicas)
		s.Pods = g.pods
	}
	for g.selector == "ambiguous" && len(g.pods) == 0 {
		// Without pods nothing is ambiguous, and a vector gives the selector's state as a fact.
		g.pods = g.drawCluster(1)
		s.Pods = g.pods
	}
	g.wander(replicas)
	for k := range g.spec.Metrics {
		if i == 0 || g.chance(70) {
			g.measure(s, &g.spec.Metrics[k], replicas)
		}
	}
	return s
}

func (g *historian) plainStep(s *step, replicas int32) {
	if s.At > 0 && g.chance(8) {
		g.spec.Behavior = nil
		if g.chance(75) {
			g.spec.Behavior = g.drawBehavior()
		}
		edited := g.spec
		s.Spec = &edited
	}
	if g.chance(4) {
		replicas = int32(g.between(0, int64(min(g.spec.Max+2, 30))))
		s.SetReplicas = &replicas
	}
	if g.chance(4) {
		s.Failing = []string{"external"}
	}
	g.wander(replicas)
	if s.At == 0 || g.chance(70) {
		value := int64(float64(*g.spec.Metrics[0].Target.Average) * g.wish)
		s.External["m"] = []int64{g.near(value)}
	}
}

// edit changes the spec as a user would; the old one stays as it was.
func (g *historian) edit() {
	fresh := g.drawSpec()
	switch g.IntN(5) {
	case 0:
		g.spec = fresh
	case 1:
		g.spec.Metrics = fresh.Metrics
	case 2:
		g.spec.Behavior = fresh.Behavior
	case 3:
		g.spec.Behavior = nil
		if g.chance(50) {
			g.spec.Behavior = g.drawBehavior()
		}
	default:
		g.spec.Max = fresh.Max
		if fresh.Min == nil || *fresh.Min > 0 {
			g.spec.Min = fresh.Min
		}
	}
	if g.minimum() > g.spec.Max {
		g.spec.Min = ptr(g.spec.Max)
	}
}

// wander moves the wish: it often stays, which lets windows run out.
func (g *historian) wander(replicas int32) {
	switch g.IntN(10) {
	case 0:
		g.wish = float64(g.spec.Max) * g.Float64()
	case 1:
		g.wish = float64(replicas) * pick(g.draw, 0.5, 0.9, 1.1, 1.2, 2, 3)
	case 2:
		g.wish = float64(pick(g.draw, g.minimum(), g.spec.Max, 0, 1, g.spec.Max*2, replicas))
	case 3:
		g.wish = max(0, g.wish+float64(g.between(-2, 2)))
	case 4:
		// An edge of the tolerances in force.
		down, up := g.head.Controller.Tolerance, g.head.Controller.Tolerance
		if b := g.spec.Behavior; b != nil && b.Down != nil && b.Down.Tolerance != nil {
			down = *b.Down.Tolerance
		}
		if b := g.spec.Behavior; b != nil && b.Up != nil && b.Up.Tolerance != nil {
			up = *b.Up.Tolerance
		}
		g.wish = max(0, float64(replicas)*pick(g.draw, 1-down, 1+up))
	}
}

func (g *historian) drawCluster(replicas int32) []pod {
	count := int(min(replicas, 25))
	if g.chance(15) {
		count = int(g.between(0, 12))
	}
	request := pick(g.draw, int64(1000), 250, 100, g.between(1, 4000))
	sidecars, absent, second := g.chance(15), g.chance(3), g.chance(30)
	drawRequest := func() *int64 {
		if absent && g.chance(20) {
			return nil
		}
		if g.chance(10) {
			return ptr(g.between(1, 4000))
		}
		return &request
	}
	pods := g.drawPods(count, g.head.Controller.CPUInitialization, g.head.Controller.ReadinessDelay, func() []container {
		list := []container{{Name: "c0", Request: drawRequest()}}
		if second || g.chance(2) {
			list = append(list, container{Name: "c1", Request: drawRequest()})
		}
		if sidecars {
			list = append(list, container{Name: "s0", Request: drawRequest(), Init: true, Restartable: true})
		}
		return list
	})
	if g.chance(5) {
		for i := range pods {
			pods[i].PodLevelRequest = ptr(2 * request)
			if g.chance(30) {
				pods[i].PodLevelRequest, pods[i].PodLevelOther = nil, true
			}
			if g.chance(30) {
				pods[i].Overhead = ptr(g.between(1, 500))
			}
		}
	}
	return pods
}

// measure gives one metric values that ask for about what is wished. They stay far below where
// numbers overflow: the answer of a history does not show whether one did.
func (g *historian) measure(s *step, m *metric, replicas int32) {
	if m.Target == nil {
		return
	}
	const most = 100_000_000
	about := func(value float64) int64 {
		whole := int64(min(math.Round(value), most))
		if g.chance(40) {
			whole = g.near(whole)
		}
		return whole
	}
	aim := 1000.0
	for _, each := range []*int64{m.Target.Value, m.Target.Average} {
		if each != nil {
			aim = float64(*each)
		}
	}
	count := float64(max(1, len(g.pods)))
	jitter := func() float64 {
		if g.chance(70) {
			return 1
		}
		return pick(g.draw, 0.9, 1.1, 0.5, 1.5, 0, 2)
	}
	// Some samples are of pods that are not listed, some pods have none.
	present, superfluous := pick(g.draw, 100, 100, 90, 50), g.chance(8)
	each := func(make func(name string, p *pod) sample) []sample {
		list := []sample{}
		if g.chance(2) {
			return list
		}
		for i := range g.pods {
			if g.chance(present) {
				list = append(list, make(g.pods[i].Name, &g.pods[i]))
			}
		}
		if superfluous {
			list = append(list, make("gone"+strconv.Itoa(g.IntN(2)), nil))
		}
		return list
	}
	switch m.Type {
	case "Resource", "ContainerResource":
		s.Resource[m.Name] = each(func(name string, p *pod) sample {
			one := sample{Pod: name, Containers: map[string]*int64{}}
			g.drawAges(&one, p)
			if p == nil {
				one.Containers["c0"] = ptr(about(aim))
				return one
			}
			for _, c := range p.Containers {
				usage := aim * g.wish / count
				if m.Target.Average == nil && m.Target.Utilization != nil && c.Request != nil {
					usage = float64(*c.Request) * float64(*m.Target.Utilization) / 100 * g.wish / count
				}
				one.Containers[c.Name] = ptr(about(usage * jitter()))
				if g.chance(1) {
					one.Containers[c.Name] = nil
				}
			}
			return one
		})
	case "Pods":
		s.PerPod[m.Metric] = each(func(name string, p *pod) sample {
			one := sample{Pod: name, Value: ptr(about(aim * g.wish / count * jitter()))}
			g.drawAges(&one, p)
			return one
		})
	case "Object", "External":
		value := aim * g.wish
		if m.Target.Value != nil && m.Target.Average == nil && replicas != 0 {
			value = aim * g.wish / count
		}
		whole := about(value * jitter())
		if g.chance(2) {
			whole = -whole
		}
		if m.Type == "Object" {
			s.Object[m.Metric] = whole
			return
		}
		values := []int64{whole}
		if g.chance(25) {
			part := whole / 3
			values = []int64{part, whole - part}
		}
		if g.chance(2) {
			values = []int64{}
		}
		s.External[m.Metric] = values
	}
}
