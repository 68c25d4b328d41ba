package oracle

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/go-logr/logr"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	resources "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// upstream answers cases by the unmodified calculator and controller. Time is the virtual clock of
// testing/synctest, so equal moments are equal and hours pass at once.
type upstream struct{ t *testing.T }

// calculate must run inside a bubble, or boundary moments pass between two readings of the clock.
func (u upstream) calculate(c calculation) answer { return u.prepare(c)() }

// prepare makes upstream's objects, so that a benchmark need not count them.
func (upstream) prepare(c calculation) func() answer {
	now := time.Now()
	if c.whole != nil {
		return prepareWhole(c.fn, c.whole, now)
	}
	return preparePerPod(c.fn, c.perPod, now)
}

// inBubble runs many calculations under one clock that stands still.
func (u upstream) inBubble(do func()) {
	synctest.Test(u.t, func(*testing.T) { do() })
}

// tolerances has the layout of upstream's type, whose fields have no exported name.
func tolerances(t tolerance) podautoscaler.Tolerances {
	pair := [2]float64{t.Down, t.Up}
	return *(*podautoscaler.Tolerances)(unsafe.Pointer(&pair))
}

func calculator(s *supply, initialization, delay int64) *podautoscaler.ReplicaCalculator {
	seconds := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	return podautoscaler.NewReplicaCalculator(s.client(), podLister{s: s}, seconds(initialization), seconds(delay))
}

func preparePerPod(fn string, in *perPod, now time.Time) func() answer {
	var name v1.ResourceName
	var names []v1.ResourceName
	s := &supply{}
	if in.Resource != nil {
		name = v1.ResourceName(*in.Resource)
		names = []v1.ResourceName{name}
		list := podMetrics(in.Metrics, name, now)
		s.resource = func() (*resources.PodMetricsList, error) { return list, nil }
	} else {
		list := perPodValues(in.Metrics, now)
		s.perPod = func(string) (*custom.MetricValueList, error) { return list, nil }
	}
	pods := podObjects(in.Pods, names, now)
	s.listPods = func() []*v1.Pod { return pods }
	c := calculator(s, in.CPUInitialization, in.ReadinessDelay)
	container := ""
	if in.Container != nil {
		container = *in.Container
	}
	ctx, all, within := quiet(), labels.Everything(), tolerances(in.Tolerance)
	if fn == "resource_utilization" {
		return func() answer {
			n, percent, raw, _, err := c.GetResourceReplicas(ctx, in.Current, *in.TargetUtilization, name, within, namespace, all, container)
			if err != nil {
				return answer{Error: classify(err)}
			}
			return answer{Replicas: &n, Utilization: &percent, AverageValue: &raw}
		}
	}
	return func() answer {
		var n int32
		var raw int64
		var err error
		if in.Resource != nil {
			n, raw, _, err = c.GetRawResourceReplicas(ctx, in.Current, *in.TargetAverage, name, within, namespace, all, container)
		} else {
			n, raw, _, err = c.GetMetricReplicas(in.Current, *in.TargetAverage, "m", within, namespace, all, all)
		}
		if err != nil {
			return answer{Error: classify(err)}
		}
		return answer{Replicas: &n, AverageValue: &raw}
	}
}

func prepareWhole(fn string, in *whole, now time.Time) func() answer {
	pods := podObjects(in.Pods, nil, now)
	s := &supply{
		listPods: func() []*v1.Pod { return pods },
		object:   func(string) (*custom.MetricValue, error) { return &custom.MetricValue{Value: quantity(*in.Value)}, nil },
		external: func(string) (*external.ExternalMetricValueList, error) { return externalValues(in.Values), nil },
	}
	c, all, within := calculator(s, 0, 0), labels.Everything(), tolerances(in.Tolerance)
	object := &autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "front"}
	return func() answer {
		var n int32
		var shown int64
		var err error
		switch fn {
		case "object_value":
			n, shown, _, err = c.GetObjectMetricReplicas(*in.Current, *in.TargetValue, "m", within, namespace, object, all, all)
		case "external_value":
			n, shown, _, err = c.GetExternalMetricReplicas(*in.Current, *in.TargetValue, "m", within, namespace, nil, all)
		case "object_average_value":
			n, shown, _, err = c.GetObjectPerPodMetricReplicas(*in.Running, *in.TargetAverage, "m", within, namespace, object, all)
		case "external_average_value":
			n, shown, _, err = c.GetExternalPerPodMetricReplicas(*in.Running, *in.TargetAverage, "m", within, namespace, nil)
		default:
			panic(fn)
		}
		switch {
		case err != nil:
			return answer{Error: classify(err)}
		case in.Running != nil:
			return answer{Replicas: &n, AverageValue: &shown}
		}
		return answer{Replicas: &n, Value: &shown}
	}
}

