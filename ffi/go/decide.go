package plimsoll

// #include "plimsoll.h"
//
// /* Nothing is kept after a call, and no call comes back into Go. */
// #cgo noescape plimsoll_hpa_decide
// #cgo nocallback plimsoll_hpa_decide
// #cgo noescape plimsoll_hpa_decide_batch
// #cgo nocallback plimsoll_hpa_decide_batch
import "C"

import (
	"runtime"
	"sync"
	"time"
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

func decisionOf(given *C.struct_plimsoll_decision) Decision {
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
		made.Recommended = new(int32(given.recommended))
	}
	if given.has_winner != 0 {
		made.Winner = new(int(given.winner))
	}
	if given.has_stabilized != 0 {
		made.Stabilized = new(int32(given.stabilized))
	}
	return made
}

// scratch is what C reads and writes in one call: lists whose entries point into each other, pinned meanwhile.
type scratch struct {
	pins      runtime.Pinner
	seen      []C.struct_plimsoll_observation
	readings  []C.struct_plimsoll_reading
	pods      []C.struct_plimsoll_pod
	values    []C.int64_t
	decisions []C.struct_plimsoll_decision
	steps     []C.struct_plimsoll_step
	items     []C.struct_plimsoll_hpa_batch_item
	// Which of Go's items each of C's is.
	from []int
	used map[*History]struct{}
}

var scratches = sync.Pool{New: func() any { return &scratch{used: map[*History]struct{}{}} }}

func (s *scratch) done() {
	s.pins.Unpin()
	// What is kept for the next call must not keep a caller's policies and histories.
	clear(s.items)
	clear(s.used)
	scratches.Put(s)
}

func pin[T any](s *scratch, list []T) {
	if cap(list) > 0 {
		s.pins.Pin(&list[:1][0])
	}
}

// reserve makes room for all that observations hold, and pins it.
func (s *scratch) reserve(observations int, n sizes) {
	s.seen, s.readings = room(s.seen, observations), room(s.readings, n.readings)
	s.pods, s.values = room(s.pods, n.pods), room(s.values, n.values)
	pin(s, s.seen)
	pin(s, s.readings)
	pin(s, s.pods)
	pin(s, s.values)
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
	defer s.done()
	var n sizes
	n.count(seen)
	s.reserve(1, n)
	capacity := p.stepRoom(seen)
	s.steps, s.decisions = room(s.steps, capacity)[:capacity], room(s.decisions, 1)[:1]
	decision := &s.decisions[0]
	*decision = C.struct_plimsoll_decision{struct_size: C.sizeof_struct_plimsoll_decision}
	var steps *C.struct_plimsoll_step
	if capacity > 0 {
		steps = &s.steps[0]
		steps.struct_size = C.sizeof_struct_plimsoll_step
	}
	var length C.size_t
	status := C.plimsoll_hpa_decide(p.c(), h.c(), s.observe(seen), decision, steps, C.size_t(capacity), &length)
	if status != ok {
		return Decision{}, failed("decide", status)
	}
	made := decisionOf(decision)
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

// DecideBatch decides many workloads, in one call into C. An item that cannot be decided has its Err, and leaves the
// others as they are; the error returned is about all of them.
func DecideBatch(items []Item) error {
	s := scratches.Get().(*scratch)
	defer s.done()
	s.from = s.from[:0]
	var n sizes
	capacity := 0
	for i := range items {
		item := &items[i]
		item.Decision = Decision{}
		if item.Err = ready(item.Policy, item.History, item.Seen); item.Err != nil {
			continue
		}
		if _, twice := s.used[item.History]; twice {
			item.Err = failed("decide", C.plimsoll_status(ErrShared))
			continue
		}
		s.used[item.History] = struct{}{}
		s.from = append(s.from, i)
		n.count(item.Seen)
		capacity += item.Policy.stepRoom(item.Seen)
	}
	count := len(s.from)
	if count == 0 {
		return nil
	}
	s.reserve(count, n)
	s.decisions, s.steps = room(s.decisions, count)[:count], room(s.steps, capacity)[:capacity]
	s.items = room(s.items, count)
	pin(s, s.decisions)
	pin(s, s.steps)
	next := 0
	for i, from := range s.from {
		item := &items[from]
		s.decisions[i] = C.struct_plimsoll_decision{struct_size: C.sizeof_struct_plimsoll_decision}
		s.pins.Pin(&item.Policy.memory[0])
		s.pins.Pin(&item.History.memory[0])
		made := C.struct_plimsoll_hpa_batch_item{
			struct_size: C.sizeof_struct_plimsoll_hpa_batch_item,
			policy:      item.Policy.c(),
			history:     item.History.c(),
			observation: s.observe(item.Seen),
			decision:    &s.decisions[i],
		}
		if room := item.Policy.stepRoom(item.Seen); room > 0 {
			made.steps, made.steps_capacity = &s.steps[next], C.size_t(room)
			made.steps.struct_size = C.sizeof_struct_plimsoll_step
			next += room
		}
		s.items = append(s.items, made)
	}
	status := C.plimsoll_hpa_decide_batch(&s.items[0], C.size_t(count), C.sizeof_struct_plimsoll_hpa_batch_item)
	if status != ok {
		return failed("batch", status)
	}
	next = 0
	for i, from := range s.from {
		item, made := &items[from], &s.items[i]
		if item.Err = failed("decide", C.plimsoll_status(made.status)); item.Err == nil {
			item.Decision = decisionOf(&s.decisions[i])
			item.Decision.Steps = stepsOf(s.steps[next : next+int(made.steps_length)])
		}
		next += int(made.steps_capacity)
	}
	return nil
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
	defer s.done()
	var n sizes
	n.count(seen)
	s.reserve(1, n)
	made := C.struct_plimsoll_outlook{struct_size: C.sizeof_struct_plimsoll_outlook}
	if status := C.plimsoll_hpa_outlook(p.c(), C.uint32_t(metric), s.observe(seen), &made); status != ok {
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
