package oracle

import (
	"context"
	"errors"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalinginformers "k8s.io/client-go/informers/autoscaling/v2"
	coreinformers "k8s.io/client-go/informers/core/v1"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	v1core "k8s.io/client-go/kubernetes/typed/core/v1"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	resources "k8s.io/metrics/pkg/apis/metrics/v1beta1"
	resourceclient "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
	customclient "k8s.io/metrics/pkg/client/custom_metrics"
	externalclient "k8s.io/metrics/pkg/client/external_metrics"
)

// What upstream talks to. Each type embeds the interface it stands for, so that a call which the
// controller is not known to make ends in a nil dereference instead of a made-up answer.

const (
	namespace   = "ns"
	hpaName     = "hpa"
	targetName  = "web"
	podSelector = "app=web"
)

var errServed = errors.New("failing as the case wants")

// supply is where every metric and pod comes from.
type supply struct {
	listPods func() []*v1.Pod
	resource func() (*resources.PodMetricsList, error)
	perPod   func(name string) (*custom.MetricValueList, error)
	object   func(name string) (*custom.MetricValue, error)
	external func(name string) (*external.ExternalMetricValueList, error)
}

func (s *supply) client() metricsclient.MetricsClient {
	return metricsclient.NewRESTMetricsClient(resourceMetrics{s: s}, customMetrics{s: s}, externalMetrics{s: s})
}

type resourceMetrics struct {
	resourceclient.PodMetricsInterface
	s *supply
}

func (m resourceMetrics) PodMetricses(string) resourceclient.PodMetricsInterface { return m }

func (m resourceMetrics) List(context.Context, metav1.ListOptions) (*resources.PodMetricsList, error) {
	return m.s.resource()
}

type customMetrics struct {
	customclient.CustomMetricsClient
	s *supply
}

func (m customMetrics) NamespacedMetrics(string) customclient.MetricsInterface { return m }

func (m customMetrics) GetForObject(_ schema.GroupKind, _, name string, _ labels.Selector) (*custom.MetricValue, error) {
	return m.s.object(name)
}

func (m customMetrics) GetForObjects(_ schema.GroupKind, _ labels.Selector, name string, _ labels.Selector) (*custom.MetricValueList, error) {
	return m.s.perPod(name)
}

type externalMetrics struct {
	externalclient.ExternalMetricsClient
	s *supply
}

func (m externalMetrics) NamespacedMetrics(string) externalclient.MetricsInterface { return m }

func (m externalMetrics) List(name string, _ labels.Selector) (*external.ExternalMetricValueList, error) {
	return m.s.external(name)
}

// podLister lists in the order of the case. The real one lists in the order of a Go map, which
// decides nothing but the pod that an error names.
type podLister struct {
	corelisters.PodLister
	s *supply
}

func (l podLister) Pods(string) corelisters.PodNamespaceLister { return podsOfNamespace{s: l.s} }

type podsOfNamespace struct {
	corelisters.PodNamespaceLister
	s *supply
}

func (l podsOfNamespace) List(labels.Selector) ([]*v1.Pod, error) { return l.s.listPods(), nil }

type podInformer struct {
	coreinformers.PodInformer
	s *supply
}

func (i podInformer) Informer() cache.SharedIndexInformer { return &informer{} }
func (i podInformer) Lister() corelisters.PodLister       { return podLister{s: i.s} }

// informer keeps the handler, through which a history announces each sync.
type informer struct {
	cache.SharedIndexInformer
	store   cache.Indexer
	handler cache.ResourceEventHandler
}

func (i *informer) HasSynced() bool       { return true }
func (i *informer) GetStore() cache.Store { return i.store }

type registration struct {
	cache.ResourceEventHandlerRegistration
}

func (i *informer) AddEventHandlerWithResyncPeriod(handler cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	i.handler = handler
	return registration{}, nil
}

type hpaInformer struct {
	autoscalinginformers.HorizontalPodAutoscalerInformer
	informer *informer
}

func (i hpaInformer) Informer() cache.SharedIndexInformer { return i.informer }

func (i hpaInformer) Lister() autoscalinglisters.HorizontalPodAutoscalerLister {
	return autoscalinglisters.NewHorizontalPodAutoscalerLister(i.informer.store)
}

// noEvents takes what the broadcaster would send; the recorder below hears all events before it.
type noEvents struct{ v1core.EventsGetter }

func (noEvents) Events(string) v1core.EventInterface { return nil }

// recorder keeps the reasons in order, at once and without aggregation.
type eventRecorder = record.EventRecorder

type recorder struct {
	record.EventRecorder
	reasons []string
}

func (r *recorder) Event(_ runtime.Object, _, reason, _ string) {
	r.reasons = append(r.reasons, reason)
}

func (r *recorder) Eventf(_ runtime.Object, _, reason, _ string, _ ...any) {
	r.reasons = append(r.reasons, reason)
}

// mapper offers two resources for the target's kind, and the first does not exist: upstream takes the
// first that can be read.
type mapper struct {
	apimeta.RESTMapper
	w *world
}

const absentResource, targetResource = "widgets", "deployments"

func (m mapper) RESTMappings(schema.GroupKind, ...string) ([]*apimeta.RESTMapping, error) {
	if m.w.getFailure() == noMapping {
		return nil, errServed
	}
	var mappings []*apimeta.RESTMapping
	for _, name := range []string{absentResource, targetResource} {
		resource := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: name}
		mappings = append(mappings, &apimeta.RESTMapping{Resource: resource})
	}
	return mappings, nil
}

// scales reads and writes the target of a world.
type scales struct {
	scaleclient.ScaleInterface
	w *world
}

func (s scales) Scales(string) scaleclient.ScaleInterface { return s }

func (s scales) Get(_ context.Context, resource schema.GroupResource, _ string, _ metav1.GetOptions) (*autoscalingv1.Scale, error) {
	if s.w.getFailure() == noAnswer || resource.Resource == absentResource {
		return nil, errServed
	}
	scale := &autoscalingv1.Scale{}
	scale.Name, scale.Namespace = targetName, namespace
	scale.Spec.Replicas = s.w.replicas
	scale.Status.Replicas = s.w.running()
	scale.Status.Selector = s.w.selectorText()
	return scale, nil
}

func (s scales) Update(_ context.Context, resource schema.GroupResource, scale *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.w.catchUp()
	if s.w.step.UpdateFails {
		// Upstream tries a conflict again, and gives up in the end: both ways to fail look the same.
		if s.w.step.At%2 == 0 {
			return nil, apierrors.NewConflict(resource, targetName, errServed)
		}
		return nil, errServed
	}
	s.w.written = &scale.Spec.Replicas
	return scale, nil
}

// statuses keeps what the controller writes to the HPA.
type statuses struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	w *world
}

func (s statuses) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return s
}

func (s statuses) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, _ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	s.w.hpa.Status = *hpa.Status.DeepCopy()
	s.w.touch()
	return s.w.hpa.DeepCopy(), nil
}
