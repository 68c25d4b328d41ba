//! Format `plimsoll-decide/1`, line by line.

use plimsoll::decide::{DECIDE_FORMAT, Decisions};
use plimsoll::engine::{Past, Settings};
use plimsoll_core::constrain::{Amount, Bounds, RatePolicy, RateRules, Select};
use plimsoll_core::hpa::{Applied, Behavior, Hpa, Metric, Observation, PodCount, PodFold, Reading, Rules, Scale, Step};
use plimsoll_core::trace::Each;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};
use serde_json::{Value, json};

#[test]
fn a_policy_is_defined_once_and_referred_to() {
    let mut decisions = Decisions::new(Settings::default());
    let defined = ask(&mut decisions, 1, json!({ "id": "d", "define": "web", "policy": cpu(50) }));
    assert_eq!(defined, json!({ "id": "d", "line": 1, "defined": "web" }));
    let by_name = ask(&mut decisions, 2, json!({ "policy": "web", "observation": busy(4) }));
    let inline = ask(&mut decisions, 3, json!({ "policy": cpu(50), "observation": busy(4) }));
    // 4 pods that use all they request, against 50 %.
    assert_eq!((to(&by_name), to(&inline)), (8, 8));
    assert_eq!(by_name["steps"], inline["steps"]);
    // Defined again it stands for the new one.
    ask(&mut decisions, 4, json!({ "define": "web", "policy": cpu(100) }));
    assert_eq!(to(&ask(&mut decisions, 5, json!({ "policy": "web", "observation": busy(4) }))), 4);
    assert_eq!(decisions.bad_lines(), 0);
}

#[test]
fn ids_of_any_kind_are_given_back_with_answers_and_with_errors() {
    let mut decisions = Decisions::new(Settings::default());
    for id in [json!(7), json!("seven"), json!({ "a": [1, null] }), json!([1.5]), json!(true)] {
        let answer = ask(&mut decisions, 9, json!({ "id": id, "policy": cpu(50), "observation": busy(1) }));
        assert_eq!((&answer["id"], &answer["line"]), (&id, &json!(9)));
        let error = ask(&mut decisions, 10, json!({ "id": id, "policy": "nobody", "observation": busy(1) }));
        assert_eq!((&error["id"], &error["line"]), (&id, &json!(10)));
    }
    let without = ask(&mut decisions, 1, json!({ "policy": cpu(50), "observation": busy(1) }));
    assert!(without.get("id").is_none(), "{without}");
    assert_eq!(decisions.bad_lines(), 5);
}

