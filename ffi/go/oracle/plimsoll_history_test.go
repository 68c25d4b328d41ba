package oracle

import (
	"encoding/binary"
	"fmt"
	"time"

	"plimsoll.dev/plimsoll"
)

// ourWorld is what a host of ours carries from sync to sync.
type ourWorld struct {
	head     *history
	spec     spec
	policy   *plimsoll.Policy
	history  *plimsoll.History
	replicas int32
	desired  int32
	selector plimsoll.Selector
	pods     []pod
	podsAt   time.Time
	resource map[string]since
	values   map[string]since
	objects  map[string]int64
	external map[string][]int64
}

func (ours) run(h history) []outcome {
	w := &ourWorld{
		head: &h, history: &plimsoll.History{}, replicas: h.Start, podsAt: origin,
		resource: map[string]since{}, values: map[string]since{}, objects: map[string]int64{}, external: map[string][]int64{},
	}
	for _, c := range h.Conditions {
		kind, ok := plimsoll.ParseConditionKind(c.Type)
		if !ok {
			panic(c.Type)
		}
		err := w.history.SetCondition(plimsoll.Condition{Kind: kind, Status: c.Status == "True", Reason: reasonOf(c.Reason)})
		if err != nil {
			panic(err)
		}
	}
	w.setSpec(h.Spec)
	outcomes := make([]outcome, len(h.Steps))
	for i := range h.Steps {
		outcomes[i] = w.sync(&h.Steps[i])
	}
	return outcomes
}

func (w *ourWorld) setSpec(s spec) {
	w.spec = s
	w.policy = must(plimsoll.NewPolicy(s.config(w.head.Gates, w.head.Controller)))
}

// config is the policy that the API server's object, defaults filled in, means.
func (s *spec) config(g gates, f flags) plimsoll.Config {
	gate := func(on bool) plimsoll.Gate {
		if on {
			return plimsoll.GateOn
		}
		return plimsoll.GateOff
	}
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = s.Max
	if s.Min != nil {
		config.MinReplicas = *s.Min
	}
	// Histories sync at odd moments: a history made for one sync in 15 s would merge entries that upstream keeps.
	config.SyncPeriod = 2 * time.Second
	config.Tolerance, config.DownscaleStabilization = f.Tolerance, duration(f.Stabilization)
	config.CPUInitializationPeriod, config.InitialReadinessDelay = duration(f.CPUInitialization), duration(f.ReadinessDelay)
	config.ScaleToZero = gate(g.ScaleToZero)
	config.ConfigurableTolerance = gate(g.ConfigurableTolerance)
	if !g.ConfigurableTolerance {
		// 1.37 has no such gate any more; 1.36 is the same but for it.
		config.Profile, config.PodLevelResources = plimsoll.V1_36, plimsoll.GateOn
	}
	for i := range s.Metrics {
		config.Metrics = append(config.Metrics, s.Metrics[i].seen())
	}
	if s.Behavior != nil {
		config.Behavior = &plimsoll.Behavior{Up: s.Behavior.Up.seen(), Down: s.Behavior.Down.seen()}
	}
	return config
}

var sources = map[string]plimsoll.Source{
	"Resource": plimsoll.Resource, "ContainerResource": plimsoll.ContainerResource, "Pods": plimsoll.Pods,
	"Object": plimsoll.Object, "External": plimsoll.External,
}

func (m *metric) seen() plimsoll.Metric {
	source, known := sources[m.Type]
	made := plimsoll.Metric{Source: source, Name: m.Metric + m.Name, Container: m.Container}
	if !known {
		made.Source = plimsoll.UnknownSource
		return made
	}
	// Which target counts depends on the source.
	t := m.Target
	average := func() {
		if t.Average != nil {
			made.Target = plimsoll.AverageValue(plimsoll.Milli(*t.Average))
		}
	}
	value := func() {
		if t.Value != nil {
			made.Target = plimsoll.Value(plimsoll.Milli(*t.Value))
		}
	}
	switch source {
	case plimsoll.Object:
		switch t.Type {
		case "Value":
			value()
		case "AverageValue":
			average()
		}
	case plimsoll.External:
		value()
		average()
	case plimsoll.Pods:
		average()
	default:
		if t.Utilization != nil {
			made.Target = plimsoll.Utilization(*t.Utilization)
		}
		average()
	}
	return made
}

