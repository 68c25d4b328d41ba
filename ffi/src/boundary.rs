//! Every exported function, and all `unsafe` of the crate: here pointers become values and values go back.
//!
//! Structs are copied in, worked on, and copied out at the end. References into a caller's memory exist only to
//! policies, histories, texts and lists of numbers, and only after all that is written was found to lie apart.
#![expect(unsafe_code, reason = "a C interface dereferences pointers and exports symbols; here and nowhere else")]

use core::ffi::c_char;
use core::marker::PhantomData;
use core::mem::offset_of;
use core::ptr::{copy_nonoverlapping, null};
use core::slice;

use plimsoll_core::hpa::{self, Hpa, MetricError, PodFold, Step, ValueSum};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Milli, Replicas};

use crate::abi::{
    Applied, BatchItem, ColdStart, Condition, Container, ContainerUsage, Decision, FOLD_BYTES, Gate, HISTORY_BYTES,
    HISTORY_LONGEST_BY_SECONDS_BYTES, HISTORY_LONGEST_BYTES, HPA_BYTES, HpaConfig, MOST_CONDITIONS, MetricConfig,
    NAME_BYTES, Observation, OpaqueFold, OpaqueHistory, OpaqueHpa, Outlook, Pod, PodLevel, Profile, RateRule, Reading,
    ReadingKind, Reported, Room, Rules, Source, Status, StepRecord,
};
use crate::number::{Numbered, condition_kind_name, reason_name, status_words};
use crate::past::{self, Longest, LongestBySeconds, Past, Usual};
use crate::policy::{At, GivenMetric, OwnedRules, Policy, Refused, Why};
use crate::record::{self, Text};
use crate::seen::{self, ErrorNumbers, Readings, Seen};

/// The version of the library, as text that is never freed. Compare it with `PLIMSOLL_VERSION`.
// SAFETY: the name is this library's own, as are all below.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// A status in words, as text that is never freed; never NULL, also for numbers that are no status.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_status_str(status: i32) -> *const c_char {
    status_words(status).as_ptr()
}

/// The API's name of a `enum plimsoll_condition_kind`, as text that is never freed; never NULL.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_condition_kind_str(kind: i32) -> *const c_char {
    condition_kind_name(kind).as_ptr()
}

/// The API's name of a `enum plimsoll_reason`, as text that is never freed; never NULL.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_reason_str(reason: i32) -> *const c_char {
    reason_name(reason).as_ptr()
}

/// Bytes that a policy takes.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_hpa_size() -> usize {
    size_of::<Kept<Policy>>()
}

/// The alignment that a policy wants.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_hpa_align() -> usize {
    align_of::<Kept<Policy>>()
}

/// Fills a configuration with the defaults, as far as its `struct_size` goes. Bounds, metrics and behavior are left to
/// be set.
///
/// # Safety
/// `config` points to `struct_size` bytes that this call may read and write.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_config_defaults(config: *mut HpaConfig) -> Status {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { write(config, &HpaConfig::DEFAULT, size_of_struct(config)?) })
}

/// What is wrong with a configuration, in words: which field, which number, which limit. The status tells only the kind.
/// `length` receives the bytes of the text; 0 when nothing is wrong. The buffer is as in `plimsoll_step_sentence`.
///
/// # Safety
/// `config` and what it points to are as their structs say; `capacity` bytes and `length` may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_config_problem(
    config: *const HpaConfig,
    text: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; the configuration is not looked at while words are written.
        unsafe {
            apart(&[sized(config, false)?, bytes_region(text.cast::<u8>(), capacity)?, writable(length)?])?;
            let problem = policy(&read(config)?).err();
            let needed = say(text, capacity, |to| match &problem {
                Some(refused) => to.put(format_args!("{refused}")),
                None => Ok(()),
            })?;
            length.write(needed);
        }
        Ok(())
    })
}

/// Makes a policy in `size` bytes of memory from a configuration, and copies all it needs.
///
/// # Safety
/// `hpa` points to `size` bytes that this call may write; `config` and what it points to are as their structs say.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_init(hpa: *mut OpaqueHpa, size: usize, config: *const HpaConfig) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; nothing of the configuration is looked at after the policy is made.
        unsafe {
            let memory = memory::<Policy, _>(hpa, size)?;
            apart(&[whole(memory, true), sized(config, false)?])?;
            let policy = policy(&read(config)?)?;
            keep(memory, policy);
        }
        Ok(())
    })
}

/// The least room that a history of this policy wants: a number of `enum plimsoll_room`.
/// `PLIMSOLL_STATUS_CAPACITY` when no history has that much.
///
/// # Safety
/// `hpa` was made by `plimsoll_hpa_init`; `room` may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_room(hpa: *const OpaqueHpa, room: *mut i32) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let policy = kept::<Policy, _>(hpa)?;
            apart(&[whole(policy, false), writable(room)?])?;
            room.write((*policy).value.with(past::room)? as i32);
        }
        Ok(())
    })
}

/// Whether the history has room for all that the policy ever holds; `PLIMSOLL_STATUS_CAPACITY` when not. Ask again
/// when the policy changes: a history that is too small still decides, merges its oldest entries and leaves a step.
///
/// # Safety
/// Both were made by their `_init`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_fits(hpa: *const OpaqueHpa, history: *const OpaqueHistory) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let policy = kept::<Policy, _>(hpa)?;
            let past = found(history.cast_mut())?.look();
            (*policy).value.with(|hpa| past.fits(hpa))
        }
    })
}

/// Decides one sync and moves the history. O(pods + metrics + rules × changes).
///
/// `steps` receives the first `steps_capacity` steps; when there are more, the last place goes to the step that had the
/// last word, so that room for one is enough to say why. `steps_length` receives how many were written. With a capacity
/// of 0 both may be NULL.
///
/// # Safety
/// `hpa` and `history` were made by their `_init`; `observation` and what it points to are as their structs say;
/// `decision` points to `struct_size` bytes and `steps` to `steps_capacity` records that may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_decide(
    hpa: *const OpaqueHpa,
    history: *mut OpaqueHistory,
    observation: *const Observation,
    decision: *mut Decision,
    steps: *mut StepRecord,
    steps_capacity: usize,
    steps_length: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let length = counter(steps_capacity, steps_length)?;
            let written = decide(hpa, history, observation, decision, (steps, steps_capacity), length)?;
            count(steps_length, written);
        }
        Ok(())
    })
}

/// Decides `length` workloads, each with its own status in its item. An item that cannot be decided leaves the others
/// as they are; this call fails only when the array itself is bad, and then nothing was decided. Items that share a
/// policy cost least when they follow each other.
///
/// # Safety
/// Each item is as its struct says, and no two items write the same memory.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_decide_batch(items: *mut BatchItem, length: usize, stride: usize) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        let all = unsafe { array(items.cast_const(), length, stride)? };
        for item in all.iter() {
            item?;
        }
        let mut places = all.places();
        let mut next = places.next();
        while let Some(first) = next {
            // SAFETY: the places are items that were just found readable, and items may be written.
            next = unsafe { decide_run(first, &mut places)? };
        }
        Ok(())
    })
}

