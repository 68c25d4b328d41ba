//! Whatever arrives at `explain`, `decide` and `simulate`: an answer, or a sentence that says where. Never a panic.
//!
//! The inputs are made from good ones, the same in every run: every value of a tree replaced by values of other types and
//! by extremes; texts cut, flipped, spliced; and texts that are hostile as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll::decide::Decisions;
use plimsoll::engine::{self, Past, Settings};
use plimsoll::explain;
use plimsoll::manifest::{Api, Dump, documents};
use plimsoll::report::{self, Style};
use plimsoll::simulate::scenario::{Plan, Scenario};
use serde_json::{Value, json};

#[test]
fn explain_survives_a_thousand_malformed_dumps_and_names_the_place() {
    let inputs = [mutants(&tree(DUMP)), hostile(), texts(DUMP, 1, 400), texts(&small_metrics(), 2, 200)].concat();
    let mut tally = Tally::default();
    for input in &inputs {
        let _shown = Shown(input);
        tally.count(input, explained(&input.text));
    }
    tally.report("explain");
}

#[test]
fn decide_survives_a_thousand_malformed_lines_and_names_the_field() {
    let others = [AWS_LINE, MARKS_LINE, NOMAD_LINE].map(|line| mutants(&tree(line))).concat();
    let mut inputs = [mutants(&tree(LINE)), hostile(), texts(LINE, 3, 600), others].concat();
    // A line is a line.
    inputs.iter_mut().for_each(|input| input.text.retain(|byte| *byte != b'\n'));
    let mut tally = Tally::default();
    let mut decisions = Decisions::new(Settings::default());
    let mut bad = 0;
    for (number, input) in (1..).zip(&inputs) {
        let _shown = Shown(input);
        let answer = decisions.line(number, &input.text);
        assert_eq!(answer["line"], json!(number));
        let refused = answer.get("error").map(|error| error.as_str().expect("a sentence").to_owned());
        assert!(refused.is_some() != (answer.get("decision").is_some() || answer.get("defined").is_some()), "{answer}");
        if let Some(to) = answer["decision"]["to"].as_i64() {
            assert!(
                answer["decision"]["changes"] == json!(false) || (0..=i64::from(i32::MAX)).contains(&to),
                "{answer}"
            );
        }
        bad += u64::from(refused.is_some());
        assert_eq!(decisions.bad_lines(), bad);
        // The number of the line is in the answer.
        tally.count_at(&format!("line {number}: "), input, refused);
    }
    tally.report("decide");
}

#[test]
fn explain_survives_malformed_objects_of_other_kinds() {
    for (name, good, seed) in [("KEDA", KEDA, 8), ("Knative", KNATIVE, 9), ("Datadog", DATADOG, 12)] {
        assert_eq!(explained(good.as_bytes()), None, "{name}");
        let inputs = [mutants(&tree(good)), texts(good, seed, 400)].concat();
        let mut tally = Tally::default();
        for input in &inputs {
            let _shown = Shown(input);
            tally.count(input, explained(&input.text));
        }
        tally.print(&format!("explain, {name}"));
        assert!(inputs.len() > 1_000 && tally.refused > 300 && tally.messages.len() > 60, "{}", tally.messages.len());
    }
}

/// Manifests of all kinds: policies that are asked once, or a sentence that names the file.
#[test]
fn policy_files_survive_malformed_manifests_and_name_the_file() {
    let inputs = [mutants(&tree(MANIFESTS)), texts(MANIFESTS, 10, 600), hostile()].concat();
    let mut tally = Tally::default();
    for input in &inputs {
        let _shown = Shown(input);
        let found = engine::policies(&[("policy.yaml".to_owned(), input.text.clone())], Settings::default());
        let refused = found.map(|found| {
            let names = found.iter().map(engine::NamedPolicy::full).collect::<Vec<_>>();
            let mut decisions = Decisions::new(Settings::default());
            decisions.define(found);
            for (number, name) in (1..).zip(names) {
                let answer = decisions
                    .line(number, json!({ "policy": name, "observation": { "now": 0 } }).to_string().as_bytes());
                // An observation has to say what was seen.
                assert!(answer.get("decision").is_some() != answer.get("error").is_some(), "{answer}");
                assert!(!answer["error"].as_str().unwrap_or_default().starts_with("policy"), "{answer}");
            }
        });
        if let Err(why) = &refused {
            assert!(why.contains("policy.yaml"), "{why}");
        }
        tally.count(input, refused.err());
    }
    tally.report("policy files");
}

#[test]
fn decide_survives_malformed_lines_about_jobs_and_names_the_field() {
    let mut inputs = [mutants(&tree(JOBS)), texts(JOBS, 11, 400)].concat();
    inputs.iter_mut().for_each(|input| input.text.retain(|byte| *byte != b'\n'));
    let mut tally = Tally::default();
    let mut decisions = Decisions::new(Settings::default());
    let good = decisions.line(1, JOBS.replace('\n', "").as_bytes());
    assert!(good["decision"]["create"].as_i64().is_some_and(|create| create > 0), "{good}");
    for (number, input) in (1..).zip(&inputs) {
        let _shown = Shown(input);
        let answer = decisions.line(number, &input.text);
        let refused = answer.get("error").map(|error| error.as_str().expect("a sentence").to_owned());
        if refused.is_none() && answer.get("defined").is_none() {
            assert!(answer["decision"]["create"].as_i64().is_some_and(|create| create >= 0), "{answer}");
            let page =
                Decisions::new(Settings::default()).told(&input.text).map(|told| explain::told(&told, false, 100));
            assert!(page.is_ok_and(|page| page.contains("Decides now: starts ")));
        }
        tally.count_at(&format!("line {number}: "), input, refused);
    }
    tally.print("lines about jobs");
    assert!(inputs.len() > 1_000 && tally.refused > 500 && tally.messages.len() > 100, "{}", tally.messages.len());
}

