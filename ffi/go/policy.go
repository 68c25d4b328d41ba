package plimsoll

// #include "plimsoll.h"
import "C"

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// Profile is the release of Kubernetes that is answered like.
type Profile int32

// The releases whose HPAs differ; V1_32 is also those before.
const (
	V1_32 Profile = C.PLIMSOLL_PROFILE_V1_32
	V1_33 Profile = C.PLIMSOLL_PROFILE_V1_33
	V1_34 Profile = C.PLIMSOLL_PROFILE_V1_34
	V1_35 Profile = C.PLIMSOLL_PROFILE_V1_35
	V1_36 Profile = C.PLIMSOLL_PROFILE_V1_36
	V1_37 Profile = C.PLIMSOLL_PROFILE_V1_37
)

// Gate is whether a feature gate is on.
type Gate int32

// A gate is as in the release that is answered like, or on or off where that release has it.
const (
	GateDefault Gate = C.PLIMSOLL_GATE_DEFAULT
	GateOn      Gate = C.PLIMSOLL_GATE_ON
	GateOff     Gate = C.PLIMSOLL_GATE_OFF
)

// ColdStart is what a history that knows nothing yet allows.
type ColdStart int32

// Upstream counts the current number as a recommendation; the other moves nothing in a direction before that
// direction's window was watched from end to end.
const (
	Seed                  ColdStart = C.PLIMSOLL_COLD_START_SEED
	HoldUntilWindowFilled ColdStart = C.PLIMSOLL_COLD_START_HOLD_UNTIL_WINDOW_FILLED
)

// Source is where a metric comes from.
type Source int32

// The sources of the API. A metric of an unknown one always fails.
const (
	Resource          Source = C.PLIMSOLL_SOURCE_RESOURCE           // CPU, memory, … of whole pods
	ContainerResource Source = C.PLIMSOLL_SOURCE_CONTAINER_RESOURCE // the same, of one container in each pod
	Pods              Source = C.PLIMSOLL_SOURCE_PODS               // a custom metric with one value per pod
	Object            Source = C.PLIMSOLL_SOURCE_OBJECT             // a custom metric of one object
	External          Source = C.PLIMSOLL_SOURCE_EXTERNAL           // a list of values from outside the cluster, added up
	UnknownSource     Source = C.PLIMSOLL_SOURCE_UNKNOWN
)

// Target is what a metric is compared with. The zero value is unusable: a metric with it always fails, as in upstream
// one whose manifest names one kind of target and sets another.
type Target struct {
	kind    C.int32_t
	percent int32
	milli   Milli
}

// Utilization is a percentage of the pods' requests, 1 or more. For Resource and ContainerResource.
func Utilization(percent int32) Target {
	return Target{kind: C.PLIMSOLL_TARGET_KIND_UTILIZATION, percent: percent}
}

// AverageValue is an amount per pod, 1 or more. For all sources.
func AverageValue(amount Milli) Target {
	return Target{kind: C.PLIMSOLL_TARGET_KIND_AVERAGE_VALUE, milli: amount}
}

// Value is an amount of the whole, 1 or more. For Object and External.
func Value(amount Milli) Target { return Target{kind: C.PLIMSOLL_TARGET_KIND_VALUE, milli: amount} }

// Metric is one metric of a policy.
type Metric struct {
	Source    Source
	Name      string // of the resource, where cpu and memory mean something, or of the metric
	Container string // for a ContainerResource only
	Target    Target
}

// Select says which of several rates counts.
type Select int32

// The rate that allows the most change, the least, or none: no change in this direction.
const (
	SelectMax      Select = C.PLIMSOLL_SELECT_MAX
	SelectMin      Select = C.PLIMSOLL_SELECT_MIN
	SelectDisabled Select = C.PLIMSOLL_SELECT_DISABLED
)

// RateKind is what a rate counts: pods, or percent of the replicas at the beginning of its period.
type RateKind int32

// The two kinds of rates.
const (
	RatePods    RateKind = C.PLIMSOLL_RATE_KIND_PODS
	RatePercent RateKind = C.PLIMSOLL_RATE_KIND_PERCENT
)

// Rate allows at most so much change in any period.
type Rate struct {
	Kind   RateKind
	Value  int32         // 1 or more; percent may be above 100
	Period time.Duration // 1 s to 30 min
}

// Rules are a behavior in one direction. The zero value is what the API fills in where a manifest has nothing.
type Rules struct {
	Select Select
	// At most 16. Empty means the API's defaults: 100 % in 15 s, and upward also 4 pods in 15 s.
	Rates []Rate
	// The stabilization window, at most an hour. nil means none upward, and Config.DownscaleStabilization downward.
	Window *time.Duration
	// How far a ratio may be from 1 without a change, 0 or more. nil means Config.Tolerance.
	Tolerance *float64
}

