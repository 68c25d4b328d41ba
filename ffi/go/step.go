package plimsoll

// #include "plimsoll.h"
import "C"

import (
	"time"
	"unsafe"
)

// StepKind is what a step says. New ones may be added.
type StepKind int32

// The kinds of steps, and the fields of Step that they set.
const (
	ClockWentBack    StepKind = C.PLIMSOLL_STEP_KIND_CLOCK_WENT_BACK   // from Last to Now
	ClockStood       StepKind = C.PLIMSOLL_STEP_KIND_CLOCK_STOOD       // a second sync at the same time, Now
	LongGap          StepKind = C.PLIMSOLL_STEP_KIND_LONG_GAP          // nothing that was remembered at Last counts any more at Now
	HistoryFull      StepKind = C.PLIMSOLL_STEP_KIND_HISTORY_FULL      // older entries were merged
	Seeded           StepKind = C.PLIMSOLL_STEP_KIND_SEEDED            // the first sync: the current number, To, counts as a recommendation
	ScaleNotRead     StepKind = C.PLIMSOLL_STEP_KIND_SCALE_UNREAD      // the scale could not be read
	Disabled         StepKind = C.PLIMSOLL_STEP_KIND_DISABLED          // zero replicas: off
	AboveMax         StepKind = C.PLIMSOLL_STEP_KIND_ABOVE_MAX         // lowered to the most at once: From, To
	BelowMin         StepKind = C.PLIMSOLL_STEP_KIND_BELOW_MIN         // raised to the fewest at once: From, To
	SelectorUnusable StepKind = C.PLIMSOLL_STEP_KIND_SELECTOR_UNUSABLE // Selector
	PodsNotListed    StepKind = C.PLIMSOLL_STEP_KIND_PODS_UNLISTED     // the pods could not be listed
	Proposed         StepKind = C.PLIMSOLL_STEP_KIND_PROPOSED          // Metric asks for To: Basis, Ratio, Reported, Pods
	MetricFailed     StepKind = C.PLIMSOLL_STEP_KIND_METRIC_FAILED     // Metric: Source, Err
	Recommended      StepKind = C.PLIMSOLL_STEP_KIND_RECOMMENDED       // Metric asks for the most, To; From = replicas now
	NotKnowable      StepKind = C.PLIMSOLL_STEP_KIND_UNKNOWABLE        // MetricsFailed of Metrics; nothing changes
	SomeFailed       StepKind = C.PLIMSOLL_STEP_KIND_PARTLY_FAILED     // MetricsFailed of Metrics; the others ask for no fewer replicas than there are
	Stabilized       StepKind = C.PLIMSOLL_STEP_KIND_STABILIZED        // a window holds the number: Direction, By, From, To, Until
	ColdHeld         StepKind = C.PLIMSOLL_STEP_KIND_COLD_HELD         // the window was not watched from end to end yet: From, To, Until
	Limited          StepKind = C.PLIMSOLL_STEP_KIND_LIMITED           // a bound or a rate cut the number: From, To, Limit, Rate
	LiftedFromZero   StepKind = C.PLIMSOLL_STEP_KIND_LIFTED_FROM_ZERO  // raised to the fewest, To
	Rescaled         StepKind = C.PLIMSOLL_STEP_KIND_RESCALED          // the scale was written: From, To
	RescaleFailed    StepKind = C.PLIMSOLL_STEP_KIND_RESCALE_FAILED    // it could not be written: From, To
)

// Basis is which rule gave a proposal.
type Basis int32

// The rules that give proposals.
const (
	WithinTolerance Basis = C.PLIMSOLL_BASIS_WITHIN_TOLERANCE  // the ratio is close enough to 1
	ReadyPods       Basis = C.PLIMSOLL_BASIS_READY_PODS        // ratio times the ready pods
	FilledIn        Basis = C.PLIMSOLL_BASIS_FILLED_IN         // the same with missing and unready pods filled in
	FilledInHolds   Basis = C.PLIMSOLL_BASIS_FILLED_IN_HOLDS   // filled in, the ratio is close enough to 1 or beyond
	FilledInOpposes Basis = C.PLIMSOLL_BASIS_FILLED_IN_OPPOSES // filled in, the number would move against the ratio
	FromZero        Basis = C.PLIMSOLL_BASIS_FROM_ZERO         // the ratio itself
	PerPod          Basis = C.PLIMSOLL_BASIS_PER_POD           // total over target per pod
	RunningPods     Basis = C.PLIMSOLL_BASIS_RUNNING_PODS      // the average is on target: the pods running
)

// Direction is up or down.
type Direction int32

// More replicas, or fewer.
const (
	Up   Direction = C.PLIMSOLL_DIRECTION_UP
	Down Direction = C.PLIMSOLL_DIRECTION_DOWN
)

// Limit is what a cut says.
type Limit int32

// What the condition ScalingLimited can say.
const (
	DesiredWithinRange Limit = C.PLIMSOLL_LIMIT_DESIRED_WITHIN_RANGE
	TooFewReplicas     Limit = C.PLIMSOLL_LIMIT_TOO_FEW_REPLICAS
	TooManyReplicas    Limit = C.PLIMSOLL_LIMIT_TOO_MANY_REPLICAS
	ScaleUpLimit       Limit = C.PLIMSOLL_LIMIT_SCALE_UP_LIMIT
	ScaleDownLimit     Limit = C.PLIMSOLL_LIMIT_SCALE_DOWN_LIMIT
)

