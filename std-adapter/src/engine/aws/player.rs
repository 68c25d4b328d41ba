//! A group in a simulation: its pods are the units, and every alarm gets one point a period.
//!
//! A point is made of the samples that became visible in its period. As CloudWatch does for a group of EC2, it leaves
//! out units that are not in service yet, or still warm up.

use plimsoll_core::step::{Samples, Statistic};
use plimsoll_core::units::{Instant, Replicas, Span};

use super::{Aws, AwsPast, Measure, Pass, Series, Turn};
use crate::engine::SERVICE;
use crate::simulate::run::Sync;
use crate::simulate::{ARRIVALS, BACKLOG, CPU, LATENCIES, MEMORY, REQUESTS, SECOND_NS, Scaler, Seen, SeenPod};

/// Decides a simulated workload as a group's policies would.
pub(in crate::engine) struct Player {
    policy: Aws,
    past: AwsPast,
    gathered: Vec<Gathered>,
    /// End of the newest samples of pods that were looked at.
    pods_at: Option<i64>,
    /// Since when all units that are asked for are there, and no others.
    completed: Option<i64>,
    last: Option<Pass>,
}

/// The samples of the period under way.
struct Gathered {
    source: Source,
    statistic: Statistic,
    period: i64,
    warm_up: i64,
    samples: Samples,
    ends: Option<i64>,
}

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Of every pod, in percent of its request.
    Percent(&'static str),
    /// Of every pod, as it is.
    Pods(&'static str),
    /// Of the service as a whole.
    Service(&'static str),
    /// What arrived in the period, for each pod in service.
    CountPerPod,
}

/// AWS's names for what there is here.
const KNOWN: [(&str, Source); 8] = [
    ("ASGAverageCPUUtilization", Source::Percent(CPU)),
    ("ECSServiceAverageCPUUtilization", Source::Percent(CPU)),
    ("ECSServiceAverageMemoryUtilization", Source::Percent(MEMORY)),
    ("ALBRequestCountPerTarget", Source::CountPerPod),
    ("CPUUtilization", Source::Percent(CPU)),
    ("MemoryUtilization", Source::Percent(MEMORY)),
    ("RequestCountPerTarget", Source::CountPerPod),
    ("ApproximateNumberOfMessagesVisible", Source::Service(BACKLOG)),
];

/// The first of [`KNOWN`] are predefined types.
const PREDEFINED: usize = 4;

impl Player {
    /// # Errors
    /// When a policy reads what the simulation does not measure, or there are fewer syncs than points.
    pub(in crate::engine) fn new(policy: Aws, sync_period_s: u32) -> Result<Self, String> {
        let gathered = policy.series.iter().map(|series| gathered(series, sync_period_s));
        let gathered = gathered.collect::<Result<_, _>>()?;
        Ok(Self { past: policy.start(), policy, gathered, pods_at: None, completed: None, last: None })
    }

    /// Takes what is new, and closes the periods that have ended.
    fn points(&mut self, seen: &Seen<'_>) -> Vec<Vec<Option<f64>>> {
        let targets = seen.pods.iter().filter(|pod| in_service(pod, seen.now, 0)).count();
        let newest = |pod: &SeenPod<'_>| pod.samples.iter().map(|sample| sample.at).max();
        let before = self.pods_at;
        self.pods_at = seen.pods.iter().filter_map(newest).max().max(before);
        let points = self.gathered.iter_mut().map(|it| {
            let service = |name: &'static str| {
                seen.news.iter().filter_map(move |news| news.iter().find(|sample| sample.name == name))
            };
            match it.source {
                Source::Percent(name) | Source::Pods(name) => {
                    let warm = seen.pods.iter().filter(|pod| in_service(pod, seen.now, it.warm_up));
                    for pod in warm {
                        let request = if name == CPU { pod.cpu_request_milli } else { pod.memory_request_milli };
                        let whole = if matches!(it.source, Source::Percent(_)) { request as f64 / 100.0 } else { 1e3 };
                        if let Some(sample) = pod.sample(name).filter(|sample| Some(sample.at) > before) {
                            it.samples.add(sample.value as f64 / whole);
                        }
                    }
                }
                Source::Service(name) => {
                    for sample in service(name) {
                        it.samples.add(sample.value as f64 / 1e3);
                    }
                }
                // Without a target there is no count for each.
                Source::CountPerPod if targets == 0 => {}
                Source::CountPerPod => {
                    for sample in service(ARRIVALS) {
                        it.samples.add(sample.value as f64 / 1e3 / targets as f64);
                    }
                }
            }
            it.close(seen.now)
        });
        points.collect()
    }
}

impl Gathered {
    /// The points of the periods that have ended; all of a period's samples make one.
    fn close(&mut self, now: i64) -> Vec<Option<f64>> {
        let next = (now.div_euclid(self.period) + 1) * self.period;
        let Some(ends) = self.ends.replace(next).filter(|ends| *ends <= now) else { return Vec::new() };
        let point = std::mem::take(&mut self.samples).point(self.statistic).map(|point| match self.source {
            // A mean rate, over the period.
            Source::CountPerPod => point * (self.period / SECOND_NS) as f64,
            _ => point,
        });
        // Thousandths, as all samples are.
        let mut points = vec![point.map(|point| libm::round(point * 1e3) / 1e3)];
        let missed = (now - ends) / self.period;
        points.extend((0..missed).map(|_| None));
        points
    }
}

/// Ready for longer than `warm_up`, and not on its way out.
fn in_service(pod: &SeenPod<'_>, now: i64, warm_up: i64) -> bool {
    !pod.deleted && pod.ready.is_some_and(|ready| ready.status && now.saturating_sub(ready.since) >= warm_up)
}

fn gathered(series: &Series, sync_period_s: u32) -> Result<Gathered, String> {
    let Series { at, measure, period, warm_up, .. } = series;
    let nanos = |span: Span| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    if period.as_secs() < u64::from(sync_period_s) {
        let period = period.as_secs();
        return Err(format!(
            "controller.sync_period_s is {sync_period_s}: {at} wants a point every {period} s, so it must be at most that"
        ));
    }
    let source = source(at, measure)?;
    let statistic = statistic(at, measure, source)?;
    let (period, warm_up) = (nanos(*period), nanos(*warm_up));
    Ok(Gathered { source, statistic, period, warm_up, samples: Samples::new(), ends: None })
}

fn source(at: &str, measure: &Measure) -> Result<Source, String> {
    let (predefined, named) = KNOWN.split_at(PREDEFINED);
    let Some(name) = measure.metric.as_deref() else {
        return Err(format!("{at} has no MetricName: the simulation knows no metric math"));
    };
    let known = if measure.predefined { predefined } else { named };
    if let Some((_, source)) = known.iter().find(|(known, _)| *known == name) {
        return Ok(*source);
    }
    let mut names = known.iter().map(|(known, _)| *known).collect::<Vec<_>>();
    if measure.predefined {
        let names = names.join(", ");
        return Err(format!("{at} tracks {name:?}: measured here are {names}; decide takes points of any metric"));
    }
    if name == REQUESTS {
        return Ok(Source::Pods(REQUESTS));
    }
    if let Some(service) = SERVICE.into_iter().find(|service| *service == name) {
        return Ok(Source::Service(service));
    }
    names.push(REQUESTS);
    names.extend(SERVICE);
    let names = names.join(", ");
    Err(format!("{at} has the metric {name:?}: measured here are {names}; decide takes points of any metric"))
}

fn statistic(at: &str, measure: &Measure, source: Source) -> Result<Statistic, String> {
    if let Some(given) = &measure.extended {
        let latencies = LATENCIES.join(", ");
        return Err(format!("{at}.ExtendedStatistic is {given:?}: the quantiles here are metrics: {latencies}"));
    }
    let statistic = match measure.statistic.as_deref() {
        None if measure.predefined => return Ok(Statistic::Average),
        None => return Err(format!("{at} has no Statistic: Average, Sum, Minimum, Maximum or SampleCount")),
        Some("Average") => Statistic::Average,
        Some("Sum") => Statistic::Sum,
        Some("Minimum") => Statistic::Minimum,
        Some("Maximum") => Statistic::Maximum,
        Some("SampleCount") => Statistic::SampleCount,
        Some(other) => {
            return Err(format!(
                "{at} has the Statistic {other:?}: must be Average, Sum, Minimum, Maximum or SampleCount"
            ));
        }
    };
    match (source, statistic) {
        // Its rates are averaged, and make the sum of the period.
        (Source::CountPerPod, Statistic::Sum) => Ok(Statistic::Average),
        (Source::CountPerPod, _) => Err(format!("{at} counts requests per target: its only Statistic is Sum")),
        (_, statistic) => Ok(statistic),
    }
}

impl Scaler for Player {
    fn bounds(&self) -> (i32, Option<i32>) {
        let bounds = self.policy.bounds();
        (bounds.min().0, Some(bounds.max().0))
    }

    fn metrics(&self) -> Vec<String> {
        self.policy.metric_lines()
    }

    fn sync(&mut self, seen: &Seen<'_>) -> Sync {
        let points = self.points(seen);
        let units = |warm_up: i64| {
            let units = seen.pods.iter().filter(|pod| in_service(pod, seen.now, warm_up)).count();
            i32::try_from(units).unwrap_or(i32::MAX)
        };
        let all_there = units(0) == seen.spec_replicas && seen.pods.iter().all(|pod| !pod.deleted);
        self.completed = if all_there { self.completed.or(Some(seen.now)) } else { None };
        let turn = Turn {
            now: Instant::from_nanos(seen.now),
            desired: Some(Replicas(seen.spec_replicas)),
            warm: &|span: Span| Some(Replicas(units(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))),
            points: &points,
            completed: self.completed.map(Instant::from_nanos),
        };
        let pass = self.policy.turn(&mut self.past, &turn);
        let sync = Sync {
            at_s: 0,
            from: pass.from.0,
            to: pass.to.0,
            readings: pass.readings.clone(),
            asked: pass.asked,
            reason: pass.reason.clone(),
            steps: pass.steps.iter().map(|(_, text)| text.clone()).collect(),
            conditions: pass.alarms.iter().map(|(name, state)| format!("{name}={state}")).collect(),
            revisit_at_s: crate::engine::second_of(pass.revisit_at),
        };
        self.last = Some(pass);
        sync
    }

    fn applied(&mut self, _: i64, _: i32, to: i32) {
        if let Some(pass) = &self.last {
            self.policy.applied(&mut self.past, pass, Replicas(to));
        }
        self.completed = None;
    }
}