#[test]
fn simulate_survives_a_thousand_malformed_scenarios_and_names_the_field() {
    let inputs = [mutants(&tree(SCENARIO)), hostile(), texts(SCENARIO, 4, 400)].concat();
    let mut tally = Tally::default();
    for input in &inputs {
        let _shown = Shown(input);
        tally.count(input, simulated(&input.text, CSV.as_bytes()));
    }
    tally.report("simulate");
}

#[test]
fn simulate_survives_malformed_traces_and_names_the_line() {
    let inputs = [texts(CSV, 5, 400), hostile()].concat();
    let mut tally = Tally::default();
    for input in &inputs {
        let _shown = Shown(input);
        let refused = simulated(SCENARIO.as_bytes(), &input.text);
        if let Some(why) = &refused {
            assert!(why.contains("trace load.csv") || why.contains("load at second"), "{why}");
        }
        tally.count(input, refused);
    }
    assert!(tally.refused > 200);
    tally.print("traces");
}

#[test]
fn a_malformed_history_is_refused_and_a_strange_one_is_lived_with() {
    let good = json!({
        "started": 0, "last": 1, "recommendations": [{ "value": 3, "at": 0 }], "up": [{ "change": 1, "at": 0, "outdated": false }],
        "down": [], "conditions": [{ "kind": "AbleToScale", "status": true, "reason": "ReadyForNewScale", "since": null }],
    });
    let dump = Dump::read([("good.yaml", DUMP.as_bytes())]).expect("good");
    let (mut refused, mut taken) = (0, 0);
    for input in [mutants(&good), texts(&good.to_string(), 6, 200)].concat() {
        let _shown = Shown(&input);
        match serde_json::from_slice::<Box<Past>>(&input.text) {
            Err(error) => {
                assert!(error.to_string().len() > 10, "{error}");
                refused += 1;
            }
            Ok(past) => {
                let seen =
                    explain::explain(&dump, &dump.hpas[0], Settings::default(), None, Some(&past)).expect("explained");
                assert!((1..=10).contains(&seen.answers()[0].decision().to.0));
                assert!(!explain::text(&seen, false, 100).is_empty());
                taken += 1;
            }
        }
    }
    println!("histories: {refused} refused, {taken} taken");
    assert!(refused > 150 && taken > 15);
}

/// The same inputs in files and pipes, through the real binary.
#[test]
fn the_command_never_panics_and_says_why_it_refuses() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("malformed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let pick = |from: Vec<Input>| {
        let step = from.len().div_ceil(22).max(1);
        from.into_iter().step_by(step).take(22).collect::<Vec<_>>()
    };
    let (mut ran, mut refused) = (0, 0);
    for input in pick([mutants(&tree(DUMP)), texts(DUMP, 1, 400), hostile()].concat()) {
        let file = folder.join("dump.yaml");
        std::fs::write(&file, &input.text).expect("written");
        let (code, said) = run(&["explain", file.to_str().expect("a name")], b"");
        assert!(matches!(code, 0 | 1), "{code}: {said}");
        assert!(
            code == 0 || (said.starts_with("error: ") && said.contains("dump.yaml")) || said.contains("HPA "),
            "{said}"
        );
        ran += 1;
        refused += usize::from(code != 0);
    }
    // Long runs are for others: here those that are refused, and some that are short.
    let scenarios = [mutants(&tree(SCENARIO)), texts(SCENARIO, 4, 400), hostile()].concat();
    let short = |input: &Input| {
        std::str::from_utf8(&input.text)
            .ok()
            .and_then(|text| Plan::parse(text).ok())
            .is_none_or(|plan| plan.duration_s <= 600)
    };
    std::fs::write(folder.join("load.csv"), CSV).expect("written");
    for input in pick(scenarios.into_iter().filter(short).collect()) {
        let file = folder.join("plan.yaml");
        std::fs::write(&file, &input.text).expect("written");
        let (code, said) = run(&["simulate", file.to_str().expect("a name")], b"");
        assert!(matches!(code, 0 | 1), "{code}: {said}");
        assert!(code == 0 || (said.starts_with("error: ") && said.len() > 25), "{said}");
        ran += 1;
        refused += usize::from(code != 0);
    }
    for input in pick([mutants(&tree(LINE)), texts(LINE, 3, 600), hostile()].concat()) {
        let (code, said) = run(&["decide"], &input.text);
        assert!(matches!(code, 0 | 3) && said.is_empty(), "{code}: {said}");
        ran += 1;
        refused += usize::from(code != 0);
    }
    std::fs::remove_dir_all(&folder).expect("cleaned up");
    println!("command: {ran} runs, {refused} refused");
    assert!(ran >= 60 && refused >= 30);
}