/// Says what became of a decision: `applied` is a number of `enum plimsoll_applied`, `replicas` the number that was
/// really written. Rate rules count that, and the conditions tell. Steps as in `plimsoll_hpa_decide`.
///
/// # Safety
/// As `plimsoll_hpa_decide`; `decision` is only read.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_applied(
    hpa: *const OpaqueHpa,
    history: *mut OpaqueHistory,
    decision: *const Decision,
    applied: i32,
    replicas: i32,
    steps: *mut StepRecord,
    steps_capacity: usize,
    steps_length: *mut usize,
) -> Status {
    answer(|| {
        let applied = match applied {
            done if done == Applied::Done as i32 && replicas >= 0 => hpa::Applied::Done(Replicas(replicas)),
            failed if failed == Applied::Failed as i32 => hpa::Applied::Failed,
            _ => return Err(Status::OutOfRange),
        };
        // SAFETY: the caller's promise, above; what is written was found to lie apart.
        unsafe {
            let (policy, found) = (kept::<Policy, _>(hpa)?, found(history)?);
            let mut records = records(steps, steps_capacity)?;
            let length = counter(steps_capacity, steps_length)?;
            apart(&[whole(policy, false), found.region(), sized(decision, false)?, records.region(), length])?;
            let decided = record::decided(&read(decision)?);
            (*policy).value.with(|hpa| {
                found.past().applied(hpa, &decided, applied, &mut records);
                Ok(())
            })?;
            count(steps_length, records.length);
        }
        Ok(())
    })
}

/// How far metric number `metric` is from asking for another number of replicas. About 120 evaluations of its rule.
///
/// # Safety
/// As `plimsoll_hpa_decide`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_hpa_outlook(
    hpa: *const OpaqueHpa,
    metric: u32,
    observation: *const Observation,
    outlook: *mut Outlook,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let policy = kept::<Policy, _>(hpa)?;
            apart(&[whole(policy, false), sized(observation, false)?, sized(outlook, true)?])?;
            let number = usize::try_from(metric).ok().filter(|metric| *metric < (*policy).value.metrics());
            let number = number.ok_or(Status::NoSuchMetric)?;
            let given = read(observation)?;
            let answer = (*policy).value.with(|hpa| {
                let mut readings = Readings::new();
                let seen = observe(hpa, &given, &mut readings)?;
                Ok(record::outlook(&hpa.outlook(number, &seen.with(&readings))))
            })?;
            write(outlook, &answer, size_of_struct(outlook)?)
        }
    })
}

/// Bytes that a history of that room takes; 0 when `room` is no number of `enum plimsoll_room`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_history_size(room: i32) -> usize {
    match room_of(room) {
        Ok(Room::Usual) => size_of::<Kept<Usual>>(),
        Ok(Room::Longest) => size_of::<Kept<Longest>>(),
        Ok(Room::LongestBySeconds) => size_of::<Kept<LongestBySeconds>>(),
        Err(_) => 0,
    }
}

/// The alignment that a history wants, of any room.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_history_align() -> usize {
    align_of::<Kept<LongestBySeconds>>()
}

/// Makes a history that knows nothing yet in `size` bytes of memory.
///
/// # Safety
/// `history` points to `size` bytes that this call may write.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_init(history: *mut OpaqueHistory, size: usize, room: i32) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; `memory` found that it is large enough.
        unsafe {
            match room_of(room)? {
                Room::Usual => keep(memory::<Usual, _>(history, size)?, Usual::default()),
                Room::Longest => keep(memory::<Longest, _>(history, size)?, Longest::default()),
                Room::LongestBySeconds => {
                    keep(memory::<LongestBySeconds, _>(history, size)?, LongestBySeconds::default());
                }
            }
        }
        Ok(())
    })
}

/// Loses what a controller loses when it restarts: all but the conditions, which are in the HPA's status.
///
/// # Safety
/// `history` was made by `plimsoll_history_init`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_restart(history: *mut OpaqueHistory) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe { found(history)?.past().restart() };
        Ok(())
    })
}

/// Saves a history as bytes that any release on any machine restores; `length` receives how many. With a capacity of 0
/// `bytes` may be NULL, and only the length is asked for. `PLIMSOLL_STATUS_NO_ROOM` when they do not fit.
///
/// # Safety
/// `history` was made by `plimsoll_history_init`; `capacity` bytes and `length` may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_save(
    history: *const OpaqueHistory,
    bytes: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let found = found(history.cast_mut())?;
            apart(&[found.region().read_only(), bytes_region(bytes, capacity)?, writable(length)?])?;
            let past = found.look();
            let needed = past.saved_length();
            if capacity > 0 {
                if capacity < needed {
                    return Err(Status::NoRoom);
                }
                past.save(slice::from_raw_parts_mut(bytes, capacity))?;
            }
            length.write(needed);
        }
        Ok(())
    })
}

/// Puts back what `plimsoll_history_save` wrote, from a history of any room whose entries fit. The history then decides
/// as if it had never stopped. Nothing is believed unchecked; on any error the history stays as it was.
///
/// It is filled where it stands: no function of this library wants more than 32 KB of stack, for a history of any room
/// (seen on x86-64, built for release).
///
/// # Safety
/// `history` was made by `plimsoll_history_init`; `length` bytes may be read.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_restore(
    history: *mut OpaqueHistory,
    bytes: *const u8,
    length: usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; the bytes lie apart from the history.
        unsafe {
            let found = found(history)?;
            apart(&[found.region(), bytes_region(bytes.cast_mut(), length)?.read_only()])?;
            found.past().restore(if length == 0 { &[] } else { slice::from_raw_parts(bytes, length) })
        }
    })
}

/// The conditions of the HPA's status, in its order: at most `PLIMSOLL_MOST_CONDITIONS`. `PLIMSOLL_STATUS_NO_ROOM` when
/// they do not fit. `length` receives how many there are; with a capacity of 0 only that is asked for.
///
/// # Safety
/// `history` was made by `plimsoll_history_init`; `conditions` points to `capacity` structs of which the first has its
/// `struct_size` set; they and `length` may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_conditions(
    history: *const OpaqueHistory,
    conditions: *mut Condition,
    capacity: usize,
    length: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let found = found(history.cast_mut())?;
            let room = row(conditions, capacity)?;
            apart(&[found.region().read_only(), room.region(), writable(length)?])?;
            let past = found.look();
            let all = past.conditions();
            let there = all.iter().len();
            if capacity > 0 {
                if capacity < there {
                    return Err(Status::NoRoom);
                }
                for (index, condition) in all.iter().enumerate() {
                    room.write(index, &record::condition(condition));
                }
            }
            length.write(there);
        }
        Ok(())
    })
}

