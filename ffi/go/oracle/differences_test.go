package oracle

import "math"

// Where our rule is not upstream's, on purpose. Both are about float → integer conversions that Go
// leaves to the processor; see DIFFERENCES in the core.

// expected turns upstream's answer into the one that our rules ask for; false where the answer does
// not show enough to tell.
func expected(c calculation, a answer) (answer, bool) {
	if a.Error != "" {
		return a, true
	}
	if c.whole != nil {
		return expectedWhole(c.whole, a), true
	}
	return expectedPerPod(c.perPod, a)
}

// saturated is the proposal where amd64 answers −2³¹ for a number too large; negative ones are the
// same in both.
func saturated(replicas *int32, positive bool) *int32 {
	if *replicas == math.MinInt32 && positive {
		return ptr(int32(math.MaxInt32))
	}
	return replicas
}

func expectedWhole(in *whole, a answer) answer {
	// Lists of External values are guarded by upstream, but for a target without replicas.
	positive := in.Value != nil && *in.Value > 0 || a.Value != nil && *a.Value > 0
	a.Replicas = saturated(a.Replicas, positive)
	if a.AverageValue != nil {
		switch {
		case *in.Running == 0:
			// Upstream divides by zero here; ours reports the total, which External's answer does not show.
			a.AverageValue = nil
		case *a.AverageValue == math.MinInt64 && positive:
			a.AverageValue = ptr(int64(math.MaxInt64))
		}
	}
	return a
}

// expectedPerPod knows the sign of the first pass from what is reported. The second pass is another
// matter: upstream hides an overflow there behind its guard of the direction, as "stay". So a case
// in which one is possible is judged only if its answer shows that there was none.
func expectedPerPod(in *perPod, a answer) (answer, bool) {
	usage, fill, least := 0.0, 0.0, math.Inf(1)
	amount := func(request *int64) {
		if request != nil {
			value := math.Abs(float64(*request))
			fill += value
			if value > 0 {
				least = min(least, value)
			}
		}
	}
	for _, p := range in.Pods {
		amount(p.PodLevelRequest)
		amount(p.Overhead)
		for _, c := range p.Containers {
			amount(c.Request)
		}
	}
	for _, s := range in.Metrics {
		if s.Value != nil {
			usage += math.Abs(float64(*s.Value))
		}
		for _, value := range s.Containers {
			if value != nil {
				usage += math.Abs(float64(*value))
			}
		}
	}
	var ratio, reported float64
	var exact bool
	if in.TargetUtilization != nil {
		percent := max(100, float64(*in.TargetUtilization))
		exact = addable(usage*100, fill*percent)
		most := math.Exp2(31)
		if exact {
			most = min(most, (usage*100+fill*percent)/least)
		}
		ratio, reported = most/float64(*in.TargetUtilization), float64(*a.Utilization)
	} else {
		fill = float64(*in.TargetAverage) * float64(len(in.Pods))
		exact = addable(usage, fill)
		ratio, reported = (usage+fill)/float64(*in.TargetAverage), float64(*a.AverageValue)
		if !exact {
			ratio = math.Exp2(63)
		}
	}
	if ratio*float64(len(in.Pods)+len(in.Metrics)) < math.Exp2(31) {
		return a, true
	}
	switch *a.Replicas {
	case in.Current:
		return a, false
	case math.MinInt32:
		a.Replicas = saturated(a.Replicas, reported > 0)
		return a, exact
	}
	return a, true
}