#[test]
fn every_form_of_reading_gives_its_number() {
    let target = |kind: &str, name: &str, value: &str| json!({ "type": kind, name: value });
    let average = target("AverageValue", "averageValue", "10");
    let utilization = json!({ "type": "Utilization", "averageUtilization": 50 });
    let resource = |target: &Value| json!({ "type": "Resource", "resource": { "name": "cpu", "target": target } });
    let pods = |target: &Value| json!({ "type": "Pods", "pods": { "metric": { "name": "qps" }, "target": target } });
    let object = |target: &Value| {
        json!({ "type": "Object", "object": { "metric": { "name": "hits" }, "target": target,
            "describedObject": { "apiVersion": "v1", "kind": "Service", "name": "front" } } })
    };
    let external =
        |target: &Value| json!({ "type": "External", "external": { "metric": { "name": "lag" }, "target": target } });
    let pod = |value: &str| {
        json!({ "started": 0, "ready": { "status": "True", "since": 0 }, "request": "1",
        "sample": { "value": value, "at": HOUR, "windowSeconds": 15 } })
    };
    // What is read, and what it asks for at 4 replicas of which 4 run.
    let cases = [
        // Four pods of 1 core at 0.75: 75 % against 50 % is 1.5 × 4.
        (resource(&utilization), json!({ "pods": [pod("750m"), pod("750m"), pod("0.75"), pod("0.75")] }), 6),
        (resource(&utilization), json!({ "ready": { "pods": 4, "usage": "3", "request": "4" } }), 6),
        // 15 each against 10 is 1.5 × 4; a sample of 30 without a pod makes the mean 18 and counts as a pod more.
        (pods(&average), json!({ "ready": { "pods": 4, "usage": "60" } }), 6),
        (pods(&average), json!({ "pods": [pod("15"), pod("15"), pod("15"), pod("15")] }), 6),
        // 60 + 30 over 5 samples is 18 per pod; 1.8 × the 4 ready pods is 7.2.
        (pods(&average), json!({ "pods": [pod("15"), pod("15"), pod("15"), pod("15")], "unlisted": ["30"] }), 8),
        (object(&average), json!({ "value": "55" }), 6),
        (object(&target("Value", "value", "10")), json!({ "value": "20" }), 8),
        (external(&average), json!({ "values": ["20", "21.5", 3] }), 5),
        (external(&target("Value", "value", "1Ki")), json!({ "values": ["1536"] }), 6),
    ];
    for (metric, reading, wanted) in cases {
        let mut decisions = Decisions::new(Settings::default());
        let line = json!({ "policy": { "maxReplicas": 20, "metrics": [metric] }, "observation": {
            "now": HOUR, "scale": { "wanted": 4 }, "pods": { "listed": 4, "ready": 4 }, "readings": [reading] } });
        let answer = ask(&mut decisions, 1, line.clone());
        assert_eq!(to(&answer), wanted, "{line}\n{answer}");
    }
    for (error, words) in [
        ("unavailable", "cpu failed: the metrics API gave no values"),
        ("notANumber", "cpu failed: the value is not a finite number"),
    ] {
        let mut decisions = Decisions::new(Settings::default());
        let mut seen = busy(4);
        seen["readings"] = json!([{ "error": error }]);
        let answer = ask(&mut decisions, 1, json!({ "policy": cpu(50), "observation": seen }));
        assert_eq!((to(&answer), answer["decision"]["error"].as_str()), (4, Some("unknowable")));
        assert!(texts(&answer).contains(&words.to_owned()), "{answer}");
    }
}

#[test]
fn what_could_not_be_seen_changes_nothing_and_says_so() {
    let cases = [
        ("scale", json!(null), "the scale of the target could not be read: nothing changes"),
        ("pods", json!(null), "the pods could not be listed: nothing changes"),
        ("selector", json!("missing"), "the scale has no selector: nothing changes"),
        ("selector", json!("unparsable"), "the scale's selector does not parse: nothing changes"),
        ("selector", json!("ambiguous"), "a pod is selected by another HPA's target too: nothing changes"),
    ];
    for (field, value, words) in cases {
        let mut seen = busy(4);
        seen[field] = value;
        let answer =
            ask(&mut Decisions::new(Settings::default()), 1, json!({ "policy": cpu(50), "observation": seen }));
        assert_eq!(answer["decision"]["changes"], json!(false), "{answer}");
        assert_eq!(answer["decision"]["lastWord"]["text"], json!(words), "{answer}");
    }
}