var selects = map[string]plimsoll.Select{
	"": plimsoll.SelectMax, "Max": plimsoll.SelectMax, "Min": plimsoll.SelectMin, "Disabled": plimsoll.SelectDisabled,
}

var rateKinds = map[string]plimsoll.RateKind{"Pods": plimsoll.RatePods, "Percent": plimsoll.RatePercent}

func (r *rules) seen() plimsoll.Rules {
	if r == nil {
		return plimsoll.Rules{}
	}
	made := plimsoll.Rules{Select: found(selects, r.Select)}
	if r.Window != nil {
		window := duration(int64(*r.Window))
		made.Window = &window
	}
	if r.Tolerance != nil {
		quantity := toleranceQuantity(*r.Tolerance)
		made.Tolerance = ptr(quantity.AsApproximateFloat64())
	}
	for _, p := range r.Policies {
		made.Rates = append(made.Rates, plimsoll.Rate{
			Kind: found(rateKinds, p.Type), Value: p.Value, Period: duration(int64(p.Period)),
		})
	}
	return made
}

var selectorKinds = map[string]plimsoll.Selector{
	"ok": plimsoll.SelectorUsable, "missing": plimsoll.SelectorMissing,
	"unparsable": plimsoll.SelectorUnparsable, "ambiguous": plimsoll.SelectorAmbiguous,
}

func (w *ourWorld) apply(s *step, now time.Time) {
	if s.Spec != nil {
		w.setSpec(*s.Spec)
	}
	if s.Selector != "" {
		w.selector = found(selectorKinds, s.Selector)
	}
	if s.Pods != nil {
		w.pods, w.podsAt = s.Pods, now
	}
	for name, samples := range s.Resource {
		w.resource[name] = since{now, samples}
	}
	for name, samples := range s.PerPod {
		w.values[name] = since{now, samples}
	}
	for name, value := range s.Object {
		w.objects[name] = value
	}
	for name, values := range s.External {
		w.external[name] = values
	}
	if s.SetReplicas != nil {
		w.replicas = *s.SetReplicas
	}
	if s.Restart {
		if err := w.history.Restart(); err != nil {
			panic(err)
		}
	}
}

func (w *ourWorld) readings(failing []string) []plimsoll.Reading {
	readings := make([]plimsoll.Reading, len(w.spec.Metrics))
	for i := range readings {
		readings[i] = w.reading(i, failing)
	}
	return readings
}

var unavailable = plimsoll.ReadFailed(plimsoll.MetricError{Kind: plimsoll.Unavailable})

func (w *ourWorld) reading(i int, failing []string) plimsoll.Reading {
	m := &w.spec.Metrics[i]
	words := map[string]string{
		"Resource": "resource", "ContainerResource": "resource", "Pods": "pods", "Object": "object", "External": "external",
	}
	for _, each := range failing {
		if each == words[m.Type] {
			return unavailable
		}
	}
	perPod := func(given since) plimsoll.Reading {
		return readPods(w.policy, i, w.pods, w.podsAt, given.samples, given.at)
	}
	switch m.Type {
	case "Resource", "ContainerResource":
		return perPod(w.resource[m.Name])
	case "Pods":
		return perPod(w.values[m.Metric])
	case "Object":
		if value, found := w.objects[m.Metric]; found {
			return plimsoll.ReadValue(plimsoll.Milli(value))
		}
	case "External":
		if values, found := w.external[m.Metric]; found {
			return readValues(values)
		}
	}
	return unavailable
}

