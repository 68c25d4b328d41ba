package plimsoll

// #include "flat.h"
import "C"

import (
	"fmt"
	"slices"
	"time"
)

// Phase is the phase of a pod.
type Phase int32

// The phases of the API. To the HPA Succeeded and Unknown are ordinary.
const (
	Pending      Phase = C.PLIMSOLL_PHASE_PENDING
	Running      Phase = C.PLIMSOLL_PHASE_RUNNING
	Succeeded    Phase = C.PLIMSOLL_PHASE_SUCCEEDED
	Failed       Phase = C.PLIMSOLL_PHASE_FAILED
	UnknownPhase Phase = C.PLIMSOLL_PHASE_UNKNOWN
)

// Ready is the status of a pod's Ready condition.
type Ready int32

// A pod may have no such condition; an unknown status counts as ready.
const (
	NoReadyCondition Ready = 0
	ReadyTrue        Ready = C.PLIMSOLL_READY_TRUE
	ReadyFalse       Ready = C.PLIMSOLL_READY_FALSE
	ReadyUnknown     Ready = C.PLIMSOLL_READY_UNKNOWN
)

// RequestError is why a pod's request is not known; 0 if it is known.
type RequestError int32

// What can be wrong with a request.
const (
	RequestMissing         RequestError = C.PLIMSOLL_REQUEST_ERROR_MISSING           // a container has none
	RequestMissingPodLevel RequestError = C.PLIMSOLL_REQUEST_ERROR_MISSING_POD_LEVEL // set for the pod, but not for this resource
	RequestNoContainer     RequestError = C.PLIMSOLL_REQUEST_ERROR_NO_CONTAINER      // the metric's container is not in the pod
)

// Sample is what one pod used.
type Sample struct {
	Value  Milli
	At     time.Time
	Window time.Duration // the time that it is an average of, 0 or more
}

// Pod is one pod as a metric sees it.
type Pod struct {
	Phase        Phase
	Deleted      bool // it has a deletion timestamp
	Ready        Ready
	ReadySince   time.Time    // when the Ready condition last changed; zero: long ago
	Started      time.Time    // zero: it has no start time
	Sample       *Sample      // nil: there is none, which is not the same as 0
	Request      Milli        // looked at for a utilization only
	RequestError RequestError // why Request is not known
}

// MetricErrorKind is why a metric gave no proposal.
type MetricErrorKind int32

// What can be wrong with a metric.
const (
	Unavailable         MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_UNAVAILABLE            // the metrics API failed, or answered with nothing
	NotANumber          MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NOT_A_NUMBER           // the value was no finite number
	NoReading           MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NO_READING             // there is no reading, or one of another kind
	PodsUnlisted        MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_PODS_UNLISTED          // the pods could not be listed
	NoPods              MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NO_PODS                // there are no pods
	NoSamples           MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NO_SAMPLES             // no pod that counts has a sample
	BadRequest          MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_REQUEST                // a pod's request is not known
	NoContainerInSample MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NO_CONTAINER_IN_SAMPLE // the container is missing in a sample (1.32)
	NothingMatched      MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_NOTHING_MATCHED        // no sample belongs to a pod with a request
	UnusableTarget      MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_UNUSABLE_TARGET        // the manifest names one kind of target and sets another
	BadSource           MetricErrorKind = C.PLIMSOLL_METRIC_ERROR_UNKNOWN_SOURCE         // a type of metric that is not known
)

// MetricError is why a metric gave no proposal. With BadRequest it has why, and which pod, counted from 0.
type MetricError struct {
	Kind    MetricErrorKind
	Request RequestError
	Pod     int
}

// Reading is what was read for one metric. The zero value is no reading: the metric fails.
type Reading struct {
	kind   C.int32_t
	value  Milli
	pods   []Pod
	values []Milli
	fold   *PodFold
	err    MetricError
}

// ReadPods is for Resource, ContainerResource and Pods: all pods of the target, and the values of samples whose pod is
// not among them, which upstream does not drop.
func ReadPods(pods []Pod, unlisted ...Milli) Reading {
	return Reading{kind: C.PLIMSOLL_READING_KIND_PODS, pods: pods, values: unlisted}
}

// ReadValue is for Object.
func ReadValue(value Milli) Reading {
	return Reading{kind: C.PLIMSOLL_READING_KIND_VALUE, value: value}
}

// ReadValues is for External.
func ReadValues(values ...Milli) Reading {
	return Reading{kind: C.PLIMSOLL_READING_KIND_VALUES, values: values}
}

// ReadFailed is for a metric that could not be read.
func ReadFailed(err MetricError) Reading {
	return Reading{kind: C.PLIMSOLL_READING_KIND_FAILED, err: err}
}

// Scale is the scale of the target: spec.replicas and status.replicas, 0 or more. Only averages of Object and External
// metrics look at what is running.
type Scale struct{ Wanted, Running int32 }

// Selector is whether the target's selector can be used; the zero value is that it can.
type Selector int32