#[test]
fn times_are_nanoseconds_or_rfc_3339() {
    let mut answers = Vec::new();
    for now in [json!(1_795_521_600_000_000_000_i64), json!("2026-11-24T12:00:00Z"), json!("2026-11-24T13:00:00+01:00")]
    {
        let mut seen = busy(4);
        seen["now"] = now;
        answers.push(ask(
            &mut Decisions::new(Settings::default()),
            1,
            json!({ "policy": cpu(50), "observation": seen }),
        ));
    }
    assert_eq!(answers[0]["history"]["last"], json!(1_795_521_600_000_000_000_i64));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

/// A line knows nothing but what it carries, so this is the whole life of a workload by hand: seed, growth cut by a
/// rate, a window that holds, a decrease cut by a rate. The same is done with the core, whose history is never written
/// down.
#[test]
fn a_history_carried_through_twenty_lines_decides_as_the_core_does_in_memory() {
    let up = [RatePolicy::new(Amount::Percent(50), Span::from_secs(60)).expect("a rule")];
    let down = [RatePolicy::new(Amount::Pods(2), Span::from_secs(45)).expect("a rule")];
    let rules = |policies| Rules::new(RateRules::new(Select::Max, policies).expect("rules"));
    let behavior = Behavior { up: rules(&up), down: rules(&down).with_window(Span::from_secs(60)).expect("a window") };
    let metrics = [Metric::resource("cpu").utilization(50).expect("a target")];
    let hpa = Hpa::new(Bounds::new(2, 30).expect("bounds"), &metrics).expect("a policy").with_behavior(behavior);
    let spec = json!({ "minReplicas": 2, "maxReplicas": 30, "metrics": cpu(50)["metrics"], "behavior": {
        "scaleUp": { "policies": [{ "type": "Percent", "value": 50, "periodSeconds": 60 }] },
        "scaleDown": { "stabilizationWindowSeconds": 60, "policies": [{ "type": "Pods", "value": 2, "periodSeconds": 45 }] } } });

    let loads = [2, 2, 3, 6, 6, 6, 6, 6, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1];
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, 1, json!({ "define": "p", "policy": spec }));
    let mut past = Box::<Past>::default();
    let (mut history, mut pods) = (Value::Null, 4);
    let mut path = Vec::new();
    for (number, load) in (0_i64..).zip(loads) {
        let now = number * 15 * SECOND;
        let line = json!({ "id": number, "policy": "p", "history": history, "observation": {
            "now": now, "scale": { "wanted": pods }, "pods": { "listed": pods, "ready": pods },
            "readings": [{ "ready": { "pods": pods, "usage": load, "request": pods } }] } });
        let answer = ask(&mut decisions, 2, line);

        let now = Instant::from_nanos(now);
        let mut fold = PodFold::new(&hpa, 0, now);
        fold.add_ready(pods, Milli(load * 1_000), Milli(i64::from(pods) * 1_000));
        let scale = Replicas(i32::try_from(pods).expect("few"));
        let seen = Observation {
            now,
            scale: Some(Scale { wanted: scale, running: scale }),
            pods: Some(PodCount { listed: pods, ready: pods }),
            readings: &[Reading::Pods(fold)],
            ..Observation::default()
        };
        let mut steps = Vec::new();
        let decision = hpa.decide(
            &mut past,
            &seen,
            &mut Each(|step: &Step| steps.push(step.sentence(&hpa).seen_at(now).to_string())),
        );
        if decision.changes() {
            hpa.applied(&mut past, &decision, Applied::Done(decision.to), &mut ());
        }
        assert_eq!(to(&answer), decision.to.0, "line {number}: {answer}");
        assert_eq!(texts(&answer), steps, "line {number}");
        assert_eq!(answer["decision"]["revisitAt"], json!(decision.revisit_at), "line {number}");
        assert_eq!(answer["history"], serde_json::to_value(&past).expect("JSON"), "line {number}");
        history = answer["history"].clone();
        pods = u32::try_from(decision.to.0).expect("some");
        path.push(pods);
    }
    assert_eq!(path, PATH);
    let back: Box<Past> = serde_json::from_value(history).expect("a history");
    assert_eq!(back, past);
}

/// By hand: 4 × 1.5 at 30 s; 9 when that has left its minute, at 90 s; down by 2 when the last 12 has left the window, at
/// 165 s; the window's 6 at 210 s, and down by 2 when the last 6 has left, at 255 s.
const PATH: [u32; 20] = [4, 4, 6, 6, 6, 6, 9, 9, 9, 9, 9, 7, 7, 7, 6, 6, 6, 4, 4, 4];

