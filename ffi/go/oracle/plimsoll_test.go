package oracle

import (
	"fmt"
	"math"
	"time"

	"plimsoll.dev/plimsoll"
)

// ours answers cases by the Go package, and so by the binding, the C ABI and the core.
type ours struct{}

// origin is the moment that a case begins at, with room for all ages before it.
var origin = time.Unix(2_000_000_000, 0)

// before is the moment of an age. What is unset upstream is long ago, and not unset to us: a zero time would say that
// there is none.
func before(since time.Time, ago int64) time.Time {
	if ago >= farPast {
		return time.Unix(0, math.MinInt64)
	}
	return since.Add(-time.Duration(ago) * time.Second)
}

func duration(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// wordOf is the schema's word for an error.
func wordOf(err plimsoll.MetricError) string {
	switch err.Kind {
	case plimsoll.Unavailable:
		return "metrics_unavailable"
	case plimsoll.NoPods:
		return "no_pods"
	case plimsoll.NoSamples:
		return "no_ready_metrics"
	case plimsoll.NothingMatched:
		return "no_matching_metrics"
	case plimsoll.BadRequest:
		if err.Request == plimsoll.RequestNoContainer {
			return "container_not_found"
		}
		return "missing_request"
	}
	return err.Error()
}

func (o ours) calculate(c calculation) answer { return o.prepare(c)() }

// prepare makes a policy of one metric. The proposal is a step of a whole sync, whose other rules are kept from
// stopping it before.
func (ours) prepare(c calculation) func() answer {
	config := plimsoll.DefaultConfig()
	config.MaxReplicas = math.MaxInt32
	seen := plimsoll.Observation{Now: origin}
	var within tolerance
	var metric plimsoll.Metric
	var reading func(*plimsoll.Policy) plimsoll.Reading
	if in := c.perPod; in != nil {
		within = in.Tolerance
		config.CPUInitializationPeriod, config.InitialReadinessDelay = duration(in.CPUInitialization), duration(in.ReadinessDelay)
		metric = in.metric()
		seen.Scale = &plimsoll.Scale{Wanted: in.Current, Running: in.Current}
		seen.Pods = count(in.Pods)
		reading = func(p *plimsoll.Policy) plimsoll.Reading {
			return readPods(p, 0, in.Pods, origin, in.Metrics, origin)
		}
	} else {
		in := c.whole
		within = in.Tolerance
		metric = in.metric()
		seen.Scale = in.scale()
		seen.Pods = count(in.Pods)
		reading = func(*plimsoll.Policy) plimsoll.Reading {
			if in.Value != nil {
				return plimsoll.ReadValue(plimsoll.Milli(*in.Value))
			}
			return readValues(in.Values)
		}
	}
	config.Metrics = []plimsoll.Metric{metric}
	config.Behavior = &plimsoll.Behavior{Up: plimsoll.Rules{Tolerance: &within.Up}, Down: plimsoll.Rules{Tolerance: &within.Down}}
	policy := must(plimsoll.NewPolicy(config))
	seen.Readings = []plimsoll.Reading{reading(policy)}
	history := &plimsoll.History{}
	if seen.Scale.Wanted == 0 {
		// An HPA that has scaled to zero itself looks at the metrics there.
		err := history.SetCondition(plimsoll.Condition{Kind: plimsoll.ScaledToZero, Status: true, Reason: reasonOf("ScaledToZero")})
		if err != nil {
			panic(err)
		}
	}
	return func() answer {
		decision := must(policy.Decide(history, &seen))
		for i := range decision.Steps {
			switch step := &decision.Steps[i]; step.Kind {
			case plimsoll.Proposed:
				return answer{
					Replicas: &step.To, Utilization: step.Reported.Utilization,
					AverageValue: (*int64)(step.Reported.Average), Value: (*int64)(step.Reported.Value),
				}
			case plimsoll.MetricFailed:
				return answer{Error: wordOf(step.Err)}
			}
		}
		return answer{Error: fmt.Sprint("no proposal: ", decision.Steps)}
	}
}

func (in *perPod) metric() plimsoll.Metric {
	made := plimsoll.Metric{Source: plimsoll.Pods, Name: "m"}
	if in.Resource != nil {
		made.Source, made.Name = plimsoll.Resource, *in.Resource
	}
	if in.Container != nil {
		made.Source, made.Container = plimsoll.ContainerResource, *in.Container
	}
	if in.TargetUtilization != nil {
		made.Target = plimsoll.Utilization(*in.TargetUtilization)
	} else {
		made.Target = plimsoll.AverageValue(plimsoll.Milli(*in.TargetAverage))
	}
	return made
}

func (in *whole) metric() plimsoll.Metric {
	made := plimsoll.Metric{Source: plimsoll.External, Name: "m"}
	if in.Value != nil {
		made.Source = plimsoll.Object
	}
	if in.TargetValue != nil {
		made.Target = plimsoll.Value(plimsoll.Milli(*in.TargetValue))
	} else {
		made.Target = plimsoll.AverageValue(plimsoll.Milli(*in.TargetAverage))
	}
	return made
}

// scale has the one number that the function is given.
func (in *whole) scale() *plimsoll.Scale {
	if in.Running != nil {
		return &plimsoll.Scale{Wanted: *in.Running, Running: *in.Running}
	}
	return &plimsoll.Scale{Wanted: *in.Current, Running: *in.Current}
}

var phases = map[string]plimsoll.Phase{
	"Pending": plimsoll.Pending, "Running": plimsoll.Running, "Succeeded": plimsoll.Succeeded,
	"Failed": plimsoll.Failed, "Unknown": plimsoll.UnknownPhase,
}

var readiness = map[string]plimsoll.Ready{
	"True": plimsoll.ReadyTrue, "False": plimsoll.ReadyFalse, "Unknown": plimsoll.ReadyUnknown,
}

// found panics where a case has a word that is none of the schema.
func found[T any](words map[string]T, word string) T {
	value, ok := words[word]
	if !ok {
		panic(word)
	}
	return value
}

func count(pods []pod) *plimsoll.PodCount {
	counted := &plimsoll.PodCount{Listed: uint32(len(pods))}
	for i := range pods {
		if pods[i].Phase == "Running" && pods[i].Ready != nil && *pods[i].Ready == "True" {
			counted.Ready++
		}
	}
	return counted
}

func (p *pod) seen(since time.Time) plimsoll.Pod {
	made := plimsoll.Pod{Phase: found(phases, p.Phase), Deleted: p.Deleted}
	if p.Started != nil {
		made.Started = before(since, *p.Started)
	}
	if p.Ready != nil {
		made.Ready = found(readiness, *p.Ready)
		if p.ReadyChanged != nil {
			made.ReadySince = before(since, *p.ReadyChanged)
		}
	}
	return made
}

// request asks the library for the rules of pods' requests.
func (p *pod) request(policy *plimsoll.Policy, metric int) (plimsoll.Milli, plimsoll.RequestError) {
	containers := make([]plimsoll.Container, len(p.Containers))
	for i, each := range p.Containers {
		containers[i] = plimsoll.Container{Name: each.Name, Request: (*plimsoll.Milli)(each.Request)}
		switch {
		case each.Restartable:
			containers[i].Kind = plimsoll.SidecarContainer
		case each.Init:
			containers[i].Kind = plimsoll.InitContainer
		}
	}
	level := plimsoll.PodLevel{
		Set:     p.PodLevelOther || p.PodLevelRequest != nil,
		Request: (*plimsoll.Milli)(p.PodLevelRequest), Overhead: (*plimsoll.Milli)(p.Overhead),
	}
	request, why, err := policy.PodRequest(metric, containers, level)
	if err != nil {
		panic(err)
	}
	return request, why
}

// usage is nil where the pod has no sample for the metric.
func (s *sample) usage(policy *plimsoll.Policy, metric int) *plimsoll.Milli {
	if s.Containers == nil {
		return (*plimsoll.Milli)(s.Value)
	}
	var containers []plimsoll.ContainerUsage
	for name, usage := range s.Containers {
		containers = append(containers, plimsoll.ContainerUsage{Name: name, Usage: (*plimsoll.Milli)(usage)})
	}
	usage, why, err := policy.PodUsage(metric, containers)
	if err != nil || why != 0 {
		panic(fmt.Sprint(why, err))
	}
	return usage
}

// readPods is a metric's reading, as a host makes it of the two lists that upstream gets.
func readPods(p *plimsoll.Policy, metric int, pods []pod, podsSince time.Time, samples []sample, samplesSince time.Time) plimsoll.Reading {
	if len(samples) == 0 {
		return plimsoll.ReadFailed(plimsoll.MetricError{Kind: plimsoll.Unavailable})
	}
	// A later sample of the same pod replaces an earlier one.
	byPod := map[string]*plimsoll.Sample{}
	for i := range samples {
		if usage := samples[i].usage(p, metric); usage != nil {
			byPod[samples[i].Pod] = &plimsoll.Sample{
				Value: *usage, At: before(samplesSince, samples[i].Sampled), Window: duration(samples[i].Window),
			}
		}
	}
	seen := make([]plimsoll.Pod, len(pods))
	for i := range pods {
		seen[i] = pods[i].seen(podsSince)
		seen[i].Sample = byPod[pods[i].Name]
		seen[i].Request, seen[i].RequestError = pods[i].request(p, metric)
		delete(byPod, pods[i].Name)
	}
	var unlisted []plimsoll.Milli
	for _, sample := range byPod {
		unlisted = append(unlisted, sample.Value)
	}
	return plimsoll.ReadPods(seen, unlisted...)
}

func readValues(values []int64) plimsoll.Reading {
	made := make([]plimsoll.Milli, len(values))
	for i, value := range values {
		made[i] = plimsoll.Milli(value)
	}
	return plimsoll.ReadValues(made...)
}

func reasonOf(name string) plimsoll.Reason {
	reason, ok := plimsoll.ParseReason(name)
	if !ok {
		panic(name)
	}
	return reason
}