// quiet is a context whose logger says nothing.
func quiet() context.Context { return klog.NewContext(context.Background(), logr.Discard()) }

// world is the cluster around one HPA.
type world struct {
	supply
	hpa      *autoscalingv2.HorizontalPodAutoscaler
	spec     spec
	replicas int32
	selector string
	pods     []*v1.Pod
	podsOf   []pod
	podsAt   time.Time
	names    []v1.ResourceName
	resource map[string]since
	values   map[string]since
	objects  map[string]int64
	external map[string][]int64

	// The sync under way: its moment, its step, what it wrote, how often it listed pod metrics.
	now     time.Time
	step    step
	written *int32
	listed  int
	errors  []error
	version int
}

type since struct {
	at      time.Time
	samples []sample
}

// catchUp ends the moment before the sync. The real clock moves on between the initial recommendation
// and the reading that the windows count from, and at a window's edge this shows. So each sync begins
// a nanosecond early, and the first call out of the controller after that recommendation waits for
// the sync's own moment.
func (w *world) catchUp() {
	if early := time.Until(w.now); early > 0 {
		time.Sleep(early)
	}
}

// touch gives the HPA a new version, by which upstream knows that its cache is not older than its
// own last write.
func (w *world) touch() {
	w.version++
	w.hpa.ResourceVersion = strconv.Itoa(w.version)
}

func (w *world) running() int32 {
	if w.step.Running != nil {
		return *w.step.Running
	}
	return w.replicas
}

// Ways in which a target cannot be read. All of them look the same from outside; the step's moment
// chooses one.
const (
	readable = iota
	badVersion
	noMapping
	noAnswer
)

func (w *world) getFailure() int {
	if !w.step.GetFails {
		return readable
	}
	return badVersion + int(w.step.At%3)
}

func (w *world) selectorText() string {
	switch w.selector {
	case "missing":
		return ""
	case "unparsable":
		return "no selector !!"
	}
	return podSelector
}

func (w *world) fails(source string) error {
	for _, each := range w.step.Failing {
		if each == source {
			return errServed
		}
	}
	return nil
}

// listedResource is the resource that the n-th list of pod metrics in a sync asks for: the call does
// not say.
func (w *world) listedResource(n int) string {
	for i := range w.spec.Metrics {
		m := &w.spec.Metrics[i]
		if m.Type != "Resource" && m.Type != "ContainerResource" {
			continue
		}
		if m.Target.Average == nil && m.Target.Utilization == nil {
			continue
		}
		if n == 0 {
			return m.Name
		}
		n--
	}
	panic("a list of pod metrics that no metric asks for")
}

func newWorld(h *history) *world {
	w := &world{
		hpa:      &autoscalingv2.HorizontalPodAutoscaler{},
		replicas: h.Start,
		selector: "ok",
		podsAt:   time.Now(),
		resource: map[string]since{},
		values:   map[string]since{},
		objects:  map[string]int64{},
		external: map[string][]int64{},
	}
	w.hpa.Name, w.hpa.Namespace, w.hpa.UID = hpaName, namespace, "1"
	for _, c := range h.Conditions {
		w.hpa.Status.Conditions = append(w.hpa.Status.Conditions, autoscalingv2.HorizontalPodAutoscalerCondition{
			Type:   autoscalingv2.HorizontalPodAutoscalerConditionType(c.Type),
			Status: v1.ConditionStatus(c.Status), Reason: c.Reason,
		})
	}
	w.setSpec(h.Spec)
	w.supply = supply{
		listPods: func() []*v1.Pod {
			w.catchUp()
			return w.pods
		},
		resource: func() (*resources.PodMetricsList, error) {
			name := w.listedResource(w.listed)
			w.listed++
			given := w.resource[name]
			return podMetrics(given.samples, v1.ResourceName(name), given.at), w.fails("resource")
		},
		perPod: func(name string) (*custom.MetricValueList, error) {
			given := w.values[name]
			return perPodValues(given.samples, given.at), w.fails("pods")
		},
		object: func(name string) (*custom.MetricValue, error) {
			value, found := w.objects[name]
			if !found {
				return nil, errServed
			}
			return &custom.MetricValue{Value: quantity(value)}, w.fails("object")
		},
		external: func(name string) (*external.ExternalMetricValueList, error) {
			return externalValues(w.external[name]), w.fails("external")
		},
	}
	return w
}