#[test]
fn what_became_of_a_decision_is_told_in_its_line_or_in_the_next() {
    let spec = json!({ "maxReplicas": 20, "metrics": cpu(50)["metrics"], "behavior": {
        "scaleUp": { "policies": [{ "type": "Pods", "value": 2, "periodSeconds": 60 }] } } });
    let mut decisions = Decisions::new(Settings::default());
    let mut first = |apply: Value| {
        let mut line = json!({ "policy": spec, "observation": busy(4) });
        if !apply.is_null() {
            line["apply"] = apply;
        }
        ask(&mut decisions, 1, line)
    };
    let (silent, done, failed, none) =
        (first(Value::Null), first(json!("done")), first(json!("failed")), first(json!("none")));
    for answer in [&silent, &done, &failed, &none] {
        assert_eq!(to(answer), 6, "{answer}");
    }
    assert_eq!(silent, done);
    let reason = |answer: &Value| answer["conditions"][0]["reason"].as_str().map(str::to_owned);
    assert_eq!(reason(&done).as_deref(), Some("SucceededRescale"));
    assert_eq!(
        (reason(&failed).as_deref(), failed["conditions"][0]["status"].as_str()),
        (Some("FailedUpdateScale"), Some("False"))
    );
    assert_eq!(reason(&none).as_deref(), Some("ReadyForNewScale"));
    let grown = json!([{ "change": 2, "at": HOUR, "outdated": false }]);
    assert_eq!(
        (&done["history"]["up"], &failed["history"]["up"], &none["history"]["up"]),
        (&grown, &json!([]), &json!([]))
    );

    // A quarter of a minute later, 6 pods as busy: what was done is counted, and no more is left of the period.
    let mut next = |history: &Value, applied: Value| {
        let mut seen = busy(6);
        seen["now"] = json!(HOUR + 15 * SECOND);
        let mut line = json!({ "policy": spec, "history": history, "observation": seen });
        if !applied.is_null() {
            line["applied"] = applied;
        }
        to(&ask(&mut decisions, 2, line))
    };
    assert_eq!(next(&done["history"], Value::Null), 6);
    assert_eq!(next(&none["history"], Value::Null), 8);
    // … also when it is told only then.
    assert_eq!(next(&none["history"], json!({ "at": HOUR, "from": 4, "to": 6 })), 6);
    assert_eq!(next(&none["history"], json!({ "at": HOUR, "from": 4, "to": 5 })), 7);
}

