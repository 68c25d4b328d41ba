//! A revision of Knative, asked by lines.

use plimsoll_core::kpa::{Decision, Load, Observation, Outlook, Proxy, Reading, Route, Sample, Step, Threshold};
use plimsoll_core::trace::Each;
use plimsoll_core::units::Replicas;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Count, Kind, Line, Moment, Saved};
use crate::engine::knative::{Knative, KnativePast, condition};
use crate::engine::record;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservationIn {
    now: Moment,
    scale: Option<Count>,
    ready: Option<u32>,
    #[serde(default)]
    starting: u32,
    #[serde(default)]
    samples: Vec<SampleIn>,
    #[serde(default)]
    load: Option<LoadIn>,
    #[serde(default)]
    failed: bool,
    #[serde(default = "yes")]
    reachable: bool,
    #[serde(default = "yes")]
    named: bool,
    #[serde(default)]
    proxy: ProxyIn,
}

const fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleIn {
    at: Moment,
    value: f64,
    #[serde(default)]
    proxied: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadIn {
    stable: f64,
    panic: f64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ProxyIn {
    routed: bool,
    confirmed: bool,
    since: Option<Moment>,
}

impl Kind for Knative {
    type History = Saved;
    type Observation = ObservationIn;

    fn about(&self) -> String {
        format!("Knative revision, {}", self.metric_line())
    }

    fn answer(&self, line: Line<Saved, ObservationIn>) -> Result<Value, String> {
        let given = line.observation.ok_or("observation is missing")?;
        let now = given.now.0;
        let mut past = match line.history {
            None => self.start(given.ready, now),
            Some(Saved(bytes)) => Box::new(KnativePast::restore(&bytes).map_err(|error| format!("history: {error}"))?),
        };
        for sample in &given.samples {
            let taken = Sample { value: sample.value, proxied: sample.proxied };
            let _told_by_a_step = self.kpa().record(&mut past, sample.at.0, taken);
        }
        let load = match (given.load, given.failed) {
            (_, true) => Reading::Failed,
            (Some(load), false) => Reading::Given(Load { stable: load.stable, panic: load.panic }),
            (None, false) => Reading::Recorded,
        };
        let seen = Observation {
            now,
            scale: given.scale.map(Replicas::from),
            ready: given.ready,
            starting: given.starting,
            load,
            reachable: given.reachable,
            named: given.named,
            proxy: Proxy {
                routed: given.proxy.routed,
                confirmed: given.proxy.confirmed,
                since: given.proxy.since.map(|moment| moment.0),
            },
        };
        let mut steps = Vec::new();
        let mut tell = Each(|step: &Step| steps.push(record::told(step, step.seen_at(now))));
        let decision = self.kpa().decide(&mut past, &seen, &mut tell);
        Ok(json!({
            "decision": decided(&decision),
            "steps": steps,
            "conditions": [condition(&decision)],
            "outlook": outlook(&self.kpa().outlook(&past, &seen)),
            "history": Saved::text(KnativePast::saved_size(), |out| past.save(out)),
        }))
    }
}

fn decided(decision: &Decision) -> Value {
    let detail = &decision.detail;
    json!({
        "from": decision.from,
        "to": decision.to,
        "changes": decision.changes(),
        "lastWord": record::told(&decision.last_word, decision.last_word.seen_at(detail.at)),
        "recommended": detail.proposal.ok().map(|proposal| proposal.wanted),
        "wanted": detail.wanted,
        "published": detail.published,
        "load": detail.load.ok(),
        "panicking": detail.panicking,
        "excessBurstCapacity": detail.excess_burst_capacity,
        "route": match detail.route {
            Route::Direct => "direct",
            Route::Proxied => "proxied",
        },
        "activators": detail.activators,
        "probe": detail.probe,
        "initialized": detail.initialized,
        "revisitAt": decision.revisit_at,
    })
}

fn outlook(outlook: &Outlook) -> Value {
    let threshold = |it: &Threshold| json!({ "load": it.load, "replicas": it.replicas });
    json!({
        "up": outlook.up.as_ref().map(threshold),
        "down": outlook.down.as_ref().map(threshold),
        "panic": outlook.panic,
    })
}
