package oracle

// The cases, in the vocabulary of the published vectors: a case can be written as one, and a
// published one can be read and put to upstream again.

// Quantities are milli-units; times are ages in seconds before the moment they were given.

// farPast is an age that stands for Go's zero time, an unset timestamp.
const farPast = 1_000_000_000

type container struct {
	Name        string `json:"name"`
	Request     *int64 `json:"request"`
	Init        bool   `json:"init,omitempty"`
	Restartable bool   `json:"restartable,omitempty"`
}

type pod struct {
	Name            string      `json:"name"`
	Phase           string      `json:"phase"`
	Deleted         bool        `json:"deleted"`
	Ready           *string     `json:"ready"`
	ReadyChanged    *int64      `json:"ready_changed_ago_s"`
	Started         *int64      `json:"started_ago_s"`
	Containers      []container `json:"containers,omitempty"`
	PodLevelRequest *int64      `json:"pod_level_request,omitempty"`
	PodLevelOther   bool        `json:"pod_level_other,omitempty"`
	Overhead        *int64      `json:"overhead,omitempty"`
}

// sample has containers for a resource and a value for a Pods metric. An empty map is a pod that
// reports no container, so only an absent one may be left out.
type sample struct {
	Pod        string            `json:"pod"`
	Containers map[string]*int64 `json:"containers,omitzero"`
	Value      *int64            `json:"value,omitempty"`
	Sampled    int64             `json:"sampled_ago_s"`
	Window     int64             `json:"window_s"`
}

type tolerance struct {
	Down float64 `json:"scale_down"`
	Up   float64 `json:"scale_up"`
}

// perPod is the input of resource_utilization and per_pod_average_value.
type perPod struct {
	Resource          *string   `json:"resource"`
	Container         *string   `json:"container"`
	Current           int32     `json:"current_replicas"`
	TargetUtilization *int32    `json:"target_utilization,omitempty"`
	TargetAverage     *int64    `json:"target_average_value,omitempty"`
	Tolerance         tolerance `json:"tolerance"`
	CPUInitialization int64     `json:"cpu_initialization_period_s"`
	ReadinessDelay    int64     `json:"initial_readiness_delay_s"`
	Pods              []pod     `json:"pods"`
	Metrics           []sample  `json:"metrics"`
}

// whole is the input of the four functions of Object and External metrics.
type whole struct {
	Current       *int32    `json:"current_replicas,omitempty"`
	Running       *int32    `json:"status_replicas,omitempty"`
	TargetValue   *int64    `json:"target_value,omitempty"`
	TargetAverage *int64    `json:"target_average_value,omitempty"`
	Value         *int64    `json:"value,omitempty"`
	Values        []int64   `json:"values,omitzero"`
	Tolerance     tolerance `json:"tolerance"`
	Pods          []pod     `json:"pods,omitzero"`
}

// calculation asks for the proposal of one metric; one of the two inputs is set.
type calculation struct {
	fn     string
	perPod *perPod
	whole  *whole
}

// answer is a proposal, or a class of error in the schema's words.
type answer struct {
	Replicas     *int32 `json:"replicas,omitempty"`
	Utilization  *int32 `json:"utilization,omitempty"`
	AverageValue *int64 `json:"average_value,omitempty"`
	Value        *int64 `json:"value,omitempty"`
	Error        string `json:"error,omitempty"`
}

type gates struct {
	ScaleToZero           bool `json:"HPAScaleToZero"`
	ConfigurableTolerance bool `json:"HPAConfigurableTolerance"`
}

type flags struct {
	Tolerance         float64 `json:"tolerance"`
	Stabilization     int64   `json:"downscale_stabilization_s"`
	CPUInitialization int64   `json:"cpu_initialization_period_s"`
	ReadinessDelay    int64   `json:"initial_readiness_delay_s"`
}

type target struct {
	Type        string `json:"type,omitempty"`
	Utilization *int32 `json:"average_utilization,omitempty"`
	Average     *int64 `json:"average_value,omitempty"`
	Value       *int64 `json:"value,omitempty"`
}

type metric struct {
	Type      string  `json:"type"`
	Name      string  `json:"name,omitempty"`
	Metric    string  `json:"metric,omitempty"`
	Container string  `json:"container,omitempty"`
	Target    *target `json:"target,omitempty"`
}

type ratePolicy struct {
	Type   string `json:"type"`
	Value  int32  `json:"value"`
	Period int32  `json:"periodSeconds"`
}

type rules struct {
	Window    *int32       `json:"stabilizationWindowSeconds,omitempty"`
	Select    string       `json:"selectPolicy,omitempty"`
	Policies  []ratePolicy `json:"policies,omitempty"`
	Tolerance *float64     `json:"tolerance,omitempty"`
}

type behavior struct {
	Up   *rules `json:"scaleUp,omitempty"`
	Down *rules `json:"scaleDown,omitempty"`
}

type spec struct {
	Min      *int32    `json:"min_replicas"`
	Max      int32     `json:"max_replicas"`
	Metrics  []metric  `json:"metrics"`
	Behavior *behavior `json:"behavior"`
}

type condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

type step struct {
	At          int64               `json:"at_s"`
	Spec        *spec               `json:"spec,omitempty"`
	Selector    string              `json:"selector,omitempty"`
	Pods        []pod               `json:"pods,omitzero"`
	Resource    map[string][]sample `json:"resource_metrics,omitempty"`
	PerPod      map[string][]sample `json:"pod_metrics,omitempty"`
	Object      map[string]int64    `json:"object_metrics,omitempty"`
	External    map[string][]int64  `json:"external_metrics,omitempty"`
	SetReplicas *int32              `json:"set_replicas,omitempty"`
	Restart     bool                `json:"restart,omitempty"`
	Running     *int32              `json:"status_replicas,omitempty"`
	Failing     []string            `json:"metrics_errors,omitempty"`
	GetFails    bool                `json:"scale_get_error,omitempty"`
	UpdateFails bool                `json:"scale_update_error,omitempty"`
}

// history is one HPA over many syncs; memory is empty at the start.
type history struct {
	Gates      gates       `json:"gates"`
	Controller flags       `json:"controller"`
	Spec       spec        `json:"spec"`
	Start      int32       `json:"start_replicas"`
	Conditions []condition `json:"conditions"`
	Steps      []step      `json:"steps"`
}

// outcome is what one sync did.
type outcome struct {
	Before     int32    `json:"replicas_before"`
	Desired    int32    `json:"desired_replicas"`
	Rescaled   bool     `json:"rescaled"`
	Error      string   `json:"error"`
	Conditions []string `json:"conditions"`
	Events     []string `json:"events,omitempty"`

	// What is remembered after the sync; the published schema does not show it.
	Memory memory `json:"-"`
}

// memory is the three lists in list order, times in nanoseconds since the history's start. The
// recommendations are nil before the first sync that read the target.
type memory struct {
	Recommendations []remembered
	Up, Down        []remembered
}

type remembered struct {
	Count    int32
	At       int64
	Outdated bool
}

func ptr[T any](value T) *T { return &value }