const DUMP: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 10
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
  - {type: External, external: {metric: {name: lag, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: 5}}}
  behavior:
    scaleUp: {stabilizationWindowSeconds: 5, policies: [{type: Pods, value: 4, periodSeconds: 15}]}
    scaleDown: {selectPolicy: Min, tolerance: 0.05, policies: [{type: Percent, value: 50, periodSeconds: 60}]}
status:
  currentReplicas: 2
  desiredReplicas: 2
  lastScaleTime: 2026-11-24T02:36:30Z
  conditions:
  - {type: AbleToScale, status: 'True', reason: ScaleDownStabilized, lastTransitionTime: 2026-11-24T02:30:00Z}
  - {type: ScalingLimited, status: 'True', reason: ScaleUpLimit}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}}, status: {replicas: 2}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec: {containers: [{name: app, resources: {requests: {cpu: 100m}}}]}
status:
  phase: Running
  startTime: 2026-11-24T02:33:56Z
  conditions: [{type: Ready, status: 'True', lastTransitionTime: 2026-11-24T02:34:00Z}]
---
apiVersion: metrics.k8s.io/v1beta1
kind: PodMetrics
metadata: {name: web-1, labels: {app: web}}
timestamp: 2026-11-24T02:36:38Z
window: 10s
containers: [{name: app, usage: {cpu: 90m}}]
---
{apiVersion: external.metrics.k8s.io/v1beta1, kind: ExternalMetricValue, metricName: lag, metricLabels: {a: b}, value: 12}
---
apiVersion: v1
kind: Event
involvedObject: {kind: HorizontalPodAutoscaler, name: web}
reason: SuccessfulRescale
message: 'New size: 2; reason: All metrics below target'
lastTimestamp: 2026-11-24T02:36:30Z
";

const KEDA: &str = "\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, creationTimestamp: 2026-11-20T08:00:00Z, annotations: {autoscaling.keda.sh/paused-scale-in: 'false'}}
spec:
  cooldownPeriod: 300
  initialCooldownPeriod: 10
  pollingInterval: 30
  minReplicaCount: 2
  idleReplicaCount: 0
  maxReplicaCount: 20
  fallback: {failureThreshold: 3, replicas: 6, behavior: static}
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 60}}}}
  triggers:
  - {type: kafka, name: lag, metadata: {bootstrapServers: 'k:9092', consumerGroup: o, topic: o, lagThreshold: '100'}}
  - {type: prometheus, metricType: Value, metadata: {query: q, threshold: '50', activationThreshold: '1'}}
  - {type: cpu, metricType: Utilization, metadata: {value: '60'}}
status:
  externalMetricNames: [s0-kafka-o, s1-prometheus]
  health: {s0-kafka-o: {numberOfFailures: 2, status: Failing}}
  hpaName: keda-hpa-orders
  lastActiveTime: 2026-11-24T02:36:30Z
  conditions: [{type: Active, status: 'True', reason: ScalerActive}]
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: orders}, spec: {replicas: 2, selector: {matchLabels: {app: web}}}, status: {replicas: 2}}
---
{apiVersion: external.metrics.k8s.io/v1beta1, kind: ExternalMetricValue, metricName: s1-prometheus, value: 120, timestamp: 2026-11-24T02:36:38Z}
";

const KNATIVE: &str = "\
apiVersion: autoscaling.internal.knative.dev/v1alpha1
kind: PodAutoscaler
metadata:
  name: web-00001
  annotations:
    autoscaling.knative.dev/class: kpa.autoscaling.knative.dev
    autoscaling.knative.dev/metric: rps
    autoscaling.knative.dev/target: '50'
    autoscaling.knative.dev/min-scale: '1'
    autoscaling.knative.dev/max-scale: '20'
    autoscaling.knative.dev/window: 40s
    autoscaling.knative.dev/scale-down-delay: 30s
    autoscaling.knative.dev/panic-window-percentage: '20'
spec:
  containerConcurrency: 10
  reachability: Reachable
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
status:
  desiredScale: 3
  actualScale: 2
  serviceName: web-00001
  conditions:
  - {type: Active, status: 'True', lastTransitionTime: 2026-11-24T02:30:12Z}
  - {type: ScaleTargetInitialized, status: 'True', lastTransitionTime: 2026-11-24T02:30:12Z}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, selector: {matchLabels: {app: web}}}, status: {replicas: 3}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config-autoscaler, namespace: knative-serving}
data: {stable-window: 60s, enable-scale-to-zero: 'true', max-scale-up-rate: '10', scale-to-zero-grace-period: 20s}
";