/// Puts a condition back as an HPA's status has it; it replaces the one of its kind and goes to the end.
///
/// # Safety
/// `history` was made by `plimsoll_history_init`; `condition` is as its struct says.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_history_set_condition(
    history: *mut OpaqueHistory,
    condition: *const Condition,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let found = found(history)?;
            apart(&[found.region(), sized(condition, false)?])?;
            let condition = record::condition_of_status(&read(condition)?)?;
            found.past().conditions_mut().restore(condition);
        }
        Ok(())
    })
}

/// Bytes that a fold takes.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_fold_size() -> usize {
    size_of::<Kept<PodFold>>()
}

/// The alignment that a fold wants.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub extern "C" fn plimsoll_fold_align() -> usize {
    align_of::<Kept<PodFold>>()
}

/// Begins a fold for metric number `metric` of the policy, at the time of the observation it will stand in.
///
/// # Safety
/// `fold` points to `size` bytes that this call may write; `hpa` was made by `plimsoll_hpa_init`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_fold_init(
    fold: *mut OpaqueFold,
    size: usize,
    hpa: *const OpaqueHpa,
    metric: u32,
    now_ns: i64,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let (memory, policy) = (memory::<PodFold, _>(fold, size)?, kept::<Policy, _>(hpa)?);
            apart(&[whole(memory, true), whole(policy, false)])?;
            let number = usize::try_from(metric).ok().filter(|metric| *metric < (*policy).value.metrics());
            let number = number.ok_or(Status::NoSuchMetric)?;
            let begun = (*policy).value.with(|hpa| Ok(PodFold::new(hpa, number, Instant::from_nanos(now_ns))))?;
            keep(memory, begun);
        }
        Ok(())
    })
}

/// Adds a pod of the target. `pod_class` receives what it counts as, a number of `enum plimsoll_pod_class`; it may be
/// NULL. O(1).
///
/// # Safety
/// `fold` was made by `plimsoll_fold_init`; `pod` is as its struct says; `pod_class` may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_fold_add(fold: *mut OpaqueFold, pod: *const Pod, pod_class: *mut i32) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe {
            let fold = kept::<PodFold, _>(fold)?.cast_mut();
            let class_region = if pod_class.is_null() { Region::NOTHING } else { writable(pod_class)? };
            apart(&[whole(fold, true), sized(pod, false)?, class_region])?;
            let pod = seen::pod(&read(pod)?)?;
            let class = seen::class((*fold).value.add(&pod));
            if !pod_class.is_null() {
                pod_class.write(class as i32);
            }
        }
        Ok(())
    })
}

/// Adds a sample whose pod is not among the target's; upstream keeps those.
///
/// # Safety
/// `fold` was made by `plimsoll_fold_init`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_fold_add_unlisted(fold: *mut OpaqueFold, value_milli: i64) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        unsafe { (*kept::<PodFold, _>(fold)?.cast_mut()).value.add_unlisted(Milli(value_milli)) };
        Ok(())
    })
}

/// Adds `pods` ready pods at once, known only by the sums of what they use and request.
///
/// # Safety
/// `fold` was made by `plimsoll_fold_init`.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_fold_add_ready(
    fold: *mut OpaqueFold,
    pods: u32,
    usage_milli: i64,
    request_milli: i64,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above.
        let fold = unsafe { &mut (*kept::<PodFold, _>(fold)?.cast_mut()).value };
        fold.add_ready(pods, Milli(usage_milli), Milli(request_milli));
        Ok(())
    })
}

/// What a pod requests of a metric's resource, by the rules of the release that is answered like: what belongs into
/// `request_milli` and `request_error` of a `struct plimsoll_pod`. Init containers stand in their order, main containers
/// anywhere. `level` may be NULL: nothing is set for the whole pod. O(containers).
///
/// # Safety
/// `hpa` was made by `plimsoll_hpa_init`; the containers and `level` are as their structs say; the last two may be
/// written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_pod_request(
    hpa: *const OpaqueHpa,
    metric: u32,
    containers: *const Container,
    length: usize,
    stride: usize,
    level: *const PodLevel,
    request_milli: *mut i64,
    request_error: *mut i32,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; all that is written is written at the end.
        unsafe {
            let policy = kept::<Policy, _>(hpa)?;
            apart(&[whole(policy, false), writable(request_milli)?, writable(request_error)?])?;
            let level = if level.is_null() { hpa::PodLevel::default() } else { seen::pod_level(&read(level)?)? };
            let all = array(containers, length, stride)?;
            let named = all.iter().map(|container| {
                let container = container?;
                seen::container(&container, text(container.name, container.name_length)?)
            });
            // All are looked at before any counts, for the core takes no errors.
            for container in named.clone() {
                container?;
            }
            let asked = (*policy).value.with(|hpa| {
                let good = named.filter_map(Result::ok);
                Ok(hpa::pod_request(hpa, numbered(hpa, metric)?, good, level))
            })?;
            request_milli.write(asked.map_or(0, |Milli(request)| request));
            request_error.write(asked.map_or_else(Numbered::number, |_| 0));
        }
        Ok(())
    })
}

/// What a pod used of a metric's resource, from its containers' samples: what belongs into `sample_milli` of a
/// `struct plimsoll_pod`. `has_usage` receives 0 where the pod has no sample for this metric: it reports no container,
/// one of them without the resource, or not the metric's. `metric_error` receives 0, or
/// `PLIMSOLL_METRIC_ERROR_NO_CONTAINER_IN_SAMPLE` where the release lets the whole metric fail (1.32). O(containers).
///
/// # Safety
/// `hpa` was made by `plimsoll_hpa_init`; the containers are as their struct says; the last three may be written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_pod_usage(
    hpa: *const OpaqueHpa,
    metric: u32,
    containers: *const ContainerUsage,
    length: usize,
    stride: usize,
    has_usage: *mut u32,
    usage_milli: *mut i64,
    metric_error: *mut i32,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; all that is written is written at the end.
        unsafe {
            let policy = kept::<Policy, _>(hpa)?;
            apart(&[whole(policy, false), writable(has_usage)?, writable(usage_milli)?, writable(metric_error)?])?;
            const NO_CONTAINER: i32 = crate::abi::MetricError::NoContainerInSample as i32;
            let all = array(containers, length, stride)?;
            let named = all.iter().map(|container| {
                let container = container?;
                seen::container_usage(&container, text(container.name, container.name_length)?)
            });
            // All are looked at before any counts, for the core takes no errors.
            for container in named.clone() {
                container?;
            }
            let used = (*policy).value.with(|hpa| {
                let good = named.filter_map(Result::ok);
                Ok(hpa::pod_usage(hpa, numbered(hpa, metric)?, good))
            })?;
            let usage = used.unwrap_or_default();
            has_usage.write(u32::from(usage.is_some()));
            usage_milli.write(usage.map_or(0, |Milli(usage)| usage));
            metric_error.write(used.map_or(NO_CONTAINER, |_| 0));
        }
        Ok(())
    })
}