// Reported is what a status reports of a metric; nil for what it does not.
type Reported struct {
	Utilization *int32 // whole percent of the requests
	Average     *Milli // per pod
	Value       *Milli // of the whole
}

// PodsRead is how the pods of a metric were counted.
type PodsRead struct {
	Listed, Ready, Missing uint32 // all, those whose sample counts, those without one
	Unlisted               uint32 // samples without a pod

	Pending, NoCondition, Starting, SampleTooEarly, NeverReady uint32 // unready, and why
	Deleted, Failed                                            uint32 // ignored, and why
}

// RateApplied is a rate's part in a cut. The zero RateKind is a direction that is disabled.
type RateApplied struct {
	Kind        RateKind
	Value       int32
	Period      time.Duration
	Start       int32     // the replicas that the period began with
	Replicas    int32     // the most or fewest that it allows
	EasesAt     time.Time // when the oldest change that it counts leaves its period; zero if there is none
	StandsUntil time.Time // when the first of all changes that any rate counts leaves its period; zero if there is none
}

// Step is one step of a decision: why. What its kind does not name is zero.
type Step struct {
	Kind                   StepKind
	Metric                 int // counted from 0
	From, To               int32
	By                     int32 // the recommendation that holds
	Direction              Direction
	Selector               Selector
	Source                 Source
	Err                    MetricError
	MetricsFailed, Metrics int
	Limit                  Limit
	Rate                   *RateApplied // nil without rate rules in that direction
	Basis                  Basis
	Ratio                  float64 // what was read over what was wanted
	Reported               Reported
	Pods                   PodsRead
	Now, Last, Until       time.Time

	// What a sentence is made of.
	record C.struct_plimsoll_step
}

func reportedOf(given *C.struct_plimsoll_reported) Reported {
	var made Reported
	if given.has_utilization != 0 {
		made.Utilization = new(int32(given.utilization))
	}
	if given.has_average != 0 {
		made.Average = new(Milli(given.average_milli))
	}
	if given.has_value != 0 {
		made.Value = new(Milli(given.value_milli))
	}
	return made
}

func stepsOf(given []C.struct_plimsoll_step) []Step {
	if len(given) == 0 {
		return nil
	}
	steps := make([]Step, len(given))
	for i := range steps {
		stepOf(&steps[i], &given[i])
	}
	return steps
}

func stepOf(made *Step, given *C.struct_plimsoll_step) {
	*made = Step{
		Kind:      StepKind(given.kind),
		Metric:    int(given.metric),
		From:      int32(given.from),
		To:        int32(given.to),
		By:        int32(given.by),
		Direction: Direction(given.direction),
		Selector:  Selector(given.selector),
		Source:    Source(given.source),
		Err: MetricError{
			MetricErrorKind(given.error), RequestError(given.request_error), int(given.error_pod),
		},
		MetricsFailed: int(given.metrics_failed),
		Metrics:       int(given.metrics),
		Limit:         Limit(given.limit),
		Basis:         Basis(given.basis),
		Ratio:         float64(given.ratio),
		Reported:      reportedOf(&given.reported),
		Pods: PodsRead{
			Listed: uint32(given.pods_listed), Ready: uint32(given.pods_ready), Missing: uint32(given.pods_missing),
			Unlisted: uint32(given.unlisted), Pending: uint32(given.pending), NoCondition: uint32(given.no_condition),
			Starting: uint32(given.starting), SampleTooEarly: uint32(given.sample_too_early),
			NeverReady: uint32(given.never_ready), Deleted: uint32(given.deleted), Failed: uint32(given.failed),
		},
		record: *given,
	}
	// A moment that a kind does not name is 0 in C, where 0 can also be a moment.
	switch made.Kind {
	case ClockWentBack, LongGap:
		made.Now, made.Last = moment(given.now_ns), moment(given.last_ns)
	case ClockStood:
		made.Now = moment(given.now_ns)
	case Stabilized, ColdHeld:
		made.Until = moment(given.until_ns)
	}
	if given.has_rate != 0 {
		made.Rate = &RateApplied{
			RateKind(given.rate_kind), int32(given.rate_value), time.Duration(given.rate_period_ns), int32(given.rate_start),
			int32(given.rate_replicas), maybe(given.has_eases_at, given.eases_at_ns),
			maybe(given.has_stands_until, given.stands_until_ns),
		}
	}
}

// Sentence is the step in words, in which metrics have the names that they have in the policy.
func (s *Step) Sentence(p *Policy) string {
	// Names may be long, the rest is not.
	text := make([]byte, 256)
	for {
		var length C.size_t
		status := C.plimsoll_step_sentence(
			p.c(), &s.record, (*C.char)(unsafe.Pointer(&text[0])), C.size_t(len(text)), &length)
		switch {
		case status == ok:
			return string(text[:length])
		case status == C.PLIMSOLL_STATUS_NO_ROOM && len(text) < 1<<16:
			text = make([]byte, 4*len(text))
		default:
			return Error(status).Error()
		}
	}
}

// String is the step in words, in which metrics have their numbers.
func (s *Step) String() string { return s.Sentence(nil) }
