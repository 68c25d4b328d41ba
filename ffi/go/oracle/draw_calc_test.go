package oracle

import (
	"math"
	"strconv"
)

var calcFunctions = []string{
	// The first two have by far the most branches.
	"resource_utilization", "resource_utilization", "resource_utilization", "resource_utilization",
	"per_pod_average_value", "per_pod_average_value", "per_pod_average_value",
	"object_value", "external_value", "object_average_value", "external_average_value",
}

func drawCalculation(seed uint64, number int) calculation {
	d := newDraw(seed, "calculation", number)
	c := calculation{fn: pick(d, calcFunctions...)}
	within := tolerance{pick(d, plainTolerances...), pick(d, plainTolerances...)}
	if d.chance(60) {
		within = tolerance{0.1, 0.1}
	}
	switch c.fn {
	case "resource_utilization", "per_pod_average_value":
		c.perPod = d.drawPerPod(c.fn == "resource_utilization", within)
	default:
		c.whole = d.drawWhole(c.fn, within)
	}
	return c
}

// scale of the numbers in a case.
const (
	small  = iota // every rounding shows
	common        // as seen in clusters
	huge          // sums wrap, floats lose their last digits
)

func (d draw) drawScale() int {
	return pick(d, small, small, common, common, common, common, common, huge)
}

func (d draw) drawAmount(scale int) int64 {
	switch scale {
	case small:
		return d.between(0, 20)
	case common:
		return pick(d, 1000, 100, 250, 500, d.between(1, 4000), d.between(1, 4000), d.between(1, 1<<40))
	}
	return pick(d, math.MaxInt64, math.MaxInt64-1, math.MaxInt64/2, math.MaxInt64/100, d.Int64(), d.Int64N(1<<62), d.Int64N(1<<53), 1)
}

// ratios at which something turns, given the tolerances.
func (d draw) drawRatio(within tolerance) float64 {
	return pick(d, 0, 1, 1, 1-within.Down, 1-within.Down, 1+within.Up, 1+within.Up, 0.5, 2, 3, d.Float64(), 1+d.Float64(), 4*d.Float64())
}

func (d draw) drawCurrent() int32 {
	return pick(d, 0, 1, 1, 2, 3, 4, 5, 8, 10, int32(d.between(1, 40)), int32(d.between(1, 1000)), math.MaxInt32)
}

func (d draw) drawPerPod(utilization bool, within tolerance) *perPod {
	in := &perPod{
		Current: d.drawCurrent(), Tolerance: within,
		CPUInitialization: pick(d, int64(300), 120, 60), ReadinessDelay: pick(d, int64(30), 10, 0),
	}
	if utilization || d.chance(65) {
		in.Resource = pick(d, ptr("cpu"), ptr("cpu"), ptr("cpu"), ptr("memory"), ptr("example.com/gpu"))
		if d.chance(25) {
			in.Container = pick(d, ptr("c0"), ptr("c0"), ptr("c1"), ptr("s0"), ptr("i0"), ptr("none"))
		}
	}
	scale := d.drawScale()
	percent := pick(d, int32(80), 70, 50, 100, 99, 101, 150, 1, 7, 300, int32(d.between(1, 200)), math.MaxInt32)
	average := max(1, d.drawAmount(scale))
	if utilization {
		in.TargetUtilization = &percent
	} else {
		in.TargetAverage = &average
	}

	request := max(1, d.drawAmount(scale))
	same, absent, zero := d.chance(70), pick(d, 0, 0, 0, 5), pick(d, 0, 0, 0, 0, 10, 100)
	drawRequest := func() *int64 {
		switch {
		case d.chance(absent):
			return nil
		case d.chance(zero):
			return ptr(int64(0))
		case same:
			return ptr(request)
		}
		return ptr(d.drawAmount(scale))
	}
	most, inits := pick(d, 1, 1, 2, 3), d.chance(25)
	requests := func() []container {
		if in.Resource == nil {
			return nil
		}
		var list []container
		for i := range 1 + d.IntN(most) {
			list = append(list, container{Name: "c" + strconv.Itoa(i), Request: drawRequest()})
		}
		if inits && d.chance(50) {
			list = append(list, container{Name: "i0", Request: drawRequest(), Init: true})
		}
		if inits && d.chance(50) {
			list = append(list, container{Name: "s0", Request: drawRequest(), Init: true, Restartable: true})
		}
		if inits && d.chance(30) {
			list = append(list, container{Name: "i1", Request: drawRequest(), Init: true})
		}
		return list
	}
	count := pick(d, 1, 2, 3, 4, 5, 5, 6, 8, 10, d.IntN(30), 0)
	in.Pods = d.drawPods(count, in.CPUInitialization, in.ReadinessDelay, requests)

	// Only these resources exist at pod level; the sums of large ones are exact there, and what an
	// overflow would do is nowhere said.
	if in.Resource != nil && scale != huge && d.chance(20) {
		for i := range in.Pods {
			switch {
			case *in.Resource != "example.com/gpu" && d.chance(50):
				in.Pods[i].PodLevelRequest = drawRequest()
			case d.chance(50):
				in.Pods[i].PodLevelOther = true
			}
			if d.chance(30) {
				in.Pods[i].Overhead = ptr(d.drawAmount(scale))
			}
		}
	}
	d.drawSamples(in, scale, request, within)
	return in
}