/// A step in words, as UTF-8 with a zero byte at its end; `length` receives the bytes before that. With a capacity of 0
/// `text` may be NULL, and only the length is asked for. `PLIMSOLL_STATUS_NO_ROOM` when it does not fit.
///
/// With a policy metrics have their names; `hpa` may be NULL, they then have their numbers.
///
/// # Safety
/// `hpa` is NULL or was made by `plimsoll_hpa_init`; `step` is as its struct says; `capacity` bytes and `length` may be
/// written.
// SAFETY: see plimsoll_version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_step_sentence(
    hpa: *const OpaqueHpa,
    step: *const StepRecord,
    text: *mut c_char,
    capacity: usize,
    length: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise, above; what is written was found to lie apart.
        unsafe {
            let policy = if hpa.is_null() { null() } else { kept::<Policy, _>(hpa)? };
            let policy_region = if policy.is_null() { Region::NOTHING } else { whole(policy, false) };
            let room = bytes_region(text.cast::<u8>(), capacity)?;
            apart(&[policy_region, sized(step, false)?, room, writable(length)?])?;
            let step = read(step)?.step()?;
            let needed = say(text, capacity, |to| match policy.as_ref() {
                Some(policy) => policy.value.with(|hpa| to.put(format_args!("{}", step.sentence(hpa)))),
                None => to.put(format_args!("{step}")),
            })?;
            length.write(needed);
        }
        Ok(())
    })
}

/// Runs the body of an exported function; with std a panic becomes a status.
#[cfg(feature = "std")]
fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    // Unwind safe: what a panic could leave half done are copies, which are dropped, and a history, of which the
    // status says so.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(status)) => status,
        Err(_) => Status::Internal,
    }
}

#[cfg(not(feature = "std"))]
fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    match body() {
        Ok(()) => Status::Ok,
        Err(status) => status,
    }
}

/// Nothing can call it: the link proof has an undefined symbol here instead.
#[cfg(not(any(feature = "std", test)))]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(feature = "linkproof")]
    {
        // SAFETY: never runs: no library that could be linked with this function exists, which is the proof.
        unsafe extern "C" {
            fn PLIMSOLL_PANIC_IS_REACHABLE() -> !;
        }
        // SAFETY: as above.
        unsafe { PLIMSOLL_PANIC_IS_REACHABLE() }
    }
    #[cfg(not(feature = "linkproof"))]
    loop {
        core::hint::spin_loop();
    }
}

/// One decision, with the checks of all its pointers; gives the number of steps written.
///
/// # Safety
/// As `plimsoll_hpa_decide`; `other` is written after it.
unsafe fn decide(
    hpa: *const OpaqueHpa,
    history: *mut OpaqueHistory,
    observation: *const Observation,
    decision: *mut Decision,
    (steps, capacity): (*mut StepRecord, usize),
    other: Region,
) -> Result<usize, Status> {
    // SAFETY: the caller's promise, above.
    unsafe {
        let policy = kept::<Policy, _>(hpa)?;
        let region = whole(policy, false);
        (*policy).value.with(|hpa| decide_by(hpa, region, history, observation, decision, (steps, capacity), other))
    }
}

/// The same by a policy that was put together before, from what is kept in `policy`.
///
/// # Safety
/// As `decide`.
unsafe fn decide_by(
    hpa: &Hpa<'_>,
    policy: Region,
    history: *mut OpaqueHistory,
    observation: *const Observation,
    decision: *mut Decision,
    (steps, capacity): (*mut StepRecord, usize),
    other: Region,
) -> Result<usize, Status> {
    // SAFETY: the caller's promise, above; what is written was found to lie apart from everything else, so that the
    // policy and the history may be references while steps are written.
    unsafe {
        let found = found(history)?;
        let mut records = records(steps, capacity)?;
        let (given, out) = (sized(observation, false)?, sized(decision, true)?);
        apart(&[policy, found.region(), given, out, records.region(), other])?;
        let given = read(observation)?;
        let mut readings = Readings::new();
        let seen = observe(hpa, &given, &mut readings)?;
        let decided = found.past().decide(hpa, &seen.with(&readings), &mut records);
        records.end_with(&decided.last_word);
        write(decision, &record::decision(&decided, records.total), size_of_struct(decision)?)?;
        Ok(records.length)
    }
}

/// A policy's metric by its number.
fn numbered<'a>(hpa: &'a Hpa<'a>, metric: u32) -> Result<&'a hpa::Metric<'a>, Status> {
    usize::try_from(metric).ok().and_then(|metric| hpa.metrics().get(metric)).ok_or(Status::NoSuchMetric)
}

/// Decides the item at `first` and those after it with the same policy, which is put together once for all of them;
/// gives the place of the first item that is left.
///
/// # Safety
/// `first` and the `places` after it are items that may be read and written.
unsafe fn decide_run(
    first: *const BatchItem,
    places: &mut impl Iterator<Item = *const BatchItem>,
) -> Result<Option<*const BatchItem>, Status> {
    // SAFETY: the caller's promise, above, and that of `plimsoll_hpa_decide_batch`.
    unsafe {
        let shared = read(first)?.policy;
        let decided = kept::<Policy, _>(shared).and_then(|policy| {
            let region = whole(policy, false);
            apart(&[region, sized(first, true)?])?;
            (*policy).value.with(|hpa| {
                let mut next = Some(first);
                while let Some(place) = next {
                    // An item that lies in the policy is written only when nothing refers to the policy.
                    if read(place)?.policy != shared || region.meets(sized(place, true)?) {
                        break;
                    }
                    decide_item(place.cast_mut(), Ok((hpa, region)))?;
                    next = places.next();
                }
                Ok(next)
            })
        });
        match decided {
            Ok(next) => Ok(next),
            Err(status) => {
                decide_item(first.cast_mut(), Err(status))?;
                Ok(places.next())
            }
        }
    }
}