// Behavior is spec.behavior.
type Behavior struct{ Up, Down Rules }

// Config is what a policy is made from. Begin with [DefaultConfig]: zero means zero here.
type Config struct {
	MinReplicas int32     // 0 or more; 1 by default
	MaxReplicas int32     // at least 1 and MinReplicas; there is no default
	Metrics     []Metric  // 1 to 16
	Behavior    *Behavior // nil for an HPA without spec.behavior
	Profile     Profile   // 1.37 by default

	SyncPeriod              time.Duration // above 0; only the size of histories depends on it; 15 s by default
	DownscaleStabilization  time.Duration // the window downward where no behavior gives one; 5 min by default
	CPUInitializationPeriod time.Duration // how long after its start a pod's CPU is judged by its sample's window; 5 min by default
	InitialReadinessDelay   time.Duration // how soon after its start an unready pod counts as never having been ready; 30 s by default
	Tolerance               float64       // how far a ratio may be from 1 without a change, 0 or more; 0.1 by default

	ScaleToZero            Gate // HPAScaleToZero
	ConfigurableTolerance  Gate // HPAConfigurableTolerance
	PodLevelResources      Gate // PodLevelResources
	ColdStart              ColdStart
	MendAverageOnTarget    bool // an average of an Object or External metric within tolerance holds the replicas wanted, not those running
	MendPodsRateAtOverflow bool // a rate in pods whose sum passes 2³¹−1 allows 2³¹−1; upstream wraps
}

func defaults() C.struct_plimsoll_hpa_config {
	config := C.struct_plimsoll_hpa_config{struct_size: C.sizeof_struct_plimsoll_hpa_config}
	// It fails only for a struct of another size, and this one has the header's.
	C.plimsoll_hpa_config_defaults(&config)
	return config
}

// DefaultConfig has the defaults of the kube-controller-manager. MaxReplicas and Metrics are left to be set.
func DefaultConfig() Config {
	config := defaults()
	return Config{
		MinReplicas:             int32(config.min_replicas),
		Profile:                 Profile(config.profile),
		SyncPeriod:              time.Duration(config.sync_period_ns),
		DownscaleStabilization:  time.Duration(config.downscale_window_ns),
		CPUInitializationPeriod: time.Duration(config.cpu_initialization_period_ns),
		InitialReadinessDelay:   time.Duration(config.initial_readiness_delay_ns),
		Tolerance:               float64(config.tolerance),
		ScaleToZero:             Gate(config.scale_to_zero),
		ConfigurableTolerance:   Gate(config.own_tolerances),
		PodLevelResources:       Gate(config.pod_level_requests),
		ColdStart:               ColdStart(config.cold_start),
		MendAverageOnTarget:     config.mend_on_target != 0,
		MendPodsRateAtOverflow:  config.mend_pods_rule != 0,
	}
}

// Policy decides. It never changes, and may be used by any number of goroutines at once.
type Policy struct {
	memory  []uint64
	room    C.int32_t
	metrics int
}

func (p *Policy) c() *C.struct_plimsoll_hpa {
	if p == nil || len(p.memory) == 0 {
		return nil
	}
	return (*C.struct_plimsoll_hpa)(unsafe.Pointer(&p.memory[0]))
}

// NewPolicy makes a policy, and copies all it needs from the configuration.
func NewPolicy(config Config) (*Policy, error) {
	policy, err := newPolicy(&config)
	if err != nil {
		return nil, fmt.Errorf("plimsoll: policy: %w", err)
	}
	return policy, nil
}