func (w *world) setSpec(s spec) {
	w.spec = s
	w.hpa.Spec = s.object()
	w.hpa.Generation++
	w.names = nil
	for _, m := range s.Metrics {
		if m.Name != "" {
			w.names = append(w.names, v1.ResourceName(m.Name))
		}
	}
	// Requests are of the resources that the metrics name.
	w.pods = podObjects(w.podsOf, w.names, w.podsAt)
}

func (w *world) apply(s step) {
	w.step, w.written, w.listed, w.errors = s, nil, 0, nil
	if s.Spec != nil {
		w.setSpec(*s.Spec)
	}
	if s.Selector != "" {
		w.selector = s.Selector
	}
	if s.Pods != nil {
		w.podsOf, w.podsAt = s.Pods, w.now
		w.pods = podObjects(s.Pods, w.names, w.now)
	}
	for name, samples := range s.Resource {
		w.resource[name] = since{w.now, samples}
	}
	for name, samples := range s.PerPod {
		w.values[name] = since{w.now, samples}
	}
	for name, value := range s.Object {
		w.objects[name] = value
	}
	for name, values := range s.External {
		w.external[name] = values
	}
	if s.SetReplicas != nil {
		w.replicas = *s.SetReplicas
	}
	w.touch()
}

// process is a running controller, and what it is reached through.
type process struct {
	controller *podautoscaler.HorizontalController
	informer   *informer
	recorder   *recorder
	cancel     context.CancelFunc
	done       chan struct{}
}

func start(w *world, f flags) *process {
	seconds := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	p := &process{informer: &informer{store: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{
		cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
	})}, recorder: &recorder{}, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(quiet())
	p.cancel = cancel
	p.controller = podautoscaler.NewHorizontalController(
		ctx, noEvents{}, scales{w: w}, statuses{w: w}, mapper{w: w}, w.client(),
		hpaInformer{informer: p.informer}, podInformer{s: &w.supply},
		// No sync of its own: each step announces its one.
		100*365*24*time.Hour,
		seconds(f.Stabilization), f.Tolerance, seconds(f.CPUInitialization), seconds(f.ReadinessDelay),
	)
	*field[eventRecorder](p.controller, "eventRecorder") = p.recorder
	go func() {
		p.controller.Run(ctx, 1)
		close(p.done)
	}()
	return p
}

// stop waits for the end, since every goroutine must end inside its bubble.
func (p *process) stop() {
	p.cancel()
	<-p.done
}

// field reaches an unexported field; T must have its layout.
func field[T any](controller *podautoscaler.HorizontalController, name string) *T {
	return (*T)(unsafe.Pointer(reflect.ValueOf(controller).Elem().FieldByName(name).UnsafeAddr()))
}

// The layouts of upstream's memory.
type (
	recommendation struct {
		replicas int32
		at       time.Time
	}
	scaleEvent struct {
		change   int32
		at       time.Time
		outdated bool
	}
)

func (p *process) memory(base time.Time) memory {
	const key = namespace + "/" + hpaName
	var m memory
	for _, r := range (*field[map[string][]recommendation](p.controller, "recommendations"))[key] {
		m.Recommendations = append(m.Recommendations, remembered{Count: r.replicas, At: int64(r.at.Sub(base))})
	}
	events := func(name string) (list []remembered) {
		for _, e := range (*field[map[string][]scaleEvent](p.controller, name))[key] {
			list = append(list, remembered{e.change, int64(e.at.Sub(base)), e.outdated})
		}
		return list
	}
	m.Up, m.Down = events("scaleUpEvents"), events("scaleDownEvents")
	return m
}