const DATADOG: &str = "\
apiVersion: datadoghq.com/v1alpha1
kind: WatermarkPodAutoscaler
metadata: {name: web, annotations: {wpa.datadoghq.com/lifecycle-control.enabled: 'true'}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  algorithm: average
  maxReplicas: 12
  tolerance: 100m
  scaleUpLimitFactor: 50
  upscaleDelayAboveWatermarkSeconds: 45
  readinessDelaySeconds: 10
  metrics:
  - {type: External, external: {metricName: hits, metricSelector: {matchLabels: {app: web}}, highWatermark: '40'}}
  - {type: Resource, resource: {name: cpu, metricSelector: {}, highWatermark: 600m, lowWatermark: 300m}}
status:
  lastScaleTime: '2026-11-24T02:36:00Z'
  currentReplicas: 1
  currentMetrics: [{external: {metricName: hits, currentValue: '58'}}, {resource: {name: cpu, currentAverageValue: 455m}}]
  conditions: [{type: AboveHighWatermark, status: 'True', reason: above, lastTransitionTime: '2026-11-24T02:36:00Z'}]
---
apiVersion: datadoghq.com/v1alpha1
kind: DatadogMonitor
metadata: {name: web}
status: {monitorState: OK}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 1, selector: {matchLabels: {app: web}}}
status: {replicas: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-a, labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-1}]}
status: {phase: Running, startTime: '2026-11-24T02:35:00Z', conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-11-24T02:35:20Z'}]}
---
apiVersion: metrics.k8s.io/v1beta1
kind: PodMetrics
metadata: {name: web-1-a}
timestamp: '2026-11-24T02:36:38Z'
window: 15s
containers: [{name: web, usage: {cpu: 471m}}]
";

const MANIFESTS: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 10
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, annotations: {autoscaling.keda.sh/paused-replicas: '3'}}
spec:
  scaleTargetRef: {name: orders}
  maxReplicaCount: 20
  advanced: {scalingModifiers: {formula: a + b, target: '5', activationTarget: '1'}}
  triggers:
  - {type: rabbitmq, name: a, metadata: {value: '20'}}
  - {type: prometheus, name: b, metadata: {query: q, threshold: '50'}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: resize, annotations: {autoscaling.keda.sh/paused: 'false'}}
spec:
  jobTargetRef: {template: {}}
  maxReplicaCount: 20
  successfulJobsHistoryLimit: 5
  failedJobsHistoryLimit: 5
  scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: '0.5', pendingPodConditions: [Ready], multipleScalersCalculation: sum}
  triggers: [{type: aws-sqs-queue, metadata: {queueLength: '5', activationQueueLength: '2'}}]
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: pages}
spec: {template: {metadata: {annotations: {autoscaling.knative.dev/max-scale: '20'}}, spec: {containerConcurrency: 10}}}
---
apiVersion: datadoghq.com/v1alpha1
kind: WatermarkPodAutoscaler
metadata: {name: marks}
spec:
  scaleTargetRef: {kind: Deployment, name: marks}
  minReplicas: 2
  maxReplicas: 20
  convergeTowardsWatermark: highwatermark
  replicaScalingAbsoluteModulo: 2
  metrics: [{type: External, external: {metricName: hits, metricSelector: {matchLabels: {app: web}}, lowWatermark: '20'}}]
---
apiVersion: serving.knative.dev/v1
kind: Revision
metadata: {name: pages-1, annotations: {autoscaling.knative.dev/target: '20'}}
spec: {containerConcurrency: 10}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config-autoscaler}
data: {stable-window: 60s, max-scale-limit: '0'}
";

const JOBS: &str = r#"{"policy": {"keda_job": {"maxReplicaCount": 30, "minReplicaCount": 1, "successfulJobsHistoryLimit": 0,
 "annotations": {"autoscaling.keda.sh/paused": "false"},
 "scalingStrategy": {"strategy": "accurate", "pendingPodConditions": ["PodScheduled"], "multipleScalersCalculation": "avg"},
 "triggers": [{"type": "rabbitmq", "metadata": {"value": "5", "activationValue": "1"}},
 {"type": "kafka", "metadata": {"bootstrapServers": "k", "consumerGroup": "g", "topic": "t", "lagThreshold": "10"}}]}},
 "observation": {"now": 15000000000, "readings": [{"queue": 52.5, "target": "7", "active": true},
 {"partitions": [{"id": 0, "committed": 5, "head": 90, "logStart": 0}]}],
 "jobs": [{"pods": [{"phase": "Pending", "conditions": ["PodScheduled"]}]},
 {"name": "a", "finished": "succeeded", "completed": "1970-01-01T00:00:01Z", "pods": []}]}}"#;

const LINE: &str = r#"{"format": "plimsoll-decide/1", "id": 7, "policy": {"minReplicas": 1, "maxReplicas": 10,
 "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
 {"type": "External", "external": {"metric": {"name": "lag"}, "target": {"type": "Value", "value": "12"}}},
 {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "5"}}}],
 "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}]}}},
 "history": {"started": 0, "last": 1, "recommendations": [{"value": 3, "at": 0}], "up": [{"change": 1, "at": 0, "outdated": false}],
 "down": [], "conditions": [{"kind": "AbleToScale", "status": true, "reason": "ReadyForNewScale", "since": 0}]},
 "applied": {"at": 5, "from": 3, "to": 4}, "apply": "done",
 "observation": {"now": 15000000000, "scale": {"wanted": 3, "running": 3}, "selector": "usable", "pods": {"listed": 3, "ready": 3},
 "readings": [{"pods": [{"phase": "Running", "deleted": false, "started": 0, "ready": {"status": "True", "since": "1970-01-01T00:00:01Z"},
 "request": "1", "sample": {"value": "700m", "at": 14000000000, "windowSeconds": 10}}], "unlisted": ["20m"]},
 {"values": ["5", 7]}, {"ready": {"pods": 3, "usage": "2.1", "request": "3"}}]}}"#;