#[test]
fn every_refusal_has_its_words() {
    let observed = |field: &str, value: Value| {
        let mut seen = busy(4);
        seen[field] = value;
        json!({ "policy": cpu(50), "observation": seen }).to_string()
    };
    let reading = |reading: Value| observed("readings", json!([reading]));
    let pod = |field: &str, value: Value| reading(json!({ "pods": [{ field: value }] }));
    let top = |field: &str, value: Value| {
        let mut line = json!({ "policy": cpu(50), "observation": busy(4) });
        line[field] = value;
        line.to_string()
    };
    let policy = |field: &str, value: Value| {
        let mut spec = cpu(50);
        spec[field] = value;
        json!({ "policy": spec, "observation": busy(4) }).to_string()
    };
    let cases: Vec<(String, &str)> = vec![
        (String::new(), "no JSON: EOF while parsing a value at column 0"),
        ("{".to_owned(), "no JSON: EOF while parsing an object at column 1"),
        ("{}}".to_owned(), "no JSON: trailing characters at column 3"),
        ("nonsense".to_owned(), "no JSON: expected ident at column 2"),
        ("[]".to_owned(), "expected a mapping, found a list"),
        ("3".to_owned(), "expected a mapping, found the number 3"),
        ("null".to_owned(), "no object: the line is empty or null"),
        (
            "{}".to_owned(),
            "policy is missing: a name, the spec of an HPA, or one of hpa, keda, keda_job, knative, consumers, aws, watermark, gce, nomad, schedule, combine",
        ),
        ("{\"a\": 1, \"a\": 2}".to_owned(), "the key \"a\" stands twice in one mapping, first on line 1"),
        (json!({ "policy": cpu(50) }).to_string(), "observation is missing"),
        (
            json!({ "policy": "nobody", "observation": busy(4) }).to_string(),
            "policy is \"nobody\": no line and no --policy file has defined it",
        ),
        (
            json!({ "policy": 3, "observation": busy(4) }).to_string(),
            "policy is 3: must be a name, the spec of an HPA, or one of hpa, keda, keda_job, knative, consumers, aws, watermark, gce, nomad, schedule, combine",
        ),
        (
            json!({ "define": "x" }).to_string(),
            "policy is missing: a name, the spec of an HPA, or one of hpa, keda, keda_job, knative, consumers, aws, watermark, gce, nomad, schedule, combine",
        ),
        (
            top("format", json!("plimsoll-decide/2")),
            "format is \"plimsoll-decide/2\": this build answers plimsoll-decide/1",
        ),
        (top("polices", json!(1)), "unknown field \"polices\", did you mean \"policy\"?"),
        (top("apply", json!("maybe")), "apply: unknown value \"maybe\"; known are done, failed, none"),
        (top("applied", json!({ "at": 1, "from": 2 })), "applied: the field \"to\" is missing"),
        (
            top("applied", json!({ "at": "noon", "from": 2, "to": 3 })),
            "applied.at: \"noon\" is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"",
        ),
        (top("observation", json!([])), "observation: expected a mapping, found a list"),
        (top("history", json!(1)), "history: expected a mapping, found the number 1"),
        (top("history", json!({})), "history: the field \"up\" is missing"),
        (
            top("history", json!({ "up": [], "down": [], "conditions": [], "more": 1 })),
            "history: unknown field \"more\"; known are conditions, down, last, recommendations, started, up",
        ),
        (
            top("history", json!({ "up": [{ "change": 1 }], "down": [], "conditions": [] })),
            "history.up[0]: the field \"at\" is missing",
        ),
        (
            top(
                "history",
                json!({ "up": vec![json!({ "change": 1, "at": 1, "outdated": false }); 1803], "down": [], "conditions": [] }),
            ),
            "history.up: invalid length 1803, expected a list of at most 1802 entries",
        ),
        (
            top(
                "history",
                json!({ "up": [], "down": [], "conditions": [{ "kind": "Happy", "status": true, "reason": "None", "since": 1 }] }),
            ),
            "history.conditions[0].kind: unknown value \"Happy\"; known are AbleToScale, ScaledToZero, ScalingActive, ScalingLimited",
        ),
        (
            policy("maxReplicas", json!(0)),
            "policy: maxReplicas: Required value: must be set and greater than 0; maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ),
        (
            policy("maxReplicas", json!("many")),
            "policy.maxReplicas: expected a whole number from -2147483648 to 2147483647, found the text \"many\"",
        ),
        (
            policy("maxReplicas", json!(1e300)),
            "policy.maxReplicas: expected a whole number from -2147483648 to 2147483647, found the number 1e300",
        ),
        (
            policy("minReplicas", json!(12)),
            "policy: maxReplicas: Invalid value: 10: must be greater than or equal to `minReplicas`",
        ),
        (policy("metrix", json!([])), "policy: unknown field \"metrix\", did you mean \"metrics\"?"),
        (
            policy("behavior", json!({ "scaleDown": { "stabilizationWindowSeconds": 3601 } })),
            "policy: behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
        ),
        (
            policy("behavior", json!({ "scaleDown": { "policies": [] } })),
            "policy: behavior.scaleDown.policies: Required value: must specify at least one Policy",
        ),
        (
            observed("now", json!(1.5)),
            "observation.now: 1.5 is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"",
        ),
        (
            observed("now", json!(u64::MAX)),
            "observation.now: 1.8446744073709552e+19 is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"",
        ),
        (
            observed("now", json!("noon")),
            "observation.now: \"noon\" is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"",
        ),
        (
            observed("now", Value::Null),
            "observation.now: null is no time: nanoseconds as a whole number, or a text like \"2026-11-24T02:36:38Z\"",
        ),
        (
            observed("scale", json!({ "wanted": "four" })),
            "observation.scale.wanted: expected a whole number from -2147483648 to 2147483647, found the text \"four\"",
        ),
        (
            observed("scale", json!({ "wanted": 4_000_000_000_u32 })),
            "observation.scale.wanted: expected a whole number from -2147483648 to 2147483647, found the number 4000000000",
        ),
        (observed("scale", json!({})), "observation.scale: the field \"wanted\" is missing"),
        (
            observed("selector", json!("broken")),
            "observation.selector: unknown value \"broken\"; known are ambiguous, missing, unparsable, usable",
        ),
        (
            observed("pods", json!({ "listed": -1, "ready": 0 })),
            "observation.pods.listed: expected a whole number from 0 to 4294967295, found the number -1",
        ),
        (
            observed("clouds", json!(1)),
            "observation: unknown field \"clouds\"; known are now, pods, readings, scale, selector",
        ),
        (
            observed("readings", json!([{ "value": 1 }, { "value": 2 }])),
            "observation.readings has 2 entries, the policy has 1 metrics",
        ),
        (reading(json!({})), "observation.readings[0] must have exactly one of pods, ready, value, values, error"),
        (
            reading(json!({ "value": 1, "values": [2] })),
            "observation.readings[0] must have exactly one of pods, ready, value, values, error",
        ),
        (
            reading(json!({ "value": "lots" })),
            "observation.readings[0].value: \"lots\" is not a quantity: it has no digits",
        ),
        (
            reading(json!({ "error": "sad" })),
            "observation.readings[0].error: unknown value \"sad\"; known are notANumber, unavailable",
        ),
        (
            reading(json!({ "ready": { "pods": 1, "usage": 1 } })),
            "observation.readings[0].ready.request is missing: the target is a utilization",
        ),
        (
            reading(json!({ "ready": { "pods": 1.5, "usage": 1 } })),
            "observation.readings[0].ready.pods: expected a whole number from 0 to 4294967295, found the number 1.5",
        ),
        (reading(json!({ "pods": 3 })), "observation.readings[0].pods: expected a list, found the number 3"),
        (
            pod("phase", json!("Dancing")),
            "observation.readings[0].pods[0].phase: unknown value \"Dancing\", did you mean \"Pending\"?",
        ),
        (pod("ready", json!(true)), "observation.readings[0].pods[0].ready: expected a mapping, found true"),
        (
            pod("ready", json!({ "status": true })),
            "observation.readings[0].pods[0].ready.status: expected text, found true",
        ),
        (pod("sample", json!({ "value": "1" })), "observation.readings[0].pods[0].sample: the field \"at\" is missing"),
        (
            pod("sample", json!({ "value": "1", "at": 0, "windowSeconds": -1 })),
            "observation.readings[0].pods[0].sample.windowSeconds: expected a whole number from 0 to 4294967295, found the number -1",
        ),
        (
            pod("colour", json!("red")),
            "observation.readings[0].pods[0]: unknown field \"colour\"; known are deleted, phase, ready, request, sample, started",
        ),
    ];
    let mut decisions = Decisions::new(Settings::default());
    let mut wrong = Vec::new();
    for (number, (line, wanted)) in (1..).zip(&cases) {
        let answer = decisions.line(number, line.as_bytes());
        assert_eq!(answer["line"], json!(number));
        let found = answer["error"].as_str().unwrap_or("no error");
        if found != *wanted {
            wrong.push(format!("{}\n  {found:?}", line.chars().take(300).collect::<String>()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bad_line_does_not_stop_the_others() {
    let good = json!({ "policy": "web", "observation": busy(4) }).to_string();
    let cut = &good.as_bytes()[..good.len() / 2];
    let bad: [&[u8]; 8] = [
        cut,
        b"{\"policy\": \"\xff\"}",
        b"\xfe\xff\x00{",
        b"{\"policy\": NaN}",
        b"{\"policy\": \"web\", \"observation\": {\"now\": 1e999}}",
        b"{\"policy\": \"web\", \"observation\": {\"now\": 99999999999999999999999999}}",
        b"\"web\"",
        &[b'['; 100_000],
    ];
    let mut decisions = Decisions::new(Settings::default());
    ask(&mut decisions, 1, json!({ "define": "web", "policy": cpu(50) }));
    let wanted = decisions.line(7, good.as_bytes());
    assert_eq!(to(&wanted), 8);
    for (count, bad) in (1..).zip(bad) {
        let answer = decisions.line(6, bad);
        let error = answer["error"].as_str().expect("an error");
        assert!(error.len() > 10 && answer.get("decision").is_none(), "{answer}");
        assert_eq!(decisions.bad_lines(), count);
        // A policy survives, and nothing of the bad line remains.
        assert_eq!(decisions.line(7, good.as_bytes()), wanted);
    }
}

#[test]
fn extreme_numbers_are_decided_and_stay_within_bounds() {
    let numbers = [
        json!(0),
        json!("-5"),
        json!("9223372036854775807"),
        json!("-9223372036854775807"),
        json!("1n"),
        json!("9E"),
        json!(1e30),
    ];
    for number in &numbers {
        for reading in [
            json!({ "ready": { "pods": 4_294_967_295_u32, "usage": number, "request": number } }),
            json!({ "ready": { "pods": 0, "usage": number, "request": 0 } }),
        ] {
            let mut seen = busy(4);
            seen["readings"] = json!([reading]);
            for now in [i64::MIN, -1, i64::MAX] {
                seen["now"] = json!(now);
                let answer =
                    ask(&mut Decisions::new(Settings::default()), 1, json!({ "policy": cpu(50), "observation": seen }));
                assert!((1..=10).contains(&to(&answer)), "{answer}");
                // JSON knows no NaN: it must not have become anything else than a number or null.
                assert_eq!(serde_json::from_str::<Value>(&answer.to_string()).expect("JSON"), answer);
            }
        }
    }
}

#[test]
fn an_answer_begins_with_id_and_line_and_the_format_may_be_named() {
    let line = json!({ "format": DECIDE_FORMAT, "id": 5, "policy": cpu(50), "observation": busy(4) });
    let answer = ask(&mut Decisions::new(Settings::default()), 3, line).to_string();
    assert!(answer.starts_with("{\"id\":5,\"line\":3,\"decision\":{\"from\":4,\"to\":8,"), "{answer}");
    assert!(!answer.contains('\n'));
}

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A spec: so many percent of CPU, 1 to 10.
fn cpu(percent: i32) -> Value {
    json!({ "maxReplicas": 10, "metrics": [
        { "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": percent } } }] })
}

/// So many pods that use all they request.
fn busy(pods: i32) -> Value {
    json!({ "now": HOUR, "scale": { "wanted": pods }, "readings": [{ "ready": { "pods": pods, "usage": pods, "request": pods } }] })
}

fn ask(decisions: &mut Decisions, number: u64, line: Value) -> Value {
    decisions.line(number, line.to_string().as_bytes())
}

fn to(answer: &Value) -> i32 {
    let to = answer["decision"]["to"].as_i64().unwrap_or_else(|| panic!("no decision: {answer}"));
    i32::try_from(to).expect("few")
}

fn texts(answer: &Value) -> Vec<String> {
    let steps = answer["steps"].as_array().expect("steps");
    steps.iter().map(|step| step["text"].as_str().expect("a sentence").to_owned()).collect()
}
