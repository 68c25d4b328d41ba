//! What it costs to decide through C: by single calls, and by batches, as ratios to a decision in Rust.
//!
//! All decide the same [`WORKLOADS`] workloads for [`SYNCS`] syncs in each turn, with histories of their own, from what
//! the host has in memory to the number of replicas, without steps. C's structs are made before: a host in C has them.
//! The answers are added up; all sides must come to the same sum. `ffi/go/internal/crossings` plays the same workloads
//! from Go and takes the rows printed here from a file; `make -C ffi crossings` runs both.
#![expect(unsafe_code, reason = "a caller of a C interface")]

use std::hint::black_box;
use std::process::ExitCode;
use std::ptr::null_mut;
use std::time::Duration;

use plimsoll_benches::turns::{Times, time};
use plimsoll_core::constrain::Bounds;
use plimsoll_core::hpa::{self, History, Hpa, Metric, Observation, PodCount, PodFold, Scale, ValueSum};
use plimsoll_core::units::{Instant, Milli, Replicas};
use plimsoll_ffi::abi::{self, BatchItem, HpaConfig, MetricConfig};
use plimsoll_ffi::{Status, boundary};

const WORKLOADS: usize = 64;
const SYNCS: i64 = 50;
const TURNS: usize = 31;
const PERIOD: i64 = 15;

