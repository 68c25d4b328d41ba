package plimsoll

// #include "flat.h"
//
// /* Nothing is kept after a call, and no call comes back into Go. */
// #cgo noescape flat_decide
// #cgo nocallback flat_decide
// #cgo noescape flat_decide_batch
// #cgo nocallback flat_decide_batch
// #cgo noescape flat_outlook
// #cgo nocallback flat_outlook
// #cgo noescape plimsoll_hpa_applied
// #cgo nocallback plimsoll_hpa_applied
import "C"

import (
	"slices"
	"sync"
	"time"
	"unsafe"
)

// SyncError is the error that a sync ends with; 0 if it ends well.
type SyncError int32

// The errors of a sync.
const (
	ScaleUnread  SyncError = C.PLIMSOLL_SYNC_ERROR_SCALE_UNREAD  // the scale could not be read
	Unknowable   SyncError = C.PLIMSOLL_SYNC_ERROR_UNKNOWABLE    // no number could be computed: the selector, the pods, or too many metrics failed
	PartlyFailed SyncError = C.PLIMSOLL_SYNC_ERROR_PARTLY_FAILED // some metrics failed; the sync went on
)

// Error is the error in words.
func (e SyncError) Error() string {
	switch e {
	case ScaleUnread:
		return "plimsoll: the scale could not be read"
	case Unknowable:
		return "plimsoll: no number could be computed"
	case PartlyFailed:
		return "plimsoll: some metrics failed"
	}
	return "plimsoll: unknown error of a sync"
}

// Stops tells whether the sync stopped; the status then keeps its desired replicas.
func (e SyncError) Stops() bool { return e != 0 && e != PartlyFailed }

// RescaleReason is what upstream says in its event when it rescales.
type RescaleReason int32

// The reasons to rescale; 0 is none, the metrics ask for the current number.
const (
	ReasonNone        RescaleReason = C.PLIMSOLL_RESCALE_REASON_NONE
	ReasonAboveMax    RescaleReason = C.PLIMSOLL_RESCALE_REASON_ABOVE_MAX
	ReasonBelowMin    RescaleReason = C.PLIMSOLL_RESCALE_REASON_BELOW_MIN
	ReasonMetricAbove RescaleReason = C.PLIMSOLL_RESCALE_REASON_METRIC_ABOVE // Decision.RescaleMetric is above its target
	ReasonAllBelow    RescaleReason = C.PLIMSOLL_RESCALE_REASON_ALL_BELOW
)

// Decision is what was decided. Metrics are counted from 0, in the order of the policy.
type Decision struct {
	From, To  int32     // replicas asked for before, and to ask for now
	At        time.Time // the moment of the decision
	LastWord  StepKind  // what had the last word
	RevisitAt time.Time // the earliest moment at which time alone could change the answer; zero: only another observation can

	Recommended   *int32 // what the metrics ask for, before windows and limits; nil if that was not computed
	Winner        *int   // the metric that asks for the most
	Stabilized    *int32 // after the windows
	SyncError     SyncError
	RescaleReason RescaleReason
	RescaleMetric int

	Steps []Step // why, in order
}

// Changes tells whether the scale is to be written.
func (d *Decision) Changes() bool { return d.From != d.To }

// Err is the error that the sync ends with, a SyncError, or nil. There is a decision all the same.
func (d *Decision) Err() error {
	if d.SyncError == 0 {
		return nil
	}
	return d.SyncError
}

func (d *Decision) c() C.struct_plimsoll_decision {
	made := C.struct_plimsoll_decision{
		struct_size:    C.sizeof_struct_plimsoll_decision,
		from:           C.int32_t(d.From),
		to:             C.int32_t(d.To),
		last_word:      C.int32_t(d.LastWord),
		at_ns:          nanos(d.At),
		has_revisit_at: flag(!d.RevisitAt.IsZero()),
		revisit_at_ns:  nanos(d.RevisitAt),
		error:          C.int32_t(d.SyncError),
		rescale_reason: C.int32_t(d.RescaleReason),
		rescale_metric: C.uint32_t(d.RescaleMetric),
	}
	if d.Recommended != nil {
		made.has_recommended, made.recommended = 1, C.int32_t(*d.Recommended)
	}
	if d.Winner != nil {
		made.has_winner, made.winner = 1, C.uint32_t(*d.Winner)
	}
	if d.Stabilized != nil {
		made.has_stabilized, made.stabilized = 1, C.int32_t(*d.Stabilized)
	}
	return made
}

// numbers is what pointers of a decision point to: one allocation, and none of them for each.
type numbers struct {
	recommended, stabilized int32
	winner                  int
}