func newPolicy(config *Config) (*Policy, error) {
	// C reads structs that point to each other, all of them in Go's memory.
	var pins runtime.Pinner
	defer pins.Unpin()
	for _, each := range []time.Duration{
		config.SyncPeriod, config.DownscaleStabilization, config.CPUInitializationPeriod, config.InitialReadinessDelay,
	} {
		// As an unsigned number a negative one would be a very long time.
		if each < 0 {
			return nil, ErrOutOfRange
		}
	}
	made := defaults()
	made.min_replicas = C.int32_t(config.MinReplicas)
	made.max_replicas = C.int32_t(config.MaxReplicas)
	made.profile = C.int32_t(config.Profile)
	made.sync_period_ns = C.uint64_t(config.SyncPeriod)
	made.downscale_window_ns = C.uint64_t(config.DownscaleStabilization)
	made.cpu_initialization_period_ns = C.uint64_t(config.CPUInitializationPeriod)
	made.initial_readiness_delay_ns = C.uint64_t(config.InitialReadinessDelay)
	made.tolerance = C.double(config.Tolerance)
	made.scale_to_zero = C.int32_t(config.ScaleToZero)
	made.own_tolerances = C.int32_t(config.ConfigurableTolerance)
	made.pod_level_requests = C.int32_t(config.PodLevelResources)
	made.cold_start = C.int32_t(config.ColdStart)
	made.mend_on_target = flag(config.MendAverageOnTarget)
	made.mend_pods_rule = flag(config.MendPodsRateAtOverflow)

	text := func(s string) (*C.char, C.size_t) {
		// Never a nil pointer, also for no text.
		bytes := append([]byte(s), 0)
		pins.Pin(&bytes[0])
		return (*C.char)(unsafe.Pointer(&bytes[0])), C.size_t(len(s))
	}
	metrics := make([]C.struct_plimsoll_metric, len(config.Metrics))
	for i := range metrics {
		given, metric := &config.Metrics[i], &metrics[i]
		metric.struct_size = C.sizeof_struct_plimsoll_metric
		metric.source = C.int32_t(given.Source)
		metric.target = given.Target.kind
		if metric.target == 0 {
			metric.target = C.PLIMSOLL_TARGET_KIND_UNUSABLE
		}
		metric.target_percent = C.int32_t(given.Target.percent)
		metric.target_milli = C.int64_t(given.Target.milli)
		metric.name, metric.name_length = text(given.Name)
		metric.container, metric.container_length = text(given.Container)
	}
	if len(metrics) > 0 {
		pins.Pin(&metrics[0])
		made.metrics = &metrics[0]
	} else {
		return nil, ErrEmpty
	}
	made.metrics_length = C.size_t(len(metrics))
	made.metrics_stride = C.sizeof_struct_plimsoll_metric

	if config.Behavior != nil {
		var err error
		if made.up, err = config.Behavior.Up.c(&pins, true); err != nil {
			return nil, err
		}
		if made.down, err = config.Behavior.Down.c(&pins, false); err != nil {
			return nil, err
		}
	}

	policy := &Policy{memory: words(C.plimsoll_hpa_size()), metrics: len(metrics)}
	if status := C.plimsoll_hpa_init(policy.c(), C.plimsoll_hpa_size(), &made); status != ok {
		return nil, Error(status)
	}
	switch status := C.plimsoll_hpa_room(policy.c(), &policy.room); status {
	case ok:
	case C.PLIMSOLL_STATUS_CAPACITY:
		// The longest history decides all the same, merges its oldest entries and says so in a step.
		policy.room = C.PLIMSOLL_ROOM_LONGEST_BY_SECONDS
	default:
		return nil, Error(status)
	}
	return policy, nil
}

func (r *Rules) c(pins *runtime.Pinner, up bool) (*C.struct_plimsoll_rules, error) {
	given := r.Rates
	if len(given) == 0 {
		given = []Rate{{RatePercent, 100, 15 * time.Second}}
		if up {
			given = []Rate{{RatePods, 4, 15 * time.Second}, given[0]}
		}
	}
	rates := make([]C.struct_plimsoll_rate_rule, len(given))
	for i, rate := range given {
		if rate.Period < 0 {
			return nil, ErrOutOfRange
		}
		rates[i] = C.struct_plimsoll_rate_rule{
			struct_size: C.sizeof_struct_plimsoll_rate_rule,
			kind:        C.int32_t(rate.Kind),
			value:       C.int32_t(rate.Value),
			period_ns:   C.uint64_t(rate.Period),
		}
	}
	rules := &C.struct_plimsoll_rules{
		struct_size:  C.sizeof_struct_plimsoll_rules,
		rates:        &rates[0],
		rates_length: C.size_t(len(rates)),
		rates_stride: C.sizeof_struct_plimsoll_rate_rule,
	}
	// A field of that name is a keyword of Go, so cgo has it with an underscore.
	rules._select = C.int32_t(r.Select)
	if r.Window != nil {
		if *r.Window < 0 {
			return nil, ErrOutOfRange
		}
		rules.has_window, rules.window_ns = 1, C.uint64_t(*r.Window)
	}
	if r.Tolerance != nil {
		rules.has_tolerance, rules.tolerance = 1, C.double(*r.Tolerance)
	}
	pins.Pin(&rates[0])
	pins.Pin(rules)
	return rules, nil
}

// words is memory for a value of C, aligned for any of its fields.
func words(bytes C.size_t) []uint64 { return make([]uint64, (bytes+7)/8) }