// What can be wrong with a selector.
const (
	SelectorUsable     Selector = C.PLIMSOLL_SELECTOR_USABLE
	SelectorMissing    Selector = C.PLIMSOLL_SELECTOR_MISSING
	SelectorUnparsable Selector = C.PLIMSOLL_SELECTOR_UNPARSABLE
	SelectorAmbiguous  Selector = C.PLIMSOLL_SELECTOR_AMBIGUOUS // it selects a pod of another HPA's target too
)

// PodCount is how many pods match the selector, in any phase, and how many of those are Running with Ready = True,
// also when they are being deleted.
type PodCount struct{ Listed, Ready uint32 }

// Observation is everything one sync looks at.
type Observation struct {
	Now      time.Time
	Scale    *Scale // nil: it could not be read
	Selector Selector
	Pods     *PodCount // nil: they could not be listed. A host that has no pods has &PodCount{}
	Readings []Reading // one for each metric of the policy, in its order; a missing one fails

	// NoSteps leaves Decision.Steps empty, which spares an allocation.
	NoSteps bool
}

// observe puts an observation at the end of the lists.
func (s *scratch) observe(p *Policy, seen *Observation) {
	readings := seen.Readings[:min(len(seen.Readings), p.metrics)]
	made := C.struct_flat_observation{
		now_ns:   nanos(seen.Now),
		selector: C.int32_t(seen.Selector),
		readings: C.uint32_t(len(readings)),
	}
	if seen.Scale != nil {
		made.has_scale = 1
		made.wanted_replicas = C.int32_t(seen.Scale.Wanted)
		made.running_replicas = C.int32_t(seen.Scale.Running)
	}
	if seen.Pods != nil {
		made.has_pods = 1
		made.pods_listed, made.pods_ready = C.uint32_t(seen.Pods.Listed), C.uint32_t(seen.Pods.Ready)
	}
	s.seen = append(s.seen, made)
	for i := range readings {
		s.read(&readings[i])
	}
}

func (s *scratch) read(reading *Reading) {
	if reading.kind == C.PLIMSOLL_READING_KIND_FOLD {
		// C refuses an empty one, as of a nil pointer.
		var fold PodFold
		if reading.fold != nil {
			fold = *reading.fold
		}
		s.folds = append(s.folds, fold.memory[:]...)
	}
	pods := len(s.pods)
	s.pods = slices.Grow(s.pods, len(reading.pods))[:pods+len(reading.pods)]
	for i := range reading.pods {
		reading.pods[i].to(&s.pods[pods+i])
	}
	for _, value := range reading.values {
		s.values = append(s.values, C.int64_t(value))
	}
	s.readings = append(s.readings, C.struct_flat_reading{
		kind:          reading.kind,
		value_milli:   C.int64_t(reading.value),
		error:         C.int32_t(reading.err.Kind),
		request_error: C.int32_t(reading.err.Request),
		error_pod:     C.uint32_t(reading.err.Pod),
		pods:          C.size_t(len(reading.pods)),
		values:        C.size_t(len(reading.values)),
	})
}

// to writes all fields in place: pods are many.
func (p *Pod) to(made *C.struct_plimsoll_pod) {
	*made = C.struct_plimsoll_pod{
		struct_size:   C.sizeof_struct_plimsoll_pod,
		phase:         C.int32_t(p.Phase),
		deleted:       flag(p.Deleted),
		ready:         C.int32_t(p.Ready),
		request_error: C.int32_t(p.RequestError),
		request_milli: C.int64_t(p.Request),
	}
	if !p.Started.IsZero() {
		made.has_started, made.started_ns = 1, nanos(p.Started)
	}
	if !p.ReadySince.IsZero() {
		made.has_ready_since, made.ready_since_ns = 1, nanos(p.ReadySince)
	}
	if p.Sample != nil {
		made.has_sample = 1
		made.sample_milli = C.int64_t(p.Sample.Value)
		made.sampled_at_ns = nanos(p.Sample.At)
		// As an unsigned number a negative window would be a very long one.
		made.sample_window_ns = C.uint64_t(max(0, p.Sample.Window))
	}
}

// Error is the reason in words.
func (e MetricError) Error() string {
	words := [...]string{
		Unavailable: "metrics unavailable", NotANumber: "not a number", NoReading: "no reading of its kind",
		PodsUnlisted: "pods not listed", NoPods: "no pods", NoSamples: "no samples of pods that count",
		BadRequest: "request not known", NoContainerInSample: "container not in the sample",
		NothingMatched: "no sample of a known pod", UnusableTarget: "unusable target", BadSource: "unknown source",
	}
	text := "unknown error"
	if e.Kind > 0 && int(e.Kind) < len(words) {
		text = words[e.Kind]
	}
	if e.Kind == BadRequest {
		return fmt.Sprintf("plimsoll: metric: %s, pod %d", text, e.Pod)
	}
	return "plimsoll: metric: " + text
}