func decisionOf(given *C.struct_plimsoll_decision, kept *numbers) Decision {
	made := Decision{
		From:          int32(given.from),
		To:            int32(given.to),
		At:            moment(given.at_ns),
		LastWord:      StepKind(given.last_word),
		RevisitAt:     maybe(given.has_revisit_at, given.revisit_at_ns),
		SyncError:     SyncError(given.error),
		RescaleReason: RescaleReason(given.rescale_reason),
		RescaleMetric: int(given.rescale_metric),
	}
	if given.has_recommended != 0 {
		kept.recommended = int32(given.recommended)
		made.Recommended = &kept.recommended
	}
	if given.has_winner != 0 {
		kept.winner = int(given.winner)
		made.Winner = &kept.winner
	}
	if given.has_stabilized != 0 {
		kept.stabilized = int32(given.stabilized)
		made.Stabilized = &kept.stabilized
	}
	return made
}

// scratch is what C reads and writes in one call, with counts for pointers: see flat.h.
type scratch struct {
	seen     []C.struct_flat_observation
	readings []C.struct_flat_reading
	pods     []C.struct_plimsoll_pod
	values   []C.int64_t
	folds    []uint64

	decisions [C.FLAT_MOST]C.struct_plimsoll_decision
	results   [C.FLAT_MOST]C.struct_flat_result
	steps     []C.struct_plimsoll_step
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) clear() {
	s.seen, s.readings, s.pods, s.values, s.folds = s.seen[:0], s.readings[:0], s.pods[:0], s.values[:0], s.folds[:0]
	s.steps = s.steps[:0]
}

func (s *scratch) lists() C.struct_flat_lists {
	return C.struct_flat_lists{
		seen:     unsafe.SliceData(s.seen),
		readings: unsafe.SliceData(s.readings),
		pods:     unsafe.SliceData(s.pods),
		values:   unsafe.SliceData(s.values),
		folds:    (*C.uint64_t)(unsafe.SliceData(s.folds)),
	}
}

// workload is what C is told of one workload; its observation and its room for steps go to the end of the lists.
func (s *scratch) workload(p *Policy, h *History, seen *Observation) C.struct_flat_workload {
	s.observe(p, seen)
	capacity := p.stepRoom(seen)
	if capacity > 0 {
		s.steps = slices.Grow(s.steps, capacity)
		s.steps = s.steps[:len(s.steps)+capacity]
		s.steps[len(s.steps)-capacity].struct_size = C.sizeof_struct_plimsoll_step
	}
	return C.struct_flat_workload{
		policy:         (*C.uint64_t)(unsafe.SliceData(p.memory)),
		history:        (*C.uint64_t)(unsafe.SliceData(h.memory)),
		steps_capacity: C.size_t(capacity),
	}
}

// stepRoom is enough for all steps of a decision: one or two for each metric, and one for each stage.
func (p *Policy) stepRoom(seen *Observation) int {
	if seen.NoSteps {
		return 0
	}
	return 2*p.metrics + 16
}

func ready(p *Policy, h *History, seen *Observation) error {
	switch {
	case p == nil || h == nil || seen == nil:
		return failed("decide", C.plimsoll_status(ErrNil))
	case len(p.memory) == 0:
		return failed("decide", C.plimsoll_status(ErrNotInitialized))
	}
	return h.fit(p.room)
}

// Decide decides one sync and moves the history. The error is about the call itself, such as a number out of its
// range; nothing has then changed. What is wrong with the cluster is in Decision.Err and Decision.Steps.
func (p *Policy) Decide(h *History, seen *Observation) (Decision, error) {
	if err := ready(p, h, seen); err != nil {
		return Decision{}, err
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.clear()
	decision := &s.decisions[0]
	decision.struct_size = C.sizeof_struct_plimsoll_decision
	var length C.size_t
	one := s.workload(p, h, seen)
	status := C.flat_decide(one, s.lists(), decision, unsafe.SliceData(s.steps), &length)
	if status != ok {
		return Decision{}, failed("decide", status)
	}
	made := decisionOf(decision, new(numbers))
	made.Steps = stepsOf(s.steps[:length])
	return made, nil
}

// Item is one workload of a batch. Policies may be shared; each workload has its own history.
type Item struct {
	Policy  *Policy
	History *History
	Seen    *Observation

	// What came of it: as from Policy.Decide.
	Decision Decision
	Err      error
}

// DecideBatch decides many workloads, a dozen or so in each call into C. An item that cannot be decided has its Err, and
// leaves the others as they are; the error returned is about all of them. It is cheapest where items that share a policy
// follow each other.
func DecideBatch(items []Item) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	defer func() {
		for i := range items {
			if h := items[i].History; h != nil {
				h.taken = false
			}
		}
	}()
	for rest := items; len(rest) > 0; {
		done, err := s.decide(rest)
		if err != nil {
			return err
		}
		rest = rest[done:]
	}
	return nil
}