const AWS_LINE: &str = r#"{"policy": {"aws": {"min": 1, "max": 10, "default_cooldown_s": 60, "default_instance_warmup_s": 30,
 "tracking": {"period_s": 60, "high": [1, 1], "low": [2, 3], "low_factor": 0.8, "in_fraction": 0.2, "in_cooldown_s": 60},
 "policies": [
 {"PolicyName": "out", "PolicyType": "StepScaling", "AdjustmentType": "PercentChangeInCapacity", "MinAdjustmentMagnitude": 2,
 "StepAdjustments": [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 10},
 {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 30}], "EstimatedInstanceWarmup": 60, "Alarms": [{"AlarmName": "high"}]},
 {"PolicyName": "plus", "PolicyARN": "arn:plus", "AdjustmentType": "ExactCapacity", "ScalingAdjustment": 7, "Cooldown": 30},
 {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {"TargetValue": 50,
 "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "DisableScaleIn": false}}],
 "alarms": [{"AlarmName": "high", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 60, "Period": 60,
 "EvaluationPeriods": 2, "DatapointsToAlarm": 1, "TreatMissingData": "breaching", "AlarmActions": ["arn:plus"]}]}},
 "apply": "done", "observation": {"now": 60000000000, "desired": 5, "warm": 4, "alarms": {"high": [75, null, 65]},
 "metrics": {"cpu": [70]}, "completed": 50000000000}}"#;

const MARKS_LINE: &str = r#"{"policy": {"watermark": {"minReplicas": 2, "maxReplicas": 30, "algorithm": "average", "tolerance": "100m",
 "scaleUpLimitFactor": 50, "scaleDownLimitFactor": "20", "upscaleForbiddenWindowSeconds": 60,
 "upscaleDelayAboveWatermarkSeconds": 0, "replicaScalingAbsoluteModulo": 1, "convergeTowardsWatermark": "highwatermark",
 "minAvailableReplicaPercentage": 10, "tolerateZero": true, "mended": {"zeroHolds": true}, "metrics": [
 {"type": "Resource", "resource": {"name": "cpu", "highWatermark": "400m", "lowWatermark": "200m"}}]}},
 "observation": {"now": 0, "replicas": 10, "running": 10, "ready": 9, "listed": 10, "readings": [{"value": "6.5", "ready": 9}]}}"#;

const NOMAD_LINE: &str = r#"{"policy": {"nomad": {"ID": "1", "Type": "horizontal", "Min": 1, "Max": 10, "Enabled": true,
 "Target": {"Job": "shop"}, "CreateIndex": 1, "mended": {"errors_as_documented": true}, "Policy": {"cooldown": "1m30s",
 "cooldown_on_scale_up": "30s", "evaluation_interval": "10s", "on_check_error": "fail",
 "schedule": [{"start": "0 8 * * *", "end": "0 18 * * *"}], "target": [{"nomad-target": [{"dry-run": false}]}], "check": [
 {"cpu": [{"group": "load", "source": "nomad-apm", "query": "avg_cpu", "query_window_offset": "5s", "on_error": "ignore",
 "strategy": [{"target-value": [{"target": 70, "threshold": "0.1", "max_scale_up": 5, "max_scale_down": 2}]}]}]},
 {"queue": [{"source": "prometheus", "query": "backlog", "query_window": "30s", "schedule": [{"start": "0 9 * * *", "duration": "1h"}],
 "strategy": [{"threshold": [{"lower_bound": 100, "upper_bound": 500, "delta": 2, "within_bounds_trigger": 2}]}]}]},
 {"floor": [{"strategy": [{"fixed-value": [{"value": 3}]}]}]}]}}},
 "observation": {"now": "2026-11-24T09:30:00Z", "count": 4, "ready": true, "checks": {"cpu": [84], "queue": [120, 130.5]}}}"#;

const SCENARIO: &str = "\
title: small
description: of every section a little
seed: 3
duration_s: 120
sample_every_s: 5
load:
- steady: {rate_rps: 20}
- trace: {file: load.csv, time: 1, count: requests, scale: 2}
- noise: {percent: 10, every_s: 5, on: [sine: {mean_rps: 9, amplitude_rps: 3, period_s: 30, phase_s: 4}]}
- spike: {from_rps: 0, to_rps: 90, at_s: 40, duration_s: 30, rise_s: 5, fall_s: 5}
workload:
  replicas: 2
  pod_quota: 50
  cpu_request_millicores: 100
  cpu_limit_millicores: 200
  cpu_ms_per_request: 5
  memory_request_mib: 64
  memory_base_mib: 10
  capacity_rps: 30
  service_ms: 20
  queue_limit: 100
  request_timeout_s: 5
  start_up_s: 3
  start_up_jitter_s: 2
  readiness_delay_s: 1
  drain_s: 5
nodes: {pods_per_node: 4, other_pods: 1, at_start: 1, fewest: 1, most: 5, provisioning_s: 20, idle_removal_s: 30}
metrics: {scrape_every_s: 5, window_s: 5, lag_s: 1}
hpa:
  maxReplicas: 9
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 20, policies: [{type: Pods, value: 1, periodSeconds: 10}]}}
controller: {sync_period_s: 5, first_sync_s: 10, tolerance: 0.1}
document_starts_s: 40
documented:
- {moment: +10 s, says: more, from_s: 10, to_s: 20, expect: {replicas: 5, cpu_percent: 60, cpu_within: 5}, because: '{replicas}: {reason}'}
";