/// One workload of a batch.
///
/// # Safety
/// `place` is an item that may be read and written.
unsafe fn decide_item(place: *mut BatchItem, policy: Result<(&Hpa<'_>, Region), Status>) -> Result<(), Status> {
    // SAFETY: the caller's promise, above, and that of `plimsoll_hpa_decide_batch`.
    unsafe {
        let mut item = read(place.cast_const())?;
        let (mut written, itself) = (0, sized(place, true)?);
        let status = answer(|| {
            let ((hpa, region), steps) = (policy?, (item.steps, item.steps_capacity));
            written = decide_by(hpa, region, item.history, item.observation, item.decision, steps, itself)?;
            Ok(())
        });
        item.status = status as i32;
        if status == Status::Ok {
            item.steps_length = written;
        }
        write(place, &item, size_of_struct(place)?)
    }
}

/// A policy from its configuration.
///
/// # Safety
/// What the configuration points to is as it says.
unsafe fn policy(config: &HpaConfig) -> Result<Policy, Refused> {
    let somewhere = |why: Status| Why::Status(why).at(At::Policy);
    let mut policy = Policy::new(config).map_err(|why| why.at(At::Policy))?;
    // SAFETY: the caller's promise, above.
    unsafe {
        let metrics = array(config.metrics, config.metrics_length, config.metrics_stride).map_err(somewhere)?;
        for (index, config) in metrics.iter().enumerate() {
            let added = config.map_err(Why::from).and_then(|config| metric(&mut policy, config));
            added.map_err(|why| why.at(At::Metric(index)))?;
        }
        match (config.up.is_null(), config.down.is_null()) {
            (true, true) => {}
            (false, false) => {
                let up = rules(config.up).map_err(|why| why.at(At::Up))?;
                policy.set_behavior(up, rules(config.down).map_err(|why| why.at(At::Down))?);
            }
            (up_missing, _) => {
                let at = if up_missing { At::Up } else { At::Down };
                return Err(Why::Status(Status::NullPointer).at(at));
            }
        }
    }
    policy.check()?;
    Ok(policy)
}

/// Adds a metric.
///
/// # Safety
/// What the configuration points to is as it says.
unsafe fn metric(policy: &mut Policy, config: MetricConfig) -> Result<(), Why> {
    // Only one kind of metric has a container, and for the others nothing is promised about the pointer.
    let with_container = config.source == Source::ContainerResource as i32;
    // SAFETY: the caller's promise, above.
    let (name, container) = unsafe {
        let container = if with_container { text(config.container, config.container_length)? } else { "" };
        (text(config.name, config.name_length)?, container)
    };
    policy.add_metric(&GivenMetric { config, name, container })
}

/// The rules of one direction.
///
/// # Safety
/// `rules` and what it points to are as the structs say.
unsafe fn rules(rules: *const Rules) -> Result<OwnedRules, Why> {
    // SAFETY: the caller's promise, above.
    unsafe {
        let given = read(rules)?;
        let mut owned = OwnedRules::new(&given)?;
        for rate in array(given.rates, given.rates_length, given.rates_stride)?.iter() {
            owned.add(&rate?)?;
        }
        Ok(owned)
    }
}

/// Words into a caller's buffer, with a zero byte at their end; gives their length. With a capacity of 0 they are only
/// counted.
///
/// # Safety
/// `capacity` bytes may be written and lie apart from all that `words` looks at.
unsafe fn say(
    buffer: *mut c_char,
    capacity: usize,
    words: impl Fn(&mut Text<'_>) -> Result<(), Status>,
) -> Result<usize, Status> {
    let mut counted = Text { out: &mut [], length: 0 };
    words(&mut counted)?;
    let needed = counted.length;
    if capacity > 0 {
        if capacity <= needed {
            return Err(Status::NoRoom);
        }
        // SAFETY: the caller's promise, above; the zero byte is within the capacity.
        unsafe {
            words(&mut Text { out: slice::from_raw_parts_mut(buffer.cast(), capacity), length: 0 })?;
            buffer.add(needed).write(0);
        }
    }
    Ok(needed)
}

/// An observation and its readings.
///
/// # Safety
/// What it points to is as it says.
unsafe fn observe(hpa: &Hpa<'_>, given: &Observation, readings: &mut Readings) -> Result<Seen, Status> {
    let seen = Seen::new(given)?;
    // SAFETY: the caller's promise, above.
    let all = unsafe { array(given.readings, given.readings_length, given.readings_stride)? };
    for (index, reading) in all.iter().take(hpa.metrics().len()).enumerate() {
        // SAFETY: as above.
        let reading = unsafe { self::reading(hpa, index, seen.now(), &reading?)? };
        readings.push(reading).map_err(|_| Status::Internal)?;
    }
    Ok(seen)
}

/// What was read for one metric.
///
/// # Safety
/// What it points to is as it says.
unsafe fn reading(hpa: &Hpa<'_>, metric: usize, now: Instant, given: &Reading) -> Result<hpa::Reading, Status> {
    let is = |kind: ReadingKind| given.kind == kind as i32;
    // SAFETY: the caller's promise, above; only what the kind names is looked at.
    unsafe {
        Ok(match () {
            () if is(ReadingKind::None) => hpa::Reading::Failed(MetricError::NoReading),
            () if is(ReadingKind::Pods) => {
                let mut fold = PodFold::new(hpa, metric, now);
                for pod in array(given.pods, given.pods_length, given.pods_stride)?.iter() {
                    fold.add(&seen::pod(&pod?)?);
                }
                for value in numbers(given.values_milli, given.values_length)? {
                    fold.add_unlisted(Milli(*value));
                }
                hpa::Reading::Pods(fold)
            }
            () if is(ReadingKind::Fold) => hpa::Reading::Pods((*kept::<PodFold, _>(given.fold)?).value),
            () if is(ReadingKind::Value) => hpa::Reading::Value(Milli(given.value_milli)),
            () if is(ReadingKind::Values) => {
                let mut sum = ValueSum::new();
                for value in numbers(given.values_milli, given.values_length)? {
                    sum.add(Milli(*value));
                }
                hpa::Reading::Values(sum)
            }
            () if is(ReadingKind::Failed) => hpa::Reading::Failed(
                ErrorNumbers { error: given.error, request_error: given.request_error, pod: given.error_pod }
                    .error()?,
            ),
            () => return Err(Status::OutOfRange),
        })
    }
}

fn room_of(number: i32) -> Result<Room, Status> {
    let rooms = [Room::Usual, Room::Longest, Room::LongestBySeconds];
    rooms.into_iter().find(|room| *room as i32 == number).ok_or(Status::OutOfRange)
}

/// A struct that begins with its size.
///
/// # Safety
/// `repr(C)`, the first field is the `u32` of the size, every pattern of bits is a value, and no padding follows the
/// last field: a field appended there would be read from an older caller's padding.
unsafe trait Wire: Copy {
    /// Bytes that every release has.
    const FIRST: usize;
    /// What stands in fields that a caller's struct does not have.
    const DEFAULT: Self;
}

/// Where a field ends.
const fn end<T, F>(begin: usize, _: fn(&T) -> &F) -> usize {
    begin + size_of::<F>()
}

macro_rules! wire {
    ($type:ident to $required:ident, last $last:ident, $default:expr) => {
        // SAFETY: integers, floats and raw pointers only, `struct_size` first; that nothing follows the last field is
        // asserted.
        unsafe impl Wire for $type {
            const FIRST: usize = end(offset_of!($type, $required), |of: &$type| &of.$required);
            const DEFAULT: Self = $default;
        }
        const _: () = assert!(offset_of!($type, struct_size) == 0);
        const _: () = assert!(end(offset_of!($type, $last), |of: &$type| &of.$last) == size_of::<$type>());
    };
}

wire!(MetricConfig to name_length, last container_length, MetricConfig {
    struct_size: 0,
    source: 0,
    target: 0,
    target_percent: 0,
    target_milli: 0,
    name: null(),
    name_length: 0,
    container: null(),
    container_length: 0,
});
wire!(RateRule to period_ns, last period_ns, RateRule { struct_size: 0, kind: 0, value: 0, reserved: 0, period_ns: 0 });
wire!(Rules to rates_stride, last tolerance, Rules {
    struct_size: 0,
    select: 0,
    rates: null(),
    rates_length: 0,
    rates_stride: 0,
    has_window: 0,
    has_tolerance: 0,
    window_ns: 0,
    tolerance: 0.0,
});
wire!(HpaConfig to metrics_stride, last mend_pods_rule, HpaConfig {
    struct_size: 0,
    min_replicas: 1,
    max_replicas: 0,
    profile: Profile::V1_37 as i32,
    metrics: null(),
    metrics_length: 0,
    metrics_stride: 0,
    up: null(),
    down: null(),
    reserved: 0,
    sync_period_ns: hpa::Controller::DEFAULT.sync_period.as_nanos(),
    downscale_window_ns: hpa::Controller::DEFAULT.downscale_stabilization.as_nanos(),
    cpu_initialization_period_ns: hpa::Controller::DEFAULT.cpu_initialization_period.as_nanos(),
    initial_readiness_delay_ns: hpa::Controller::DEFAULT.initial_readiness_delay.as_nanos(),
    tolerance: hpa::Controller::DEFAULT.tolerance,
    scale_to_zero: Gate::Default as i32,
    own_tolerances: Gate::Default as i32,
    pod_level_requests: Gate::Default as i32,
    cold_start: ColdStart::Seed as i32,
    mend_on_target: 0,
    mend_pods_rule: 0,
});
wire!(Pod to request_milli, last request_milli, Pod {
    struct_size: 0,
    phase: 0,
    deleted: 0,
    ready: 0,
    has_started: 0,
    has_ready_since: 0,
    has_sample: 0,
    request_error: 0,
    started_ns: 0,
    ready_since_ns: 0,
    sample_milli: 0,
    sampled_at_ns: 0,
    sample_window_ns: 0,
    request_milli: 0,
});
wire!(Container to request_milli, last request_milli, Container {
    struct_size: 0,
    kind: 0,
    name: null(),
    name_length: 0,
    has_request: 0,
    reserved: 0,
    request_milli: 0,
});
wire!(ContainerUsage to usage_milli, last usage_milli, ContainerUsage {
    struct_size: 0,
    has_usage: 0,
    name: null(),
    name_length: 0,
    usage_milli: 0,
});
wire!(PodLevel to overhead_milli, last overhead_milli, PodLevel {
    struct_size: 0,
    set: 0,
    has_request: 0,
    has_overhead: 0,
    request_milli: 0,
    overhead_milli: 0,
});
wire!(Reading to fold, last fold, Reading {
    struct_size: 0,
    kind: 0,
    value_milli: 0,
    error: 0,
    request_error: 0,
    error_pod: 0,
    reserved: 0,
    pods: null(),
    pods_length: 0,
    pods_stride: 0,
    values_milli: null(),
    values_length: 0,
    fold: null(),
});
wire!(Observation to readings_stride, last reserved, Observation {
    struct_size: 0,
    has_scale: 0,
    now_ns: 0,
    wanted_replicas: 0,
    running_replicas: 0,
    selector: 0,
    has_pods: 0,
    pods_listed: 0,
    pods_ready: 0,
    readings: null(),
    readings_length: 0,
    readings_stride: 0,
    reserved: 0,
});
wire!(Decision to revisit_at_ns, last reserved, Decision {
    struct_size: 0,
    from: 0,
    to: 0,
    last_word: 0,
    at_ns: 0,
    has_revisit_at: 0,
    has_recommended: 0,
    revisit_at_ns: 0,
    recommended: 0,
    has_winner: 0,
    winner: 0,
    has_stabilized: 0,
    stabilized: 0,
    error: 0,
    rescale_reason: 0,
    rescale_metric: 0,
    steps: 0,
    reserved: 0,
});
wire!(StepRecord to stands_until_ns, last stands_until_ns, StepRecord::EMPTY);
wire!(Condition to since_ns, last since_ns, Condition {
    struct_size: 0,
    kind: 0,
    status: 0,
    reason: 0,
    has_since: 0,
    reserved: 0,
    since_ns: 0,
});
wire!(Outlook to down, last down, Outlook {
    struct_size: 0,
    has_up: 0,
    has_down: 0,
    up_replicas: 0,
    down_replicas: 0,
    reserved: 0,
    up_total_milli: 0,
    down_total_milli: 0,
    up: Reported::NOTHING,
    down: Reported::NOTHING,
});
wire!(BatchItem to steps_length, last reserved, BatchItem {
    struct_size: 0,
    status: 0,
    policy: null(),
    history: core::ptr::null_mut(),
    observation: null(),
    decision: core::ptr::null_mut(),
    steps: core::ptr::null_mut(),
    steps_capacity: 0,
    steps_length: 0,
    reserved: 0,
});

/// The size that a caller's struct says it has.
///
/// # Safety
/// A pointer that is not NULL or misaligned points to a readable `u32`.
unsafe fn size_of_struct<T: Wire>(pointer: *const T) -> Result<usize, Status> {
    good(pointer)?;
    // SAFETY: not NULL, aligned for T and so for its first field, which the caller promises to be readable.
    let size = unsafe { pointer.cast::<u32>().read() };
    let size = usize::try_from(size).map_err(|_| Status::StructSize)?;
    if size < T::FIRST { Err(Status::StructSize) } else { Ok(size) }
}

/// Copies a struct in.
///
/// # Safety
/// A pointer that is not NULL or misaligned points to as many readable bytes as the `u32` there says.
unsafe fn read<T: Wire>(pointer: *const T) -> Result<T, Status> {
    // SAFETY: the caller's promise, above. Any bytes are a T, and as many are there as are copied.
    unsafe {
        let size = size_of_struct(pointer)?;
        if size >= size_of::<T>() {
            return Ok(pointer.read());
        }
        let mut value = T::DEFAULT;
        copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut value).cast::<u8>(), size);
        Ok(value)
    }
}

