package oracle

// shrink takes parts out of a history as long as it stays a difference.
func shrink(h history, differs func(history) bool) history {
	for again := true; again; {
		again = false
		for _, smaller := range simpler(h) {
			if differs(smaller) {
				h, again = smaller, true
				break
			}
		}
	}
	return h
}

// simpler are histories that lack one thing each, the largest things first.
func simpler(h history) []history {
	var list []history
	with := func(change func(*history)) {
		other := h
		other.Steps = append([]step{}, h.Steps...)
		change(&other)
		list = append(list, other)
	}
	if len(h.Steps) > 1 {
		with(func(h *history) { h.Steps = h.Steps[:len(h.Steps)/2] })
		with(func(h *history) { h.Steps = h.Steps[:len(h.Steps)-1] })
	}
	for i := range h.Steps {
		if len(h.Steps) > 1 {
			with(func(h *history) { h.Steps = merge(h.Steps, i) })
		}
	}
	for i := range h.Steps {
		each := func(present bool, change func(*step)) {
			if present {
				with(func(h *history) { change(&h.Steps[i]) })
			}
		}
		s := &h.Steps[i]
		each(s.Restart, func(s *step) { s.Restart = false })
		each(s.GetFails, func(s *step) { s.GetFails = false })
		each(s.UpdateFails, func(s *step) { s.UpdateFails = false })
		each(s.Failing != nil, func(s *step) { s.Failing = nil })
		each(s.Running != nil, func(s *step) { s.Running = nil })
		each(s.SetReplicas != nil, func(s *step) { s.SetReplicas = nil })
		each(s.Spec != nil, func(s *step) { s.Spec = nil })
		each(len(s.Resource) > 0, func(s *step) { s.Resource = nil })
		each(len(s.PerPod) > 0, func(s *step) { s.PerPod = nil })
		each(len(s.Object) > 0, func(s *step) { s.Object = nil })
		each(len(s.External) > 0, func(s *step) { s.External = nil })
		// An ambiguous selector needs pods, wherever it is.
		each(s.Selector != "", func(s *step) { s.Selector = "" })
	}
	if len(h.Conditions) > 0 {
		with(func(h *history) { h.Conditions = []condition{} })
	}
	if len(h.Spec.Metrics) > 1 {
		for i := range h.Spec.Metrics {
			with(func(h *history) {
				h.Spec.Metrics = append(append([]metric{}, h.Spec.Metrics[:i]...), h.Spec.Metrics[i+1:]...)
			})
		}
	}
	if h.Spec.Behavior != nil {
		with(func(h *history) { h.Spec.Behavior = nil })
	}
	return list
}

// merge drops a sync, but not what it brought: the next one brings that. Ages then count from a later
// moment, so not every merged history still differs.
func merge(steps []step, i int) []step {
	rest := append([]step{}, steps[:i]...)
	if i+1 == len(steps) {
		return rest
	}
	next := steps[i+1]
	if next.Spec == nil {
		next.Spec = steps[i].Spec
	}
	if next.Selector == "" {
		next.Selector = steps[i].Selector
	}
	if next.Pods == nil {
		next.Pods = steps[i].Pods
	}
	next.Resource = over(steps[i].Resource, next.Resource)
	next.PerPod = over(steps[i].PerPod, next.PerPod)
	next.Object = over(steps[i].Object, next.Object)
	next.External = over(steps[i].External, next.External)
	if next.SetReplicas == nil {
		next.SetReplicas = steps[i].SetReplicas
	}
	next.Restart = next.Restart || steps[i].Restart
	return append(append(rest, next), steps[i+2:]...)
}

func over[T any](under, top map[string]T) map[string]T {
	merged := map[string]T{}
	for name, value := range under {
		merged[name] = value
	}
	for name, value := range top {
		merged[name] = value
	}
	return merged
}