const CSV: &str = "time,requests\n2026-01-01 00:00:00,10\n2026-01-01 00:01:00,12.5\n2026-01-01 00:02:00,\"1\"\n";

fn small_metrics() -> String {
    let list = json!({ "kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": [{
        "metadata": { "name": "web-1", "namespace": "default" }, "timestamp": "2026-11-24T02:36:38Z", "window": "10s",
        "containers": [{ "name": "app", "usage": { "cpu": "25000000n", "memory": "122Mi" } }] }] });
    list.to_string()
}

/// What `explain` refuses, if it refuses.
fn explained(text: &[u8]) -> Option<String> {
    const FILE: &str = "dump.yaml";
    let mut dump = Dump::default();
    if let Err(error) = dump.add(FILE, text) {
        let said = error.to_string();
        assert!(said.starts_with(FILE), "{said}");
        return Some(said);
    }
    let mut refused = None;
    for hpa in &dump.hpas {
        match explain::explain(&dump, hpa, Settings::default(), None, None) {
            Ok(seen) => {
                let page = explain::text(&seen, false, 100);
                assert!(page.contains("Decides now: "), "{page}");
                assert!(explain::json(&seen).to_string().len() > 100);
                for answer in seen.answers() {
                    let decision = answer.decision();
                    assert!(decision.to == decision.from || decision.to.0 >= 0, "{decision:?}");
                }
            }
            Err(error) => refused = Some(error.to_string()),
        }
    }
    for object in &dump.scaled_objects {
        match explain::scaled(&dump, object, Settings::default(), None, &[], None) {
            Ok(seen) => {
                let page = explain::scaled_text(&seen, false, 100);
                assert!(page.contains("Decides now: "), "{page}");
                assert!(explain::scaled_json(&seen).to_string().len() > 100);
                assert!(seen.decided().is_none_or(|(from, to)| to == from || to >= 0), "{seen:?}");
            }
            Err(error) => refused = Some(error),
        }
    }
    for object in &dump.watermarks {
        match explain::watermark(&dump, object, None, &[]) {
            Ok(seen) => {
                let page = explain::watermark_text(&seen, false, 100);
                assert!(page.contains("Decides now: "), "{page}");
                assert!(explain::watermark_json(&seen).to_string().len() > 100);
                assert!(seen.decided().is_none_or(|(from, to)| to == from || to >= 0), "{seen:?}");
            }
            Err(error) => refused = Some(error),
        }
    }
    for autoscaler in &dump.pod_autoscalers {
        let [stable, panic] = ["stable=120", "panic=500"].map(|text| text.parse().expect("a reading"));
        for given in [&[] as &[_], &[Some(&stable), Some(&panic)]] {
            match explain::revision(&dump, autoscaler, None, given) {
                Ok(seen) => {
                    let page = explain::revision_text(&seen, false, 100);
                    assert!(page.contains("Decides now: "), "{page}");
                    assert!(explain::revision_json(&seen).to_string().len() > 100);
                    assert!(seen.decided().iter().all(|(from, to)| to == from || *to >= 0), "{seen:?}");
                }
                Err(error) => refused = Some(error),
            }
        }
    }
    refused
}

/// What `simulate` refuses, if it refuses; a short run is played and drawn.
fn simulated(text: &[u8], trace: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => return Some(format!("line 1: {error}")),
    };
    let plan = match Plan::parse(text) {
        Ok(plan) => plan,
        Err(error) => return Some(error.to_string()),
    };
    let mut files =
        |name: &str| if name == "load.csv" { Ok(trace.to_vec()) } else { Err(std::io::ErrorKind::NotFound.into()) };
    let scenario = match Scenario::new(plan, &mut files) {
        Ok(scenario) => scenario,
        Err(error) => return Some(error.to_string()),
    };
    let mut scaler = match engine::scaler(scenario.plan(), Api::default()) {
        Ok(scaler) => scaler,
        Err(error) => {
            let policies = scenario.plan().policies();
            assert!(policies.iter().any(|(name, given)| given.is_some() && error.contains(name)), "{error}");
            return Some(error);
        }
    };
    // Longer runs take time and tell nothing more here.
    if scenario.plan().duration_s <= 600 {
        let run = plimsoll::simulate::run(&scenario, &mut *scaler, &mut |_, _| ());
        assert!(!report::timeline(&run, Style::Plain, 100).is_empty());
        assert!(report::page(&run).ends_with("</html>\n"));
    }
    None
}

#[derive(Clone, Debug)]
struct Input {
    kind: &'static str,
    text: Vec<u8>,
}

/// Counts what became of the inputs.
#[derive(Default)]
struct Tally {
    tried: BTreeMap<&'static str, (usize, usize)>,
    messages: BTreeSet<String>,
    refused: usize,
}

impl Tally {
    fn count(&mut self, input: &Input, refused: Option<String>) {
        self.count_at("", input, refused);
    }

    /// `place` stands beside the sentence.
    fn count_at(&mut self, place: &str, input: &Input, refused: Option<String>) {
        let (tried, no) = self.tried.entry(input.kind).or_default();
        *tried += 1;
        let Some(why) = refused else { return };
        assert!(a_sentence_with_its_place(&format!("{place}{why}")), "{why:?}");
        *no += 1;
        self.refused += 1;
        self.messages.insert(why);
    }

