package plimsoll

// #include "plimsoll.h"
import "C"

import (
	"encoding"
	"time"
	"unsafe"
)

// History is all that is remembered of one workload: recommendations, changes, conditions. The zero value knows
// nothing yet and is ready for use.
//
// It is plain memory of Go and needs no closing. It grows by itself to what the policy it is used with needs: 1.6 kB
// for windows up to 330 s at a sync in 15 s, 144 kB for the longest windows that Kubernetes allows at a sync a second.
// One history must not be used by two goroutines at once; different ones may.
type History struct {
	_      noCopy
	memory []uint64
	room   C.int32_t
	taken  bool // an item of the batch that is being decided has it
}

var (
	_ encoding.BinaryMarshaler   = (*History)(nil)
	_ encoding.BinaryUnmarshaler = (*History)(nil)
)

// noCopy lets vet tell that a plain copy would share its memory with the original; Clone does not.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

func (h *History) c() *C.struct_plimsoll_history {
	return (*C.struct_plimsoll_history)(unsafe.Pointer(&h.memory[0]))
}

// fit makes room; what is remembered stays.
func (h *History) fit(room C.int32_t) error {
	if h.room >= room {
		return nil
	}
	var saved []byte
	if h.room != 0 {
		var err error
		if saved, err = h.Save(); err != nil {
			return err
		}
	}
	grown, err := empty(room)
	if err != nil {
		return err
	}
	if saved != nil {
		if err := grown.restore(saved); err != nil {
			return failed("history", C.plimsoll_status(err.(Error)))
		}
	}
	h.memory, h.room = grown.memory, room
	return nil
}

func empty(room C.int32_t) (*History, error) {
	size := C.plimsoll_history_size(room)
	h := &History{memory: words(size), room: room}
	return h, failed("history", C.plimsoll_history_init(h.c(), size, room))
}

// Clone is a history of its own that remembers the same.
func (h *History) Clone() *History {
	return &History{memory: append([]uint64(nil), h.memory...), room: h.room}
}

// Restart loses what a controller loses when it restarts: all but the conditions, which are in the HPA's status.
func (h *History) Restart() error {
	if h.room == 0 {
		return nil
	}
	return failed("restart", C.plimsoll_history_restart(h.c()))
}

// Save writes the history as bytes that any release on any machine restores.
func (h *History) Save() ([]byte, error) {
	if err := h.fit(C.PLIMSOLL_ROOM_USUAL); err != nil {
		return nil, err
	}
	var length C.size_t
	if status := C.plimsoll_history_save(h.c(), nil, 0, &length); status != ok {
		return nil, failed("save", status)
	}
	bytes := make([]byte, length)
	status := C.plimsoll_history_save(h.c(), (*C.uint8_t)(unsafe.SliceData(bytes)), length, &length)
	return bytes, failed("save", status)
}

// Restore puts back what Save wrote; the history then decides as if it had never stopped. Nothing is believed
// unchecked. On an error, ErrBadHistory, the history stays as it was.
func (h *History) Restore(bytes []byte) error {
	status := ErrBadHistory
	for _, room := range []C.int32_t{C.PLIMSOLL_ROOM_USUAL, C.PLIMSOLL_ROOM_LONGEST, C.PLIMSOLL_ROOM_LONGEST_BY_SECONDS} {
		if room < h.room {
			continue
		}
		restored, err := empty(room)
		if err != nil {
			return err
		}
		err = restored.restore(bytes)
		if err == nil {
			h.memory, h.room = restored.memory, room
			return nil
		}
		status = err.(Error)
		if status != ErrCapacity {
			break
		}
	}
	return failed("restore", C.plimsoll_status(status))
}

// restore fails with an Error.
func (h *History) restore(bytes []byte) error {
	status := C.plimsoll_history_restore(h.c(), (*C.uint8_t)(unsafe.SliceData(bytes)), C.size_t(len(bytes)))
	switch status {
	case ok:
		return nil
	case C.PLIMSOLL_STATUS_NULL_POINTER:
		// No bytes at all.
		return ErrBadHistory
	}
	return Error(status)
}

// MarshalBinary is Save.
func (h *History) MarshalBinary() ([]byte, error) { return h.Save() }

// UnmarshalBinary is Restore.
func (h *History) UnmarshalBinary(bytes []byte) error { return h.Restore(bytes) }

// ConditionKind is what a condition is about; String is the API's name.
type ConditionKind int32

// The conditions of an HPA.
const (
	AbleToScale    ConditionKind = C.PLIMSOLL_CONDITION_KIND_ABLE_TO_SCALE
	ScalingActive  ConditionKind = C.PLIMSOLL_CONDITION_KIND_SCALING_ACTIVE
	ScalingLimited ConditionKind = C.PLIMSOLL_CONDITION_KIND_SCALING_LIMITED
	ScaledToZero   ConditionKind = C.PLIMSOLL_CONDITION_KIND_SCALED_TO_ZERO
)

func (k ConditionKind) String() string {
	return C.GoString(C.plimsoll_condition_kind_str(C.int32_t(k)))
}

// ParseConditionKind is the kind of the API's name; false if there is none.
func ParseConditionKind(name string) (ConditionKind, bool) {
	for kind := AbleToScale; kind <= ScaledToZero; kind++ {
		if kind.String() == name {
			return kind, true
		}
	}
	return 0, false
}

// Reason is why a condition is as it is; String is the API's name.
type Reason int32

const lastReason Reason = C.PLIMSOLL_REASON_NOT_SCALED_TO_ZERO

func (r Reason) String() string { return C.GoString(C.plimsoll_reason_str(C.int32_t(r))) }

// ParseReason is the reason of the API's name; false if there is none.
func ParseReason(name string) (Reason, bool) {
	for reason := Reason(1); reason <= lastReason; reason++ {
		if reason.String() == name {
			return reason, true
		}
	}
	return 0, false
}

// Condition is one condition of the HPA's status.
type Condition struct {
	Kind   ConditionKind
	Status bool
	Reason Reason
	Since  time.Time // when its status last changed; zero if that is not known
}

// Conditions are the conditions of the HPA's status, in its order.
func (h *History) Conditions() ([]Condition, error) {
	if h.room == 0 {
		return nil, nil
	}
	var given [C.PLIMSOLL_MOST_CONDITIONS]C.struct_plimsoll_condition
	var length C.size_t
	given[0].struct_size = C.sizeof_struct_plimsoll_condition
	if status := C.plimsoll_history_conditions(h.c(), &given[0], C.size_t(len(given)), &length); status != ok {
		return nil, failed("conditions", status)
	}
	conditions := make([]Condition, length)
	for i := range conditions {
		each := &given[i]
		conditions[i] = Condition{
			ConditionKind(each.kind), each.status != 0, Reason(each.reason), maybe(each.has_since, each.since_ns),
		}
	}
	return conditions, nil
}

// SetCondition puts a condition back as an HPA's status has it; it replaces the one of its kind and goes to the end.
func (h *History) SetCondition(condition Condition) error {
	if err := h.fit(C.PLIMSOLL_ROOM_USUAL); err != nil {
		return err
	}
	given := C.struct_plimsoll_condition{
		struct_size: C.sizeof_struct_plimsoll_condition,
		kind:        C.int32_t(condition.Kind),
		status:      flag(condition.Status),
		reason:      C.int32_t(condition.Reason),
		has_since:   flag(!condition.Since.IsZero()),
		since_ns:    nanos(condition.Since),
	}
	return failed("condition", C.plimsoll_history_set_condition(h.c(), &given))
}
