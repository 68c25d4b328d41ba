//! KEDA and its HPA in a simulation.

use plimsoll_core::hpa::{Hpa, PodCount};
use plimsoll_core::queue::{Observation, Offsets, Partition, Reading};
use plimsoll_core::units::{Instant, Replicas};

use super::source::{Kind, Source};
use super::{Keda, KedaPast, Turn};
use crate::engine::{self, Past, decider};
use crate::simulate::run::Sync;
use crate::simulate::{SECOND_NS, Scaler, Seen};

/// Decides a simulated workload as KEDA and its HPA would.
pub(in crate::engine) struct Player {
    policy: Keda,
    past: KedaPast,
    hpa_past: Box<Past>,
    offsets: Vec<Offsets<64>>,
    polled: Option<i64>,
}

impl Player {
    /// `root` is the name of the policy's text.
    ///
    /// # Errors
    /// When a trigger reads what the simulation does not have.
    pub(in crate::engine) fn new(policy: Keda, root: &str, topic: bool) -> Result<Self, String> {
        for (index, source) in policy.object.sources.iter().enumerate() {
            let at = format!("{root}.triggers[{index}]");
            match &source.kind {
                Kind::Kafka(_) if !topic => return Err(format!("{at} is of kafka: the scenario has no topic")),
                Kind::Kafka(kafka) if kafka.exclude_persistent_lag => {
                    return Err(format!("{at}.metadata.excludePersistentLag: every partition here has a consumer"));
                }
                _ => {}
            }
        }
        Ok(Self {
            past: policy.start(),
            hpa_past: Box::default(),
            offsets: (0..policy.triggers()).map(|_| Offsets::new()).collect(),
            policy,
            polled: None,
        })
    }

    fn read(&mut self, seen: &Seen<'_>) -> Vec<Reading> {
        let partitions = (0_u32..).zip(seen.partitions).map(|(id, partition)| Partition {
            id,
            committed: Some(partition.committed),
            head: Some(partition.head),
            log_start: Some(0),
        });
        let partitions = partitions.collect::<Vec<_>>();
        let Self { policy, offsets, .. } = self;
        let readings = offsets.iter_mut().enumerate().map(|(index, offsets)| {
            if let Some(group) = policy.group(index, &partitions, offsets) {
                return group.reading();
            }
            let sample =
                policy.object.sources.get(index).and_then(Source::simulated).and_then(|name| seen.sample(name));
            sample.map_or(Reading::Failed, |sample| policy.reading(index, sample.value as f64 / 1e3))
        });
        readings.collect()
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        (self.policy.object.counts.at_rest(), Some(self.policy.object.counts.max()))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let polls = self.polled.is_none_or(|at| seen.now - at >= self.policy.polling_s() * SECOND_NS);
        if polls {
            self.polled = Some(seen.now);
        }
        let readings = self.read(seen);
        let ready = engine::ready(seen);
        let turn = Turn {
            seen: Observation {
                now: Instant::from_nanos(seen.now),
                created: Instant::from_nanos(0),
                replicas: Some(Replicas(seen.spec_replicas)),
                ready: Some(ready),
                readings: &readings,
                annotations: self.policy.object.annotations,
            },
            running: seen.status_replicas,
            pods: PodCount {
                listed: u32::try_from(seen.pods.len()).unwrap_or(u32::MAX),
                ready: u32::try_from(ready).unwrap_or(0),
            },
            polls,
        };
        let resource = |hpa: &Hpa<'_>, index| decider::reading(hpa, index, seen);
        let pass = self.policy.pass(&mut self.past, &mut self.hpa_past, &turn, &resource);
        let active = pass.active.map(|active| format!("Active={}", if active { "True" } else { "False" }));
        let own = self.hpa_past.conditions().iter().map(ToString::to_string);
        let conditions = active.into_iter().chain(own.filter(|_| pass.hpa_scales));
        Sync {
            at_s: 0,
            from: pass.from.0,
            to: pass.to.0,
            readings: pass.readings,
            asked: pass.asked,
            reason: pass.reason,
            steps: pass.steps.into_iter().map(|(_, text)| text).collect(),
            conditions: conditions.collect(),
            revisit_at_s: engine::second_of(pass.revisit_at),
        }
    }

    fn applied(&mut self, _: i64, _: i32, _: i32) {}
}