    fn print(&self, what: &str) {
        let tried = self.tried.values().map(|(tried, _)| tried).sum::<usize>();
        println!("{what}: {tried} inputs, {} refused with {} different messages", self.refused, self.messages.len());
        for (kind, (tried, refused)) in &self.tried {
            println!("  {kind}: {tried}, {refused} refused");
        }
    }

    fn report(&self, what: &str) {
        self.print(what);
        let tried = self.tried.values().map(|(tried, _)| tried).sum::<usize>();
        assert!(tried >= 1_000, "{tried}");
        // A reader that takes everything, or has one sentence for everything, would show here.
        assert!(self.refused > tried / 3 && self.messages.len() > 150, "{} {}", self.refused, self.messages.len());
        for kind in ["truncated", "wrong type", "huge number", "not a number", "bad UTF-8", "bomb", "empty", "binary"] {
            assert!(self.tried.contains_key(kind), "no input of the kind {kind}");
        }
    }
}

/// More than a word, and with a line, a file, or the name of a field.
fn a_sentence_with_its_place(text: &str) -> bool {
    let place = |word: &str| {
        let name = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        word.contains('/')
            || name.contains(['.', '_', '[', ':'])
            || FIELDS.contains(&name)
            || name.parse::<u32>().is_ok()
    };
    text.len() > 12 && text.contains(' ') && !text.contains('\n') && text.split_whitespace().any(place)
}

/// Fields whose names are plain words.
const FIELDS: &[&str] = &[
    "title",
    "seed",
    "load",
    "workload",
    "nodes",
    "metrics",
    "hpa",
    "controller",
    "documented",
    "line",
    "policy",
    "observation",
    "format",
    "column",
    "trace",
    "maxReplicas",
    "minReplicas",
    "define",
    "history",
    "applied",
    "apply",
    "id",
    "now",
];

/// Prints the input at hand when something panics.
struct Shown<'a>(&'a Input);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text = String::from_utf8_lossy(&self.0.text).chars().take(4_000).collect::<String>();
            println!("the input ({}):\n{text}", self.0.kind);
        }
    }
}

/// A good text as a tree: its only document, or a list of them as `kubectl` prints it.
fn tree(text: &str) -> Value {
    if text.starts_with('{') {
        return serde_json::from_str(text).expect("JSON");
    }
    let mut items = documents("good.yaml", text.as_bytes())
        .expect("YAML")
        .into_iter()
        .map(|document| document.read::<Value>().expect("a tree"))
        .collect::<Vec<_>>();
    if items.len() == 1 { items.remove(0) } else { json!({ "apiVersion": "v1", "kind": "List", "items": items }) }
}

/// Every place of a tree, with values of other types and extremes in it; without it; and with a field more.
fn mutants(good: &Value) -> Vec<Input> {
    let values: [(&str, Value); 9] = [
        ("wrong type", Value::Null),
        ("wrong type", json!(true)),
        ("wrong type", json!([])),
        ("wrong type", json!({ "a": { "b": [1] } })),
        ("wrong type", json!("")),
        ("wrong type", json!("-∞ \u{0}\u{feff}\u{202e}")),
        ("wrong type", json!(-1)),
        ("wrong type", json!(0.5)),
        ("wrong type", json!(0)),
    ];
    // What serde_json does not write.
    let raw = [
        ("huge number", "9223372036854775807"),
        ("huge number", "-9223372036854775808"),
        ("huge number", "18446744073709551616"),
        ("huge number", "2147483648"),
        ("huge number", "1e300"),
        ("huge number", "1e999"),
        ("huge number", "123456789012345678901234567890123456789012345678901234567890"),
        ("not a number", "NaN"),
        ("not a number", ".nan"),
        ("not a number", "-.inf"),
        ("not a number", "Infinity"),
    ];
    let mut inputs = Vec::new();
    for place in places(good) {
        let with = |value: Value| {
            let mut tree = good.clone();
            *tree.pointer_mut(&place).expect("a place") = value;
            tree.to_string()
        };
        for (kind, value) in &values {
            inputs.push(Input { kind, text: with(value.clone()).into_bytes() });
        }
        for (kind, text) in raw {
            inputs.push(Input { kind, text: with(json!("@@")).replace("\"@@\"", text).into_bytes() });
        }
        let mut tree = good.clone();
        if let Some(Value::Object(fields)) = tree.pointer_mut(&place) {
            fields.insert("surprise".to_owned(), json!(1));
            inputs.push(Input { kind: "unknown field", text: tree.to_string().into_bytes() });
        }
        let (parent, name) = place.rsplit_once('/').unwrap_or_default();
        let mut tree = good.clone();
        if let Some(Value::Object(fields)) = tree.pointer_mut(parent) {
            fields.remove(name);
            inputs.push(Input { kind: "missing field", text: tree.to_string().into_bytes() });
        }
    }
    inputs
}

/// JSON pointers to everything below the root.
fn places(tree: &Value) -> Vec<String> {
    fn walk(tree: &Value, at: &str, places: &mut Vec<String>) {
        let mut down = |name: String, value: &Value| {
            let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            places.push(place.clone());
            walk(value, &place, places);
        };
        match tree {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| down(name.clone(), value)),
            Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| down(index.to_string(), value)),
            _ => {}
        }
    }
    let mut places = Vec::new();
    walk(tree, "", &mut places);
    places
}