fn main() -> ExitCode {
    let mut disturbed = false;
    println!("{:<9} {:<20} {:>6} {:>7} {:>12}", "reading", "crossing", "min", "median", "sum");
    for (reading, pods) in [("value", 0), ("10-pods", 10)] {
        let (sides, sum) = measure(pods);
        for (crossing, side) in ["native", "C", "C-batch-of-64"].into_iter().zip(sides) {
            disturbed |= side.noisy();
            let (min, median) = (side.min / sides[0].min, side.median / sides[0].median);
            println!("{reading:<9} {crossing:<20} {min:>6.2} {median:>7.2} {sum:>12}");
        }
    }
    if disturbed {
        eprintln!("disturbed: run again on a quieter machine");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Replicas of a workload, all along.
fn replicas(workload: usize) -> i32 {
    3 + workload as i32 % 8
}

/// What its one value is, and what its pods use.
fn milli(workload: usize, pod: usize) -> i64 {
    200 + (workload as i64 * 37 + pod as i64 * 101) % 900
}

/// The three sides, by workloads of so many pods, or of one value from outside when there are none.
fn measure(pods: usize) -> ([Times; 3], i64) {
    let metrics = [if pods == 0 {
        Metric::external("messages").average_value(Milli(100_000)).expect("a target above 0")
    } else {
        Metric::resource("cpu").utilization(60).expect("a target above 0")
    }];
    let hpa = Hpa::new(Bounds::new(1, 100).expect("in order"), &metrics).expect("one metric");
    let mut native = Native::new(&hpa, pods);
    let (mut single, mut batch) = (Through::new(pods), Through::new(pods));
    // As a host calls a library: nothing of it is inlined.
    let decide = black_box(boundary::plimsoll_hpa_decide as Decide);
    let decide_batch = black_box(boundary::plimsoll_hpa_decide_batch as DecideBatch);

    let (mut times, mut total): ([Vec<Duration>; 3], i64) = Default::default();
    for turn in 0..TURNS as i64 {
        let begin = turn * (SYNCS + 1) * PERIOD;
        let answers = [
            turn_of(begin, |now| native.sync(&hpa, now)),
            turn_of(begin, |now| single.sync(decide, now)),
            turn_of(begin, |now| batch.sync_batch(decide_batch, now)),
        ];
        assert!(answers.iter().all(|(sum, _)| *sum == answers[0].0), "the sides do not agree: {answers:?}");
        total += answers[0].0;
        for (times, (_, taken)) in times.iter_mut().zip(answers) {
            times.push(taken);
        }
    }
    (times.map(Times::of), total)
}

/// One sync that is not timed, so that no side pays for what another left in the caches, and then those that are.
fn turn_of(begin: i64, mut sync: impl FnMut(i64) -> i64) -> (i64, Duration) {
    let untimed = sync(begin);
    let (sum, taken) = time(|| (1..=SYNCS).map(|index| sync(begin + index * PERIOD)).sum::<i64>());
    (untimed + sum, taken)
}

/// Workloads decided in Rust.
struct Native {
    pods: Vec<Vec<hpa::Pod>>,
    values: Vec<i64>,
    histories: Vec<History>,
}

impl Native {
    fn new(hpa: &Hpa<'_>, pods: usize) -> Self {
        let pod = |workload, pod| hpa::Pod {
            request: Ok(Milli(1000)),
            ..hpa::Pod::running(Milli(milli(workload, pod)), Instant::from_secs(0))
        };
        Self {
            pods: (0..WORKLOADS).map(|workload| (0..pods).map(|index| pod(workload, index)).collect()).collect(),
            values: (0..WORKLOADS).map(|workload| 1000 * milli(workload, 0)).collect(),
            histories: (0..WORKLOADS).map(|_| History::new(hpa).expect("room")).collect(),
        }
    }

    fn sync(&mut self, hpa: &Hpa<'_>, now: i64) -> i64 {
        let now = Instant::from_secs(now);
        let mut sum = 0;
        for workload in 0..WORKLOADS {
            let pods = &self.pods[workload];
            let reading = if pods.is_empty() {
                let mut values = ValueSum::new();
                values.add(Milli(self.values[workload]));
                hpa::Reading::Values(values)
            } else {
                let mut fold = PodFold::new(hpa, 0, now);
                for pod in pods {
                    fold.add(pod);
                }
                hpa::Reading::Pods(fold)
            };
            let count = Replicas(replicas(workload));
            let seen = Observation {
                now,
                scale: Some(Scale { wanted: count, running: count }),
                pods: Some(PodCount { listed: pods.len() as u32, ready: pods.len() as u32 }),
                readings: &[reading],
                ..Observation::default()
            };
            let decision = black_box(hpa).decide(&mut self.histories[workload], black_box(&seen), &mut ());
            sum += i64::from(decision.to.0);
        }
        sum
    }
}

type Decide = unsafe extern "C" fn(
    *const abi::OpaqueHpa,
    *mut abi::OpaqueHistory,
    *const abi::Observation,
    *mut abi::Decision,
    *mut abi::StepRecord,
    usize,
    *mut usize,
) -> Status;
type DecideBatch = unsafe extern "C" fn(*mut BatchItem, usize, usize) -> Status;

/// Workloads decided through C, as a host in C keeps them. What is pointed at stands in a list that does not grow.
struct Through {
    policy: Vec<u64>,
    histories: Vec<Vec<u64>>,
    seen: Vec<abi::Observation>,
    decisions: Vec<abi::Decision>,
    items: Vec<BatchItem>,
    /// Pointed at by the readings.
    _pods: Vec<abi::Pod>,
    /// The same.
    _values: Vec<i64>,
    /// Pointed at by the observations.
    _readings: Vec<abi::Reading>,
}

impl Through {
    fn new(pods: usize) -> Self {
        let (source, target, name) = if pods == 0 {
            (abi::Source::External, abi::TargetKind::AverageValue, c"messages")
        } else {
            (abi::Source::Resource, abi::TargetKind::Utilization, c"cpu")
        };
        let metric = MetricConfig {
            source: source as i32,
            target: target as i32,
            target_percent: 60,
            target_milli: 100_000,
            name: name.as_ptr(),
            name_length: name.count_bytes(),
            ..sized()
        };
        let mut config: HpaConfig = sized();
        let mut policy = vec![0; abi::HPA_BYTES / 8];
        // SAFETY: as in C: sizes are set, pointers and lengths are true.
        let made = unsafe {
            assert_eq!(boundary::plimsoll_hpa_config_defaults(&raw mut config), Status::Ok);
            (config.metrics, config.metrics_length, config.metrics_stride) =
                (&raw const metric, 1, size_of_val(&metric));
            config.max_replicas = 100;
            boundary::plimsoll_hpa_init(policy.as_mut_ptr().cast(), abi::HPA_BYTES, &raw const config)
        };
        assert_eq!(made, Status::Ok);

        let history = |_| {
            let (mut memory, room) = (vec![0; abi::HISTORY_BYTES / 8], abi::Room::Usual as i32);
            // SAFETY: so much memory is there.
            let made = unsafe { boundary::plimsoll_history_init(memory.as_mut_ptr().cast(), abi::HISTORY_BYTES, room) };
            assert_eq!(made, Status::Ok);
            memory
        };
        let pod = |workload: usize, pod: usize| abi::Pod {
            phase: abi::Phase::Running as i32,
            ready: abi::Ready::True as i32,
            has_started: 1,
            started_ns: i64::MIN,
            has_sample: 1,
            sample_milli: milli(workload, pod),
            request_milli: 1000,
            ..sized()
        };
        let all_pods =
            (0..WORKLOADS).flat_map(|workload| (0..pods).map(move |index| pod(workload, index))).collect::<Vec<_>>();
        let values = (0..WORKLOADS).map(|workload| 1000 * milli(workload, 0)).collect::<Vec<_>>();
        let reading = |workload: usize| abi::Reading {
            kind: if pods == 0 { abi::ReadingKind::Values as i32 } else { abi::ReadingKind::Pods as i32 },
            pods: all_pods[workload * pods..].as_ptr(),
            pods_length: pods,
            pods_stride: size_of::<abi::Pod>(),
            values_milli: &raw const values[workload],
            values_length: usize::from(pods == 0),
            ..sized()
        };
        let readings = (0..WORKLOADS).map(reading).collect::<Vec<_>>();
        let observation = |workload: usize| abi::Observation {
            has_scale: 1,
            wanted_replicas: replicas(workload),
            running_replicas: replicas(workload),
            has_pods: 1,
            pods_listed: pods as u32,
            pods_ready: pods as u32,
            readings: &raw const readings[workload],
            readings_length: 1,
            readings_stride: size_of::<abi::Reading>(),
            ..sized()
        };
        Self {
            policy,
            histories: (0..WORKLOADS).map(history).collect(),
            seen: (0..WORKLOADS).map(observation).collect(),
            decisions: vec![sized(); WORKLOADS],
            items: vec![sized(); WORKLOADS],
            _pods: all_pods,
            _values: values,
            _readings: readings,
        }
    }

    fn sync(&mut self, decide: Decide, now: i64) -> i64 {
        let mut sum = 0;
        for workload in 0..WORKLOADS {
            let (seen, decision) = (&mut self.seen[workload], &mut self.decisions[workload]);
            seen.now_ns = now * 1_000_000_000;
            let history = self.histories[workload].as_mut_ptr().cast();
            // SAFETY: all was made by its `_init` or has its size, and what is pointed at is in `self`.
            let status =
                unsafe { decide(self.policy.as_ptr().cast(), history, seen, decision, null_mut(), 0, null_mut()) };
            assert_eq!(status, Status::Ok);
            sum += i64::from(decision.to);
        }
        sum
    }

    fn sync_batch(&mut self, decide: DecideBatch, now: i64) -> i64 {
        for workload in 0..WORKLOADS {
            let seen = &mut self.seen[workload];
            seen.now_ns = now * 1_000_000_000;
            let item = &mut self.items[workload];
            item.policy = self.policy.as_ptr().cast();
            item.history = self.histories[workload].as_mut_ptr().cast();
            item.observation = seen;
            item.decision = &raw mut self.decisions[workload];
        }
        // SAFETY: as for a single call.
        let status = unsafe { decide(self.items.as_mut_ptr(), WORKLOADS, size_of::<BatchItem>()) };
        assert_eq!(status, Status::Ok);
        let answers = self.items.iter().zip(&self.decisions);
        answers
            .map(|(item, decision)| {
                assert_eq!(item.status, Status::Ok as i32);
                i64::from(decision.to)
            })
            .sum()
    }
}

/// A struct of the interface that knows its size and nothing else, as C programs begin.
trait Zeroed: Sized {
    /// With the size.
    fn sized() -> Self;
}

fn sized<T: Zeroed>() -> T {
    T::sized()
}

macro_rules! zeroed {
    ($($type:ty),+) => {$(
        impl Zeroed for $type {
            fn sized() -> Self {
                // SAFETY: integers, floats and raw pointers only.
                let zeroed = unsafe { std::mem::zeroed::<Self>() };
                Self { struct_size: size_of::<Self>() as u32, ..zeroed }
            }
        }
    )+};
}
zeroed!(MetricConfig, HpaConfig, BatchItem, abi::Pod, abi::Reading, abi::Observation, abi::Decision);