// selectorTracker is the part of upstream's tracker through which a second HPA claims the same pods.
type selectorTracker interface {
	PutIfAbsent(namespace string, key selectors.Key, selector labels.Selector) bool
	Delete(namespace string, key selectors.Key)
}

func (p *process) claim(twice bool) {
	other := selectors.Key{Name: "other", Namespace: namespace}
	tracker := reflect.NewAt(
		reflect.TypeOf(p.controller).Elem().Field(trackerField).Type,
		unsafe.Pointer(reflect.ValueOf(p.controller).Elem().Field(trackerField).UnsafeAddr()),
	).Elem().Interface().(selectorTracker)
	if twice {
		tracker.PutIfAbsent(namespace, other, labels.Everything())
	} else {
		tracker.Delete(namespace, other)
	}
}

var trackerField = func() int {
	field, found := reflect.TypeFor[podautoscaler.HorizontalController]().FieldByName("selectorTracker")
	if !found {
		panic("upstream has no selectorTracker")
	}
	return field.Index[0]
}()

func (u upstream) run(h history) []outcome {
	head := h
	head.Steps = nil
	_, outcomes := u.follow(head, func(i int, _ int32) *step {
		if i == len(h.Steps) {
			return nil
		}
		return &h.Steps[i]
	})
	return outcomes
}

// follow runs the steps that next makes up, who is told the target's replicas, and so can choose what
// matters there; nil ends the history. It returns the history as it was run.
func (u upstream) follow(h history, next func(i int, replicas int32) *step) (history, []outcome) {
	var outcomes []outcome
	err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{"HPAScaleToZero": h.Gates.ScaleToZero})
	if err != nil {
		panic(err)
	}
	synctest.Test(u.t, func(*testing.T) {
		// Ages reach back from here, and the first sync begins a nanosecond before it.
		base := time.Now().Add(time.Hour)
		w := newWorld(&h)
		// The default handler sleeps between errors, and would move the clock.
		utilruntime.ErrorHandlers = []utilruntime.ErrorHandler{
			func(_ context.Context, err error, _ string, _ ...any) { w.errors = append(w.errors, err) },
		}
		p := start(w, h.Controller)
		for i := 0; ; i++ {
			s := next(i, w.replicas)
			if s == nil {
				break
			}
			h.Steps = append(h.Steps, *s)
			w.now = base.Add(time.Duration(s.At) * time.Second)
			time.Sleep(time.Until(w.now.Add(-1)))
			if s.Restart {
				p.stop()
				p = start(w, h.Controller)
			}
			w.apply(*s)
			p.claim(w.selector == "ambiguous")
			outcomes = append(outcomes, p.sync(w, base))
		}
		p.stop()
	})
	return h, outcomes
}

// sync announces the HPA and waits until the controller has dealt with it.
func (p *process) sync(w *world, base time.Time) outcome {
	before := w.replicas
	p.recorder.reasons = nil
	hpa := w.hpa.DeepCopy()
	if w.getFailure() == badVersion {
		hpa.Spec.ScaleTargetRef.APIVersion = "no/version/this"
	}
	if err := p.informer.store.Update(hpa); err != nil {
		panic(err)
	}
	p.informer.handler.OnAdd(hpa, false)
	synctest.Wait()
	time.Sleep(time.Until(w.now))
	synctest.Wait()
	if w.step.UpdateFails {
		// Conflicts are tried again 10 ms later, five times.
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
	}
	o := outcome{Before: before, Error: "none", Events: p.recorder.reasons, Memory: p.memory(base)}
	if w.written != nil {
		o.Rescaled = true
		w.replicas = *w.written
	}
	if len(w.errors) > 0 {
		o.Error = "internal"
	}
	o.Desired = w.hpa.Status.DesiredReplicas
	for _, c := range w.hpa.Status.Conditions {
		o.Conditions = append(o.Conditions, fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason))
	}
	return o
}
