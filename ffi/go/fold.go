package plimsoll

// #include "flat.h"
//
// #cgo noescape plimsoll_fold_init
// #cgo nocallback plimsoll_fold_init
// #cgo noescape plimsoll_fold_add
// #cgo nocallback plimsoll_fold_add
// #cgo noescape plimsoll_fold_add_unlisted
// #cgo nocallback plimsoll_fold_add_unlisted
// #cgo noescape plimsoll_fold_add_ready
// #cgo nocallback plimsoll_fold_add_ready
import "C"

import (
	"time"
	"unsafe"
)

// PodClass is what a pod counts as.
type PodClass int32

// The classes of pods, as upstream groups them.
const (
	ClassReady          PodClass = C.PLIMSOLL_POD_CLASS_READY            // its sample counts
	ClassMissing        PodClass = C.PLIMSOLL_POD_CLASS_MISSING          // no sample: assumed at its request going down, at 0 going up
	ClassPending        PodClass = C.PLIMSOLL_POD_CLASS_PENDING          // unready: its phase is Pending
	ClassNoCondition    PodClass = C.PLIMSOLL_POD_CLASS_NO_CONDITION     // unready: it has no Ready condition, or no start time
	ClassStarting       PodClass = C.PLIMSOLL_POD_CLASS_STARTING         // unready: not ready, and still in its initialization period
	ClassSampleTooEarly PodClass = C.PLIMSOLL_POD_CLASS_SAMPLE_TOO_EARLY // unready: its sample is from before it was ready
	ClassNeverReady     PodClass = C.PLIMSOLL_POD_CLASS_NEVER_READY      // unready: it never was ready since it started
	ClassDeleted        PodClass = C.PLIMSOLL_POD_CLASS_DELETED          // ignored: it is being deleted
	ClassFailed         PodClass = C.PLIMSOLL_POD_CLASS_FAILED           // ignored: it has failed
)

// PodFold is the pods of one metric in one sync, handed over one by one and kept as sums: for hosts that walk over pods
// and need no list of them. [Policy.FoldPods] begins one, [ReadFold] makes it a reading. It may be copied, also halfway.
type PodFold struct {
	memory [C.FLAT_FOLD_WORDS]uint64
}

func (f *PodFold) c() *C.struct_plimsoll_fold {
	if f == nil {
		return nil
	}
	return (*C.struct_plimsoll_fold)(unsafe.Pointer(&f.memory))
}

// FoldPods begins a fold for a metric, counted from 0, at the time of the observation that it will stand in.
func (p *Policy) FoldPods(metric int, now time.Time) (PodFold, error) {
	var made PodFold
	if err := p.has(metric, "fold"); err != nil {
		return made, err
	}
	status := C.plimsoll_fold_init(made.c(), C.sizeof_uint64_t*C.FLAT_FOLD_WORDS, p.c(), C.uint32_t(metric), nanos(now))
	return made, failed("fold", status)
}

// Add adds a pod of the target, and tells what it counts as. On an error nothing was added.
func (f *PodFold) Add(pod *Pod) (PodClass, error) {
	if pod == nil {
		return 0, failed("fold", C.plimsoll_status(ErrNil))
	}
	var given C.struct_plimsoll_pod
	pod.to(&given)
	var class C.int32_t
	status := C.plimsoll_fold_add(f.c(), &given, &class)
	return PodClass(class), failed("fold", status)
}

// AddUnlisted adds a sample whose pod is not among the target's; upstream does not drop those.
func (f *PodFold) AddUnlisted(value Milli) error {
	return failed("fold", C.plimsoll_fold_add_unlisted(f.c(), C.int64_t(value)))
}

// AddReady adds so many ready pods at once, known only by the sums of what they use and request.
func (f *PodFold) AddReady(pods uint32, usage, request Milli) error {
	status := C.plimsoll_fold_add_ready(f.c(), C.uint32_t(pods), C.int64_t(usage), C.int64_t(request))
	return failed("fold", status)
}

// ReadFold is for Resource, ContainerResource and Pods, as [ReadPods] is. The fold counts as it is when the policy
// decides; it must be of this metric, at the time of the observation.
func ReadFold(fold *PodFold) Reading {
	return Reading{kind: C.PLIMSOLL_READING_KIND_FOLD, fold: fold}
}

// Fits tells whether a history can hold all that the policy ever remembers, after it grew as [Policy.Decide] lets it
// grow. The error is ErrCapacity where no history can: it decides all the same, merges its oldest entries toward
// the side that changes less, and leaves a step of the kind HistoryFull.
func (p *Policy) Fits(h *History) error {
	if p == nil || h == nil {
		return failed("fits", C.plimsoll_status(ErrNil))
	}
	if len(p.memory) == 0 {
		return failed("fits", C.plimsoll_status(ErrNotInitialized))
	}
	if err := h.fit(p.room); err != nil {
		return err
	}
	return failed("fits", C.plimsoll_hpa_fits(p.c(), h.c()))
}
