// Package plimsoll decides how many replicas a workload should have, as the HorizontalPodAutoscaler of Kubernetes
// does. It talks to nothing: a host hands over what it saw, and gets a number with the reasons for it.
//
// A [Policy] is made once from a [Config] and serves any number of workloads, from any number of goroutines. Each
// workload has a [History], which is what an HPA remembers from one sync to the next. [Policy.Decide] takes an
// [Observation] and answers with a [Decision]; when that changes the number, [Policy.Applied] or [Policy.ApplyFailed]
// tells what became of it.
//
// # Units
//
// Amounts are [Milli], thousandths of their unit: 1500 is 1.5 cores, or 1.5 requests a second; what MilliValue of a
// Kubernetes quantity gives. Moments are wall-clock times; what lies before 1678 or after 2262 counts as the end of
// that range. There is no other clock: Observation.Now is the only now.
//
// # Building
//
// The package links a static library. `make -C ffi/go` in the repository of Plimsoll builds it and puts it beside the
// package, from where `go mod vendor` takes it along.
package plimsoll

// #cgo LDFLAGS: ${SRCDIR}/libplimsoll.a -lpthread -ldl -lm
// #include "plimsoll.h"
import "C"

import (
	"fmt"
	"math"
	"time"
)

// Version is the version of the linked library.
func Version() string { return C.GoString(C.plimsoll_version()) }

// Milli is an amount in thousandths of its unit.
type Milli int64

// Error is why a call failed. The errors of this package wrap one, so that errors.Is finds it.
type Error int32

// What a call can fail with.
const (
	ErrNil            Error = C.PLIMSOLL_STATUS_NULL_POINTER    // a required pointer is nil
	ErrOutOfRange     Error = C.PLIMSOLL_STATUS_OUT_OF_RANGE    // a number is outside its documented range
	ErrCapacity       Error = C.PLIMSOLL_STATUS_CAPACITY        // no history has room for as much
	ErrBadHistory     Error = C.PLIMSOLL_STATUS_BAD_HISTORY     // the bytes are no saved history, or were changed
	ErrInternal       Error = C.PLIMSOLL_STATUS_INTERNAL        // a defect of the library
	ErrShared         Error = C.PLIMSOLL_STATUS_OVERLAP         // two items of a batch have the same history
	ErrNotInitialized Error = C.PLIMSOLL_STATUS_NOT_INITIALIZED // a Policy that NewPolicy did not make
	ErrTooMany        Error = C.PLIMSOLL_STATUS_TOO_MANY        // more than 16 metrics, or 16 rates a direction, or 2048 bytes of names
	ErrEmpty          Error = C.PLIMSOLL_STATUS_EMPTY           // no metric
	ErrWrongTarget    Error = C.PLIMSOLL_STATUS_WRONG_TARGET    // this source does not take this kind of target
	ErrBadText        Error = C.PLIMSOLL_STATUS_BAD_TEXT        // a name is not UTF-8
	ErrNoSuchMetric   Error = C.PLIMSOLL_STATUS_NO_SUCH_METRIC  // the policy has no metric of that number
	errStructSize     Error = C.PLIMSOLL_STATUS_STRUCT_SIZE
	ok                      = C.PLIMSOLL_STATUS_OK
)

// Error is the reason in words.
func (e Error) Error() string { return C.GoString(C.plimsoll_status_str(C.int32_t(e))) }

// failed is nil for a status that is none.
func failed(what string, status C.plimsoll_status) error {
	if status == ok {
		return nil
	}
	return fmt.Errorf("plimsoll: %s: %w", what, Error(status))
}

func flag(yes bool) C.uint32_t {
	if yes {
		return 1
	}
	return 0
}

// nanos stands in for UnixNano, whose result is undefined for times that 64 bits do not hold, such as the zero time.
func nanos(t time.Time) C.int64_t {
	switch seconds := t.Unix(); {
	case seconds < math.MinInt64/1_000_000_000:
		return math.MinInt64
	case seconds >= math.MaxInt64/1_000_000_000:
		return math.MaxInt64
	}
	return C.int64_t(t.UnixNano())
}

func moment(ns C.int64_t) time.Time { return time.Unix(0, int64(ns)).UTC() }

func maybe(known C.uint32_t, ns C.int64_t) time.Time {
	if known == 0 {
		return time.Time{}
	}
	return moment(ns)
}