/// Copies a struct out, as far as the caller's goes, and leaves it its size.
///
/// # Safety
/// `pointer` is good, and `size` is what `size_of_struct` found there; so many bytes may be written.
unsafe fn write<T: Wire>(pointer: *mut T, value: &T, size: usize) -> Result<(), Status> {
    let named = u32::try_from(size).map_err(|_| Status::StructSize)?;
    // SAFETY: the caller's promise, above; no more than a T is copied.
    unsafe {
        copy_nonoverlapping((&raw const *value).cast::<u8>(), pointer.cast::<u8>(), size.min(size_of::<T>()));
        pointer.cast::<u32>().write(named);
    }
    Ok(())
}

/// Not NULL, and aligned.
fn good<T>(pointer: *const T) -> Result<(), Status> {
    if pointer.is_null() {
        return Err(Status::NullPointer);
    }
    if !pointer.is_aligned() {
        return Err(Status::Misaligned);
    }
    Ok(())
}

/// An array of a caller's, for the time of a call.
struct Array<'c, T> {
    first: *const T,
    length: usize,
    stride: usize,
    call: PhantomData<&'c T>,
}

/// An array that may be read.
///
/// # Safety
/// Unless it is NULL or misaligned, there are `length` readable structs from `first` on, `stride` bytes apart, while
/// the array is in use.
unsafe fn array<'c, T: Wire>(first: *const T, length: usize, stride: usize) -> Result<Array<'c, T>, Status> {
    if length > 0 {
        good(first)?;
        if stride < T::FIRST {
            return Err(Status::StructSize);
        }
        if stride.checked_rem(align_of::<T>()) != Some(0) {
            return Err(Status::Misaligned);
        }
        extent(length, stride)?;
    }
    Ok(Array { first, length, stride, call: PhantomData })
}

