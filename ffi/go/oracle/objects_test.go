package oracle

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	resources "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// Cases as upstream's objects.

// otherResource is what a pod with pod_level_other sets at pod level: supported there, and named by
// no metric.
const otherResource = v1.ResourceName("hugepages-2Mi")

func quantity(milli int64) resource.Quantity {
	return *resource.NewMilliQuantity(milli, resource.DecimalSI)
}

func ago(since time.Time, seconds int64) metav1.Time {
	if seconds >= farPast {
		return metav1.Time{}
	}
	return metav1.NewTime(since.Add(-time.Duration(seconds) * time.Second))
}

func podObjects(pods []pod, names []v1.ResourceName, since time.Time) []*v1.Pod {
	var objects []*v1.Pod
	for i := range pods {
		objects = append(objects, podObject(&pods[i], names, since))
	}
	return objects
}

// podObject requests the same amount of each named resource: a case has one request per container,
// of whatever resource its metric names.
func podObject(p *pod, names []v1.ResourceName, since time.Time) *v1.Pod {
	list := func(milli int64) v1.ResourceList {
		list := v1.ResourceList{}
		for _, name := range names {
			list[name] = quantity(milli)
		}
		return list
	}
	object := &v1.Pod{}
	object.Name, object.Namespace = p.Name, namespace
	object.Labels = map[string]string{"app": "web"}
	object.Status.Phase = v1.PodPhase(p.Phase)
	if p.Deleted {
		object.DeletionTimestamp = ptr(metav1.NewTime(since))
	}
	if p.Started != nil {
		object.Status.StartTime = ptr(ago(since, *p.Started))
	}
	if p.Ready != nil {
		ready := v1.PodCondition{Type: v1.PodReady, Status: v1.ConditionStatus(*p.Ready)}
		if p.ReadyChanged != nil {
			ready.LastTransitionTime = ago(since, *p.ReadyChanged)
		}
		object.Status.Conditions = []v1.PodCondition{ready}
	}
	for _, c := range p.Containers {
		each := v1.Container{Name: c.Name}
		if c.Request != nil {
			each.Resources.Requests = list(*c.Request)
		}
		if c.Restartable {
			each.RestartPolicy = ptr(v1.ContainerRestartPolicyAlways)
		}
		if c.Init {
			object.Spec.InitContainers = append(object.Spec.InitContainers, each)
		} else {
			object.Spec.Containers = append(object.Spec.Containers, each)
		}
	}
	if p.PodLevelRequest != nil {
		object.Spec.Resources = &v1.ResourceRequirements{Requests: list(*p.PodLevelRequest)}
	} else if p.PodLevelOther {
		object.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{otherResource: quantity(1000)}}
	}
	if p.Overhead != nil {
		object.Spec.Overhead = list(*p.Overhead)
	}
	return object
}

func podMetrics(samples []sample, name v1.ResourceName, since time.Time) *resources.PodMetricsList {
	list := &resources.PodMetricsList{}
	for _, s := range samples {
		item := resources.PodMetrics{
			Timestamp: ago(since, s.Sampled),
			Window:    metav1.Duration{Duration: time.Duration(s.Window) * time.Second},
		}
		item.Name, item.Namespace = s.Pod, namespace
		var containers []string
		for name := range s.Containers {
			containers = append(containers, name)
		}
		slices.Sort(containers)
		for _, each := range containers {
			usage := v1.ResourceList{}
			if value := s.Containers[each]; value != nil {
				usage[name] = quantity(*value)
			}
			item.Containers = append(item.Containers, resources.ContainerMetrics{Name: each, Usage: usage})
		}
		list.Items = append(list.Items, item)
	}
	return list
}

func perPodValues(samples []sample, since time.Time) *custom.MetricValueList {
	list := &custom.MetricValueList{}
	for _, s := range samples {
		item := custom.MetricValue{Timestamp: ago(since, s.Sampled), WindowSeconds: &s.Window, Value: quantity(*s.Value)}
		item.DescribedObject.Name = s.Pod
		list.Items = append(list.Items, item)
	}
	return list
}

func externalValues(values []int64) *external.ExternalMetricValueList {
	list := &external.ExternalMetricValueList{}
	for _, value := range values {
		list.Items = append(list.Items, external.ExternalMetricValue{Value: quantity(value)})
	}
	return list
}

