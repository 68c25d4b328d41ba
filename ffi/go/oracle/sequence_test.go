package oracle

import "time"

// The schema of sequences shows the memory after each sync, so a core that has no binding yet can be
// compared in that too.

type sequence struct {
	Gates      gates          `json:"gates"`
	Controller flags          `json:"controller"`
	Min        int32          `json:"min_replicas"`
	Max        int32          `json:"max_replicas"`
	Start      int32          `json:"start_replicas"`
	Behavior   *behavior      `json:"behavior"`
	Average    int64          `json:"target_average_value"`
	Steps      []sequenceStep `json:"steps"`
}

type sequenceStep struct {
	At    int64  `json:"at_s"`
	Value *int64 `json:"external_value,omitempty"`
	Set   *int32 `json:"set_replicas,omitempty"`
	// Null takes the behavior away; an edit that does not touch it has no such field.
	Behavior **behavior `json:"behavior,omitempty"`
	Fail     bool       `json:"fail,omitempty"`
}

type sequenceOutcome struct {
	Before          int32    `json:"replicas_before"`
	Desired         int32    `json:"desired_replicas"`
	Metric          *int32   `json:"metric_replicas"`
	Stabilized      *int32   `json:"stabilized"`
	Rescaled        bool     `json:"rescaled"`
	Conditions      []string `json:"conditions"`
	Recommendations [][]any  `json:"recommendations"`
	Up              [][]any  `json:"up_events"`
	Down            [][]any  `json:"down_events"`
}

func (o *oracle) writeSequence(number int, out *vectors) {
	g := newSequencer(*seed, number, *odd)
	h, outcomes := o.upstream.follow(g.head, g.next)
	in := sequence{
		Gates: h.Gates, Controller: h.Controller, Min: 1, Max: h.Spec.Max, Start: h.Start,
		Behavior: h.Spec.Behavior, Average: *h.Spec.Metrics[0].Target.Average,
	}
	if h.Spec.Min != nil {
		in.Min = *h.Spec.Min
	}
	var steps []sequenceOutcome
	var before []remembered
	current := h.Spec
	for i, s := range h.Steps {
		one := sequenceStep{At: s.At, Set: s.SetReplicas, Fail: s.Failing != nil}
		if values := s.External["m"]; values != nil {
			one.Value = &values[0]
		}
		if s.Spec != nil {
			current = *s.Spec
			one.Behavior = &s.Spec.Behavior
		}
		in.Steps = append(in.Steps, one)
		steps = append(steps, sequenceOf(outcomes[i], s.At, before, &current, h.Controller))
		before = outcomes[i].Memory.Recommendations
	}
	o.reached["sequence"]++
	out.add(number, "seq", "sequence", in, struct {
		Steps []sequenceOutcome `json:"steps"`
	}{steps})
}

func sequenceOf(o outcome, at int64, before []remembered, s *spec, f flags) sequenceOutcome {
	now := at * int64(time.Second)
	dump := func(list []remembered, event bool) [][]any {
		rows := [][]any{}
		for _, r := range list {
			// The first recommendation is a nanosecond older than its sync.
			row := []any{r.Count, (r.At + 1) / int64(time.Second)}
			if event {
				row = append(row, r.Outdated)
			}
			rows = append(rows, row)
		}
		return rows
	}
	out := sequenceOutcome{
		Before: o.Before, Desired: o.Desired, Rescaled: o.Rescaled, Conditions: o.Conditions,
		Recommendations: dump(o.Memory.Recommendations, false), Up: dump(o.Memory.Up, true), Down: dump(o.Memory.Down, true),
	}
	for _, r := range o.Memory.Recommendations {
		if r.At == now {
			// A sync that computed has stored what it computed.
			out.Metric = ptr(r.Count)
			if before == nil {
				before = []remembered{{Count: o.Before, At: now - 1}}
			}
			out.Stabilized = ptr(stabilized(r.Count, o.Before, now, before, s, f))
		}
	}
	return out
}

// stabilized is what the windows make of a recommendation. Upstream keeps it to itself; this is worked
// out from upstream's list as it was before the sync.
func stabilized(recommended, current int32, now int64, before []remembered, s *spec, f flags) int32 {
	second := int64(time.Second)
	if s.Behavior == nil {
		most := recommended
		for _, r := range before {
			if r.At >= now-f.Stabilization*second {
				most = max(most, r.Count)
			}
		}
		return most
	}
	rules := s.object().Behavior
	up, down := int64(*rules.ScaleUp.StabilizationWindowSeconds), f.Stabilization
	if rules.ScaleDown.StabilizationWindowSeconds != nil {
		down = int64(*rules.ScaleDown.StabilizationWindowSeconds)
	}
	low, high := recommended, recommended
	for _, r := range before {
		if r.At > now-up*second {
			low = min(low, r.Count)
		}
		if r.At > now-down*second {
			high = max(high, r.Count)
		}
	}
	return min(max(current, low), high)
}