/// A text cut, flipped and spliced.
fn texts(good: &str, seed: u64, count: usize) -> Vec<Input> {
    let mut random = Random(seed);
    let numbers =
        ["NaN", "-inf", "1e999", "-1", "99999999999999999999999999", "0x10", "1_0", "''", "~", "&a *a", "!!binary x"];
    (0..count)
        .map(|round| {
            let mut text = good.as_bytes().to_vec();
            let at = random.below(text.len());
            let kind = match round % 5 {
                0 => {
                    text.truncate(at);
                    "truncated"
                }
                1 => {
                    for _ in 0..=random.below(4) {
                        let at = random.below(text.len());
                        text[at] ^= 1 << random.below(7);
                    }
                    "flipped"
                }
                2 => {
                    text[at] = [0xff, 0xc0, 0x80, 0xfe, 0xed][random.below(5)];
                    "bad UTF-8"
                }
                3 => {
                    let digits = text
                        .iter()
                        .enumerate()
                        .filter(|(_, byte)| byte.is_ascii_digit())
                        .map(|(at, _)| at)
                        .collect::<Vec<_>>();
                    let start = digits[random.below(digits.len())];
                    let end = start + text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    text.splice(start..end, numbers[random.below(numbers.len())].bytes());
                    "other number"
                }
                _ => {
                    let (from, to) = (random.below(text.len()), random.below(text.len()));
                    let piece = text[from.min(to)..from.max(to)].to_vec();
                    text.splice(at..at, piece);
                    "spliced"
                }
            };
            Input { kind, text }
        })
        .collect()
}

/// Texts that nothing good can become.
fn hostile() -> Vec<Input> {
    let mut random = Random(7);
    let mut inputs = Vec::new();
    let mut add = |kind, text: Vec<u8>| inputs.push(Input { kind, text });
    for text in ["", " ", "\n", "---\n", "---\n...\n---\n", "#\n", "null", "\u{feff}", "{}", "[]", "{", "\"", "0"] {
        add("empty", text.as_bytes().to_vec());
    }
    for length in [1, 10, 1_000, 100_000] {
        add("binary", (0..length).map(|_| random.below(256) as u8).collect());
        add("binary", vec![0; length]);
        add("bad UTF-8", vec![0xff; length]);
    }
    add("binary", b"\x7fELF\x02\x01\x01\x00\x00\x00".to_vec());
    add("binary", b"\x1f\x8b\x08\x00\x00\x00".to_vec());
    let laughs = |open: &str, close: &str| {
        let mut text = format!("a: &a {open}x, x, x, x, x, x, x, x, x, x{close}\n");
        for (name, below) in ('b'..='j').zip('a'..) {
            text += &format!("{name}: &{name} {open}{}{close}\n", vec![format!("*{below}"); 10].join(", "));
        }
        text
    };
    add("bomb", laughs("[", "]").into_bytes());
    add("bomb", format!("kind: List\nitems: *j\n{}", laughs("[", "]")).into_bytes());
    add("bomb", format!("{}kind: List\nitems: *j\n", laughs("[", "]")).into_bytes());
    add("bomb", format!("{}title: *j\n", laughs("[", "]")).into_bytes());
    add("bomb", b"a: &a [*a]\n".to_vec());
    add("bomb", b"a: &a {b: &b {<<: *a}}\n".to_vec());
    for (open, close) in [
        ("[", "]"),
        ("{a: ", "}"),
        ("- ", ""),
        ("{\"a\":", "}"),
        ("? ", ""),
        ("!x ", ""),
        ("&a ", ""),
        ("\"", ""),
        ("> ", ""),
    ] {
        for depth in [100, 10_000, 200_000] {
            add("bomb", format!("{}{}", open.repeat(depth), close.repeat(depth)).into_bytes());
            add("bomb", format!("kind: {}{}", open.repeat(depth), close.repeat(depth)).into_bytes());
        }
    }
    add("bomb", (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth % 500))).collect::<String>().into_bytes());
    add("bomb", "---\nkind: Pod\n".repeat(20_000).into_bytes());
    add("bomb", format!("title: {}\n", "x".repeat(2 << 20)).into_bytes());
    add("bomb", format!("{}: 1\n", "x".repeat(100_000)).into_bytes());
    add("bomb", format!("{{\"kind\": \"List\", \"items\": [{}1]}}", "1,".repeat(300_000)).into_bytes());
    add("bomb", format!("{{\"policy\": {}1{}}}", "{\"spec\":".repeat(5_000), "}".repeat(5_000)).into_bytes());
    add("huge number", format!("{{\"policy\": {}}}", "9".repeat(100_000)).into_bytes());
    add("huge number", format!("duration_s: {}\n", "9".repeat(100_000)).into_bytes());
    add("huge number", format!("time,count\n0,{}\n", "9".repeat(100_000)).into_bytes());
    add("not a number", b"time,count\n0,NaN\n60,1\n".to_vec());
    add("not a number", b"time,count\nNaN,1\ninf,1\n".to_vec());
    inputs
}

/// Exit code and standard error.
fn run(arguments: &[&str], input: &[u8]) -> (i32, String) {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_plimsoll"));
    let mut command = Command::new(binary);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that does not read has closed it.
        let _closed = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("written");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code().expect("no signal ends it"), said)
}

/// SplitMix64: the same inputs in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}