// toleranceQuantity is what the API server stores when a user writes this number: the canonical text,
// whose mantissa and exponent decide which float the controller reads.
func toleranceQuantity(written float64) resource.Quantity {
	parsed := resource.MustParse(strconv.FormatFloat(written, 'f', -1, 64))
	return resource.MustParse(parsed.String())
}

func (r *rules) object() *autoscalingv2.HPAScalingRules {
	if r == nil {
		return nil
	}
	object := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: r.Window}
	if r.Select != "" {
		object.SelectPolicy = ptr(autoscalingv2.ScalingPolicySelect(r.Select))
	}
	if r.Tolerance != nil {
		object.Tolerance = ptr(toleranceQuantity(*r.Tolerance))
	}
	for _, p := range r.Policies {
		object.Policies = append(object.Policies, autoscalingv2.HPAScalingPolicy{
			Type: autoscalingv2.HPAScalingPolicyType(p.Type), Value: p.Value, PeriodSeconds: p.Period,
		})
	}
	return object
}

func (t *target) object() autoscalingv2.MetricTarget {
	milli := func(value *int64) *resource.Quantity {
		if value == nil {
			return nil
		}
		return ptr(quantity(*value))
	}
	return autoscalingv2.MetricTarget{
		Type: autoscalingv2.MetricTargetType(t.Type), AverageUtilization: t.Utilization,
		AverageValue: milli(t.Average), Value: milli(t.Value),
	}
}

func (m *metric) object() autoscalingv2.MetricSpec {
	object := autoscalingv2.MetricSpec{Type: autoscalingv2.MetricSourceType(m.Type)}
	if m.Target == nil {
		return object
	}
	identifier := autoscalingv2.MetricIdentifier{Name: m.Metric}
	switch object.Type {
	case autoscalingv2.ResourceMetricSourceType:
		object.Resource = &autoscalingv2.ResourceMetricSource{Name: v1.ResourceName(m.Name), Target: m.Target.object()}
	case autoscalingv2.ContainerResourceMetricSourceType:
		object.ContainerResource = &autoscalingv2.ContainerResourceMetricSource{
			Name: v1.ResourceName(m.Name), Container: m.Container, Target: m.Target.object(),
		}
	case autoscalingv2.PodsMetricSourceType:
		object.Pods = &autoscalingv2.PodsMetricSource{Metric: identifier, Target: m.Target.object()}
	case autoscalingv2.ObjectMetricSourceType:
		object.Object = &autoscalingv2.ObjectMetricSource{
			DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "v1", Kind: "Service", Name: "front"},
			Metric:          identifier, Target: m.Target.object(),
		}
	case autoscalingv2.ExternalMetricSourceType:
		object.External = &autoscalingv2.ExternalMetricSource{Metric: identifier, Target: m.Target.object()}
	}
	return object
}

// object fills in the defaults as the API server does before it stores: the controller takes them
// for granted.
func (s *spec) object() autoscalingv2.HorizontalPodAutoscalerSpec {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: targetName}
	hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas = s.Min, s.Max
	for i := range s.Metrics {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, s.Metrics[i].object())
	}
	if s.Behavior != nil {
		hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{
			ScaleUp: s.Behavior.Up.object(), ScaleDown: s.Behavior.Down.object(),
		}
	}
	defaults.SetDefaults_HorizontalPodAutoscaler(hpa)
	defaults.SetDefaults_HorizontalPodAutoscalerBehavior(hpa)
	return hpa.Spec
}

// errorClasses are upstream's texts and the schema's words for them.
var errorClasses = []struct{ text, class string }{
	{"unable to fetch metrics from", "metrics_unavailable"},
	{"no metrics returned from", "metrics_unavailable"},
	{"no pods returned by selector", "no_pods"},
	{"did not receive metrics for targeted pods", "no_ready_metrics"},
	{"missing request for", "missing_request"},
	{"missing pod-level request for", "missing_request"},
	{"not found in Pod", "container_not_found"},
	{"no metrics returned matched known pods", "no_matching_metrics"},
}

func classify(err error) string {
	for _, each := range errorClasses {
		if strings.Contains(err.Error(), each.text) {
			return each.class
		}
	}
	panic("an error of no known class: " + err.Error())
}

// addable tells whether a sum of magnitudes surely stays within an i64.
func addable(values ...float64) bool {
	sum := 0.0
	for _, value := range values {
		sum += math.Abs(value)
	}
	return sum < 1<<62
}
