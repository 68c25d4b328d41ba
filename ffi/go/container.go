package plimsoll

// #include "plimsoll.h"
//
// #cgo noescape plimsoll_pod_request
// #cgo nocallback plimsoll_pod_request
// #cgo noescape plimsoll_pod_usage
// #cgo nocallback plimsoll_pod_usage
import "C"

import (
	"runtime"
	"unsafe"
)

// ContainerKind is when a container runs.
type ContainerKind int32

// A main container runs with the pod, an init container before it and to its end. A sidecar is an init container with
// restartPolicy Always: it starts before the pod and runs with it.
const (
	MainContainer    ContainerKind = C.PLIMSOLL_CONTAINER_KIND_MAIN
	InitContainer    ContainerKind = C.PLIMSOLL_CONTAINER_KIND_INIT
	SidecarContainer ContainerKind = C.PLIMSOLL_CONTAINER_KIND_SIDECAR
)

// Container is what a container of a pod requests of one resource. The zero Kind counts as a main container.
type Container struct {
	Name    string
	Kind    ContainerKind
	Request *Milli // nil: nothing is set
}

// PodLevel is what is set for a pod as a whole, of one resource.
type PodLevel struct {
	Set      bool   // spec.resources has requests, for this or another supported resource
	Request  *Milli // of this resource
	Overhead *Milli // spec.overhead
}

// ContainerUsage is what a container of a pod was seen to use of one resource.
type ContainerUsage struct {
	Name  string
	Usage *Milli // nil: the resource is not reported
}

// PodRequest is what a pod requests of a metric's resource, by the rules of the release that is answered like: what
// belongs into Pod.Request and Pod.RequestError. Metrics are counted from 0. Init containers stand in their order, main
// containers anywhere. The error is about the call itself.
func (p *Policy) PodRequest(metric int, containers []Container, level PodLevel) (Milli, RequestError, error) {
	if err := p.has(metric, "pod request"); err != nil {
		return 0, 0, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	names := nameList{}
	made := make([]C.struct_plimsoll_container, len(containers))
	for i, each := range containers {
		made[i] = C.struct_plimsoll_container{
			struct_size: C.sizeof_struct_plimsoll_container,
			kind:        C.int32_t(each.Kind),
			name_length: names.add(each.Name),
		}
		if each.Kind == 0 {
			made[i].kind = C.PLIMSOLL_CONTAINER_KIND_MAIN
		}
		if each.Request != nil {
			made[i].has_request, made[i].request_milli = 1, C.int64_t(*each.Request)
		}
	}
	next := names.pinned(&pins)
	for i := range made {
		made[i].name = next(made[i].name_length)
	}
	whole := C.struct_plimsoll_pod_level{struct_size: C.sizeof_struct_plimsoll_pod_level, set: flag(level.Set)}
	if level.Request != nil {
		whole.has_request, whole.request_milli = 1, C.int64_t(*level.Request)
	}
	if level.Overhead != nil {
		whole.has_overhead, whole.overhead_milli = 1, C.int64_t(*level.Overhead)
	}
	var request C.int64_t
	var why C.int32_t
	status := C.plimsoll_pod_request(p.c(), C.uint32_t(metric), unsafe.SliceData(made), C.size_t(len(made)),
		C.sizeof_struct_plimsoll_container, &whole, &request, &why)
	return Milli(request), RequestError(why), failed("pod request", status)
}

// PodUsage is what a pod used of a metric's resource, from its containers' samples: what belongs into Sample.Value. It
// is nil where the pod has no sample for this metric: it reports no container, one of them without the resource, or not
// the metric's. The kind of error is 0, or NoContainerInSample where the release lets the whole metric fail (1.32). The
// error is about the call itself.
func (p *Policy) PodUsage(metric int, containers []ContainerUsage) (*Milli, MetricErrorKind, error) {
	if err := p.has(metric, "pod usage"); err != nil {
		return nil, 0, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	names := nameList{}
	made := make([]C.struct_plimsoll_container_usage, len(containers))
	for i, each := range containers {
		made[i] = C.struct_plimsoll_container_usage{
			struct_size: C.sizeof_struct_plimsoll_container_usage, name_length: names.add(each.Name),
		}
		if each.Usage != nil {
			made[i].has_usage, made[i].usage_milli = 1, C.int64_t(*each.Usage)
		}
	}
	next := names.pinned(&pins)
	for i := range made {
		made[i].name = next(made[i].name_length)
	}
	var known C.uint32_t
	var usage C.int64_t
	var why C.int32_t
	status := C.plimsoll_pod_usage(p.c(), C.uint32_t(metric), unsafe.SliceData(made), C.size_t(len(made)),
		C.sizeof_struct_plimsoll_container_usage, &known, &usage, &why)
	if status != ok || known == 0 {
		return nil, MetricErrorKind(why), failed("pod usage", status)
	}
	return new(Milli(usage)), 0, nil
}

// has tells whether there is a policy, and a metric of that number in it.
func (p *Policy) has(metric int, what string) error {
	switch {
	case p == nil:
		return failed(what, C.plimsoll_status(ErrNil))
	case len(p.memory) == 0:
		return failed(what, C.plimsoll_status(ErrNotInitialized))
	case metric < 0 || metric >= p.metrics:
		return failed(what, C.plimsoll_status(ErrNoSuchMetric))
	}
	return nil
}

// nameList puts names one after another, so that one pin holds all that C reads.
type nameList struct{ bytes []byte }

func (l *nameList) add(name string) C.size_t {
	l.bytes = append(l.bytes, name...)
	return C.size_t(len(name))
}

// pinned gives the names back, in order. No pointer is nil, also for no text.
func (l *nameList) pinned(pins *runtime.Pinner) func(length C.size_t) *C.char {
	l.bytes = append(l.bytes, 0)
	pins.Pin(&l.bytes[0])
	at := 0
	return func(length C.size_t) *C.char {
		name := &l.bytes[at]
		at += int(length)
		return (*C.char)(unsafe.Pointer(name))
	}
}