func (w *ourWorld) sync(s *step) outcome {
	now := origin.Add(duration(s.At))
	w.apply(s, now)
	seen := plimsoll.Observation{Now: now, Selector: w.selector, Pods: count(w.pods), Readings: w.readings(s.Failing)}
	if !s.GetFails {
		seen.Scale = &plimsoll.Scale{Wanted: w.replicas, Running: w.replicas}
		if s.Running != nil {
			seen.Scale.Running = *s.Running
		}
	}
	// A history that was saved and restored decides as if it had never stopped.
	saved := must(w.history.Save())
	w.history = &plimsoll.History{}
	if err := w.history.Restore(saved); err != nil {
		panic(err)
	}

	o := outcome{Before: w.replicas, Error: "none"}
	decision := must(w.policy.Decide(w.history, &seen))
	steps := decision.Steps
	stopped := decision.SyncError.Stops()
	if decision.Err() != nil {
		o.Error = "internal"
	}
	switch {
	case decision.Changes() && s.UpdateFails:
		steps = append(steps, must(w.policy.ApplyFailed(w.history, &decision))...)
		o.Error, stopped = "internal", true
	case decision.Changes():
		steps = append(steps, must(w.policy.Applied(w.history, &decision, decision.To))...)
		o.Rescaled = true
		w.replicas = decision.To
	}
	if !stopped {
		w.desired = decision.To
	}
	o.Desired = w.desired
	for i := range steps {
		if event := eventOf(&steps[i]); event != "" {
			o.Events = append(o.Events, event)
		}
	}
	for _, c := range must(w.history.Conditions()) {
		status := "False"
		if c.Status {
			status = "True"
		}
		o.Conditions = append(o.Conditions, fmt.Sprintf("%s=%s/%s", c.Kind, status, c.Reason))
	}
	o.Memory = memoryOf(must(w.history.Save()))
	return o
}

// eventOf is the reason of the event that upstream sends at a step.
func eventOf(s *plimsoll.Step) string {
	switch s.Kind {
	case plimsoll.ScaleNotRead:
		return "FailedGetScale"
	case plimsoll.SelectorUnusable:
		return [...]string{
			plimsoll.SelectorMissing: "SelectorRequired", plimsoll.SelectorUnparsable: "InvalidSelector",
			plimsoll.SelectorAmbiguous: "AmbiguousSelector",
		}[s.Selector]
	case plimsoll.MetricFailed:
		return [...]string{
			plimsoll.Resource: "FailedGetResourceMetric", plimsoll.ContainerResource: "FailedGetContainerResourceMetric",
			plimsoll.Pods: "FailedGetPodsMetric", plimsoll.Object: "FailedGetObjectMetric",
			plimsoll.External: "FailedGetExternalMetric", plimsoll.UnknownSource: "InvalidMetricSourceType",
		}[s.Source]
	case plimsoll.NotKnowable:
		return "FailedComputeMetricsReplicas"
	case plimsoll.Rescaled:
		return "SuccessfulRescale"
	case plimsoll.RescaleFailed:
		return "FailedRescale"
	}
	return ""
}

// memoryOf reads the three lists out of a saved history, whose layout the core specifies byte by byte.
func memoryOf(saved []byte) memory {
	const header, started, last = 12, 2, 4
	rest := saved[header:]
	take := func(n int) []byte {
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	number := func() int { return int(binary.LittleEndian.Uint16(take(2))) }
	entry := func() remembered {
		count := int32(binary.LittleEndian.Uint32(take(4)))
		return remembered{Count: count, At: int64(binary.LittleEndian.Uint64(take(8))) - origin.UnixNano()}
	}
	flags := take(1)[0]
	for _, each := range []byte{started, last} {
		if flags&each != 0 {
			take(8)
		}
	}
	var m memory
	for range number() {
		m.Recommendations = append(m.Recommendations, entry())
	}
	for _, list := range []*[]remembered{&m.Up, &m.Down} {
		for range number() {
			each := entry()
			each.Outdated = take(1)[0] != 0
			*list = append(*list, each)
		}
	}
	return m
}