/// The bytes of an array, which no object exceeds.
fn extent(length: usize, stride: usize) -> Result<usize, Status> {
    let bytes = length.checked_mul(stride).filter(|bytes| isize::try_from(*bytes).is_ok());
    bytes.ok_or(Status::OutOfRange)
}

impl<T: Wire> Array<'_, T> {
    /// Where the structs stand.
    fn places(&self) -> impl Iterator<Item = *const T> + Clone {
        // In range, as `extent` found for the whole.
        (0..self.length).map(|index| self.first.wrapping_byte_add(index.wrapping_mul(self.stride)))
    }

    /// The structs.
    fn iter(&self) -> impl Iterator<Item = Result<T, Status>> + Clone {
        self.places().map(|place| {
            // SAFETY: a place in the array, which `array` was promised to be readable.
            unsafe {
                if size_of_struct(place)? > self.stride {
                    return Err(Status::StructSize);
                }
                read(place)
            }
        })
    }
}

/// Numbers in a row.
///
/// # Safety
/// Unless it is NULL or misaligned, `length` numbers are readable and not written while the slice is in use.
unsafe fn numbers<'c>(first: *const i64, length: usize) -> Result<&'c [i64], Status> {
    if length == 0 {
        return Ok(&[]);
    }
    good(first)?;
    extent(length, size_of::<i64>())?;
    // SAFETY: not NULL, aligned, no longer than an object can be, and readable by the caller's promise.
    Ok(unsafe { slice::from_raw_parts(first, length) })
}

/// A text.
///
/// # Safety
/// Unless it is NULL, `length` bytes are readable and not written while the text is in use.
unsafe fn text<'c>(first: *const c_char, length: usize) -> Result<&'c str, Status> {
    if length == 0 {
        return Ok("");
    }
    good(first)?;
    if length > NAME_BYTES {
        return Err(Status::TooMany);
    }
    // SAFETY: not NULL, short, and readable by the caller's promise.
    let bytes = unsafe { slice::from_raw_parts(first.cast::<u8>(), length) };
    core::str::from_utf8(bytes).map_err(|_| Status::BadText)
}

/// A value in a caller's memory, behind a mark that says what it is.
#[repr(C)]
struct Kept<T> {
    mark: u64,
    value: T,
}

/// What is kept in a caller's memory.
trait Marked {
    /// Its kind, different for each.
    const KIND: u8;
}

impl Marked for Policy {
    const KIND: u8 = 1;
}
impl Marked for PodFold {
    const KIND: u8 = 2;
}
impl Marked for Usual {
    const KIND: u8 = 3;
}
impl Marked for Longest {
    const KIND: u8 = 4;
}
impl Marked for LongestBySeconds {
    const KIND: u8 = 5;
}

const _: () = assert!(size_of::<Kept<Policy>>() <= HPA_BYTES);
const _: () = assert!(size_of::<Kept<PodFold>>() <= FOLD_BYTES);
const _: () = assert!(size_of::<Kept<Usual>>() <= HISTORY_BYTES);
const _: () = assert!(size_of::<Kept<Longest>>() <= HISTORY_LONGEST_BYTES);
const _: () = assert!(size_of::<Kept<LongestBySeconds>>() <= HISTORY_LONGEST_BY_SECONDS_BYTES);
const _: () = assert!(MOST_CONDITIONS == hpa::ConditionKind::ALL.len());
const _: () = assert!(align_of::<Kept<Usual>>() == align_of::<Kept<LongestBySeconds>>());

/// The mark of a kind: kind, size, and the release, since another may lay it out differently.
const fn mark<T: Marked>() -> u64 {
    // FNV-1a, 32 bits.
    let (mut hash, mut rest) = (0x811c_9dc5_u32, env!("CARGO_PKG_VERSION").as_bytes());
    while let [first, others @ ..] = rest {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        rest = others;
    }
    ((hash as u64) << 32) | ((T::KIND as u64) << 24) | (size_of::<T>() as u64 & 0xff_ffff)
}

/// Memory that is to hold a value.
fn memory<T: Marked, O>(pointer: *mut O, size: usize) -> Result<*mut Kept<T>, Status> {
    let place = pointer.cast::<Kept<T>>();
    good(place)?;
    if size < size_of::<Kept<T>>() { Err(Status::NoRoom) } else { Ok(place) }
}

/// Puts a value into memory.
///
/// # Safety
/// `memory` found the place good, and it may be written.
unsafe fn keep<T: Marked>(place: *mut Kept<T>, value: T) {
    // SAFETY: the caller's promise, above.
    unsafe {
        (&raw mut (*place).value).write(value);
        (&raw mut (*place).mark).write(mark::<T>());
    }
}

/// A value that `keep` put there, as far as its mark tells.
///
/// # Safety
/// A pointer that is not NULL or misaligned points to a readable `u64`.
unsafe fn kept<T: Marked, O>(pointer: *const O) -> Result<*const Kept<T>, Status> {
    let place = pointer.cast::<Kept<T>>();
    good(place)?;
    // SAFETY: not NULL, aligned, and readable by the caller's promise.
    if unsafe { place.cast::<u64>().read() } == mark::<T>() { Ok(place) } else { Err(Status::NotInitialized) }
}

/// Where a history of one of the sizes is kept.
type Found = past::Each<*mut Kept<Usual>, *mut Kept<Longest>, *mut Kept<LongestBySeconds>>;