func (d draw) drawSamples(in *perPod, scale int, request int64, within tolerance) {
	in.Metrics = []sample{}
	if d.chance(3) {
		return
	}
	present, ratio, negative := pick(d, 100, 100, 90, 60), d.drawRatio(within), d.chance(3)
	value := func() int64 {
		if scale == huge && d.chance(60) {
			return pick(d, int64(1), -1, 1, 1) * d.drawAmount(scale)
		}
		aim := float64(request)
		if in.TargetUtilization != nil {
			aim *= float64(*in.TargetUtilization) / 100
		} else {
			aim = float64(*in.TargetAverage)
		}
		value := int64(min(aim*ratio, 1<<60))
		if d.chance(60) {
			value = d.near(value)
		}
		if d.chance(20) {
			value = d.drawAmount(scale)
		}
		if !negative || d.chance(50) {
			return max(0, value)
		}
		return -value
	}
	add := func(name string, p *pod) {
		s := sample{Pod: name}
		d.drawAges(&s, p)
		if d.chance(1) {
			// Not in histories: there an age grows with the step it was given in, and two unset times,
			// which are equal, would be told apart.
			s.Sampled = farPast
		}
		if in.Resource == nil {
			s.Value = ptr(value())
			in.Metrics = append(in.Metrics, s)
			return
		}
		s.Containers = map[string]*int64{}
		if d.chance(98) {
			names := []string{"c0"}
			if p != nil {
				names = nil
				for _, c := range p.Containers {
					if (!c.Init || c.Restartable) && d.chance(97) {
						names = append(names, c.Name)
					}
				}
			}
			for _, each := range names {
				if d.chance(2) {
					s.Containers[each] = nil
				} else {
					s.Containers[each] = ptr(value())
				}
			}
		}
		in.Metrics = append(in.Metrics, s)
	}
	for i := range in.Pods {
		if d.chance(present) {
			add(in.Pods[i].Name, &in.Pods[i])
			if d.chance(1) {
				// A later sample of the same pod replaces this one.
				add(in.Pods[i].Name, &in.Pods[i])
			}
		}
	}
	if d.chance(20) {
		for i := range 1 + d.IntN(3) {
			add("gone"+strconv.Itoa(i), nil)
		}
	}
}

func (d draw) drawWhole(fn string, within tolerance) *whole {
	in := &whole{Tolerance: within}
	scale := d.drawScale()
	aim := max(1, d.drawAmount(scale))
	replicas := d.drawCurrent()
	times := float64(replicas)
	switch fn {
	case "object_value", "external_value":
		in.Current, in.TargetValue = &replicas, &aim
		in.Pods = d.drawPods(pick(d, 0, 1, 2, 3, 5, 8, d.IntN(30)), 300, 30, func() []container { return nil })
		times = 1
	default:
		in.Running, in.TargetAverage = &replicas, &aim
	}
	value := int64(min(float64(aim)*times*d.drawRatio(within), 1<<62))
	if d.chance(60) {
		value = d.near(value)
	}
	if d.chance(20) {
		value = pick(d, int64(1), 1, 1, -1) * d.drawAmount(scale)
	}
	if d.chance(4) {
		value = pick(d, 0, -1, 1, math.MaxInt64, math.MinInt64, -value)
	}
	if fn == "object_value" || fn == "object_average_value" {
		in.Value = &value
		return in
	}
	in.Values = []int64{value}
	if d.chance(50) {
		// Parts of the same sum, some beyond it: the order then matters to both caps.
		in.Values = nil
		left := value
		for range d.IntN(4) {
			part := left / pick(d, int64(2), 3, -1, 1)
			if scale == huge && d.chance(40) {
				part = pick(d, int64(1), 1, -1) * d.drawAmount(huge)
			}
			in.Values = append(in.Values, part)
			left -= part
		}
		in.Values = append(in.Values, left)
	}
	if d.chance(2) {
		in.Values = []int64{}
	}
	return in
}