// decide decides the first of the items, in one call, and tells how many.
func (s *scratch) decide(items []Item) (int, error) {
	s.clear()
	var workloads C.struct_flat_workloads
	var from [C.FLAT_MOST]int // which of the items each workload is
	count, done := 0, 0
	for done < len(items) && count < len(from) {
		item := &items[done]
		item.Decision = Decision{}
		if item.Err = ready(item.Policy, item.History, item.Seen); item.Err == nil && item.History.taken {
			item.Err = failed("decide", C.plimsoll_status(ErrShared))
		}
		if item.Err == nil {
			item.History.taken = true
			workloads.list[count] = s.workload(item.Policy, item.History, item.Seen)
			s.decisions[count].struct_size = C.sizeof_struct_plimsoll_decision
			from[count] = done
			count++
		}
		done++
	}
	if count == 0 {
		return done, nil
	}
	status := C.flat_decide_batch(
		workloads, C.size_t(count), s.lists(), &s.decisions[0], unsafe.SliceData(s.steps), &s.results[0])
	if status != ok {
		return 0, failed("batch", status)
	}
	kept, steps := make([]numbers, count), s.steps
	for i, from := range from[:count] {
		item, result := &items[from], &s.results[i]
		if item.Err = failed("decide", result.status); item.Err == nil {
			item.Decision = decisionOf(&s.decisions[i], &kept[i])
			item.Decision.Steps = stepsOf(steps[:result.steps_length])
		}
		steps = steps[workloads.list[i].steps_capacity:]
	}
	return done, nil
}

// Applied says that the scale was written, with so many replicas: rate rules count what was really written, and the
// conditions tell. It returns what there is to say about that.
func (p *Policy) Applied(h *History, decision *Decision, replicas int32) ([]Step, error) {
	return p.applied(h, decision, C.PLIMSOLL_APPLIED_DONE, replicas)
}

// ApplyFailed says that the scale could not be written.
func (p *Policy) ApplyFailed(h *History, decision *Decision) ([]Step, error) {
	return p.applied(h, decision, C.PLIMSOLL_APPLIED_FAILED, 0)
}

func (p *Policy) applied(h *History, decision *Decision, what C.int32_t, replicas int32) ([]Step, error) {
	if h == nil || decision == nil || p == nil {
		return nil, failed("applied", C.plimsoll_status(ErrNil))
	}
	if err := h.fit(max(p.room, C.PLIMSOLL_ROOM_USUAL)); err != nil {
		return nil, err
	}
	// A change leaves one step, and one more if the history was full.
	var steps [4]C.struct_plimsoll_step
	steps[0].struct_size = C.sizeof_struct_plimsoll_step
	var length C.size_t
	given := decision.c()
	status := C.plimsoll_hpa_applied(p.c(), h.c(), &given, what, C.int32_t(replicas), &steps[0], C.size_t(len(steps)), &length)
	if status != ok {
		return nil, failed("applied", status)
	}
	return stepsOf(steps[:length]), nil
}

// Outlook is at which readings a metric would ask for another number of replicas than there are, all else being equal.
type Outlook struct{ Up, Down *Turn }

// Turn is the nearest reading that asks for another number.
type Turn struct {
	Replicas int32    // what it asks for
	Total    Milli    // of the ready pods' samples, or the value
	Reported Reported // the reading as the status would report it
}

// Outlook tells how far a metric, counted from 0, is from asking for another number of replicas. It costs about 120
// evaluations of the metric's rule.
func (p *Policy) Outlook(metric int, seen *Observation) (Outlook, error) {
	if seen == nil {
		return Outlook{}, failed("outlook", C.plimsoll_status(ErrNil))
	}
	if err := p.has(metric, "outlook"); err != nil {
		return Outlook{}, err
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.clear()
	s.observe(p, seen)
	made := C.struct_plimsoll_outlook{struct_size: C.sizeof_struct_plimsoll_outlook}
	policy := (*C.uint64_t)(unsafe.SliceData(p.memory))
	if status := C.flat_outlook(policy, C.uint32_t(metric), s.lists(), &made); status != ok {
		return Outlook{}, failed("outlook", status)
	}
	var outlook Outlook
	if made.has_up != 0 {
		outlook.Up = &Turn{int32(made.up_replicas), Milli(made.up_total_milli), reportedOf(&made.up)}
	}
	if made.has_down != 0 {
		outlook.Down = &Turn{int32(made.down_replicas), Milli(made.down_total_milli), reportedOf(&made.down)}
	}
	return outlook, nil
}