/// A history that was made, as far as its mark tells.
///
/// # Safety
/// As `kept`.
unsafe fn found(history: *mut OpaqueHistory) -> Result<Found, Status> {
    // SAFETY: the caller's promise, above.
    unsafe {
        match kept::<Usual, _>(history) {
            Ok(place) => return Ok(Found::Usual(place.cast_mut())),
            Err(Status::NotInitialized) => {}
            Err(status) => return Err(status),
        }
        if let Ok(place) = kept::<Longest, _>(history) {
            return Ok(Found::Longest(place.cast_mut()));
        }
        kept::<LongestBySeconds, _>(history).map(|place| Found::LongestBySeconds(place.cast_mut()))
    }
}

impl Found {
    /// The history, to be moved.
    ///
    /// # Safety
    /// It was made by `plimsoll_history_init`, and nothing else refers to it while the `Past` is in use.
    unsafe fn past<'c>(self) -> Past<'c> {
        // SAFETY: the caller's promise, above.
        unsafe {
            match self {
                Self::Usual(place) => Past::Usual(&mut (*place).value),
                Self::Longest(place) => Past::Longest(&mut (*place).value),
                Self::LongestBySeconds(place) => Past::LongestBySeconds(&mut (*place).value),
            }
        }
    }

    /// The history, to be looked at.
    ///
    /// # Safety
    /// It was made by `plimsoll_history_init`, and nothing writes it while the value is in use.
    unsafe fn look<'c>(self) -> past::Seen<'c> {
        // SAFETY: the caller's promise, above.
        unsafe {
            match self {
                Self::Usual(place) => past::Seen::Usual(&(*place).value),
                Self::Longest(place) => past::Seen::Longest(&(*place).value),
                Self::LongestBySeconds(place) => past::Seen::LongestBySeconds(&(*place).value),
            }
        }
    }

    fn region(self) -> Region {
        past::each!(self, place => whole(place.cast_const(), true))
    }
}

/// Bytes that a call looks at or writes.
#[derive(Clone, Copy)]
struct Region {
    first: usize,
    length: usize,
    written: bool,
}

impl Region {
    const NOTHING: Self = Self { first: 0, length: 0, written: false };

    fn read_only(self) -> Self {
        Self { written: false, ..self }
    }

    fn meets(self, other: Self) -> bool {
        let before = |a: Self, b: Self| a.first.saturating_add(a.length) <= b.first;
        self.length > 0 && other.length > 0 && !before(self, other) && !before(other, self)
    }
}

/// Whether everything that is written lies apart from everything else.
fn apart(regions: &[Region]) -> Result<(), Status> {
    let mut rest = regions;
    while let [region, others @ ..] = rest {
        if others.iter().any(|other| (region.written || other.written) && region.meets(*other)) {
            return Err(Status::Overlap);
        }
        rest = others;
    }
    Ok(())
}

/// A whole value.
fn whole<T>(pointer: *const T, written: bool) -> Region {
    Region { first: pointer.addr(), length: size_of::<T>(), written }
}

/// A struct, as far as this build looks at it.
///
/// # Safety
/// As `size_of_struct`.
unsafe fn sized<T: Wire>(pointer: *const T, written: bool) -> Result<Region, Status> {
    // SAFETY: the caller's promise, above.
    let size = unsafe { size_of_struct(pointer)? };
    Ok(Region { first: pointer.addr(), length: size.min(size_of::<T>()), written })
}

/// A number that will be written.
fn writable<T>(pointer: *const T) -> Result<Region, Status> {
    good(pointer)?;
    Ok(whole(pointer, true))
}

/// A buffer of bytes that will be written; NULL only when it is empty.
fn bytes_region(first: *mut u8, length: usize) -> Result<Region, Status> {
    if length == 0 {
        return Ok(Region::NOTHING);
    }
    good(first)?;
    Ok(Region { first: first.addr(), length: extent(length, 1)?, written: true })
}

/// Where the number of steps goes; NULL only when none are wanted.
fn counter(capacity: usize, length: *mut usize) -> Result<Region, Status> {
    if capacity == 0 && length.is_null() { Ok(Region::NOTHING) } else { writable(length) }
}

/// Writes the number of steps, if it is wanted.
///
/// # Safety
/// `counter` found the pointer good.
unsafe fn count(length: *mut usize, written: usize) {
    if !length.is_null() {
        // SAFETY: the caller's promise, above.
        unsafe { length.write(written) }
    }
}

/// Structs in a row that will be written; the first says how far they are apart.
struct Row<T> {
    first: *mut T,
    capacity: usize,
    stride: usize,
}

/// A row that may be written.
///
/// # Safety
/// Unless it is NULL or misaligned, `first` points to `capacity` structs of the size that the first says.
unsafe fn row<T: Wire>(first: *mut T, capacity: usize) -> Result<Row<T>, Status> {
    if capacity == 0 {
        return Ok(Row { first, capacity, stride: 0 });
    }
    // SAFETY: the caller's promise, above.
    let stride = unsafe { size_of_struct(first)? };
    if stride.checked_rem(align_of::<T>()) != Some(0) {
        return Err(Status::Misaligned);
    }
    extent(capacity, stride)?;
    Ok(Row { first, capacity, stride })
}

impl<T: Wire> Row<T> {
    fn region(&self) -> Region {
        // In range, as `extent` found.
        Region { first: self.first.addr(), length: self.capacity.wrapping_mul(self.stride), written: true }
    }

    /// Writes a struct, if there is room for it.
    fn write(&self, index: usize, value: &T) {
        if index < self.capacity {
            let place = self.first.wrapping_byte_add(index.wrapping_mul(self.stride));
            // SAFETY: a place in the row, which `row` was promised to be writable.
            let _size_fits = unsafe { write(place, value, self.stride) };
        }
    }
}

/// A trace into a row of records.
struct Records {
    row: Row<StepRecord>,
    length: usize,
    total: u32,
}

/// Room for steps.
///
/// # Safety
/// As `row`.
unsafe fn records(first: *mut StepRecord, capacity: usize) -> Result<Records, Status> {
    // SAFETY: the caller's promise, above.
    Ok(Records { row: unsafe { row(first, capacity)? }, length: 0, total: 0 })
}

impl Records {
    fn region(&self) -> Region {
        self.row.region()
    }

    /// When there were more steps than room, the last place is the last word's.
    fn end_with(&self, last_word: &Step) {
        if usize::try_from(self.total).is_ok_and(|total| total > self.length)
            && let Some(last) = self.length.checked_sub(1)
        {
            self.row.write(last, &StepRecord::new(last_word));
        }
    }
}

impl Trace<Step> for Records {
    fn record(&mut self, step: &Step) {
        if self.length < self.row.capacity {
            self.row.write(self.length, &StepRecord::new(step));
            self.length = self.length.saturating_add(1);
        }
        self.total = self.total.saturating_add(1);
    }
}
