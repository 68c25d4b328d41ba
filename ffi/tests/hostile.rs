//! Any bits in any struct: a known status, and nothing written unless it is OK. Pointers and lengths are the caller's
//! promise; all else is not believed.
#![expect(unsafe_code, reason = "a caller of a C interface")]

use std::ptr::{null, null_mut};

use plimsoll_ffi::Status;
use plimsoll_ffi::abi;
use plimsoll_ffi::boundary::{
    plimsoll_fold_add, plimsoll_fold_init, plimsoll_history_init, plimsoll_history_restore, plimsoll_history_save,
    plimsoll_history_set_condition, plimsoll_hpa_applied, plimsoll_hpa_decide, plimsoll_hpa_decide_batch,
    plimsoll_hpa_init, plimsoll_hpa_outlook, plimsoll_pod_request, plimsoll_pod_usage, plimsoll_step_sentence,
};
use proptest::prelude::*;

const WORDS: usize = abi::HPA_BYTES / 8;

/// Words that are often a number or a flag, and at times anything.
fn bits() -> impl Strategy<Value = Vec<u32>> {
    // Mostly 0 and 1, or no call would come far.
    let word = prop_oneof![60 => 0..2u32, 6 => 0..140u32, 1 => any::<u32>(), 1 => Just(u32::MAX), 1 => Just(1 << 31)];
    prop::collection::vec(word, 64)
}

/// A struct of these bits, with its size.
fn filled<T>(bits: &[u32]) -> T {
    assert!(size_of::<T>() <= size_of_val(bits));
    // SAFETY: used for structs of integers, floats and raw pointers only, which may be any bits; the size was checked.
    let mut made = unsafe { bits.as_ptr().cast::<T>().read_unaligned() };
    let size = u32::try_from(size_of::<T>()).expect("a small struct");
    // SAFETY: the first field of every struct is its size.
    unsafe { (&raw mut made).cast::<u32>().write(size) };
    made
}

fn bytes_of<T>(value: &T) -> Vec<u8> {
    // SAFETY: structs without padding.
    unsafe { std::slice::from_raw_parts((&raw const *value).cast(), size_of::<T>()) }.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn any_bits_are_survived(
        words in prop::collection::vec(bits(), 10),
        mended in any::<bool>(),
        (name, snapshot) in (prop::collection::vec(any::<u8>(), 0..9), prop::collection::vec(any::<u8>(), 0..80)),
    ) {
        let (mut policy_memory, mut memory, mut fold_memory) = ([0_u64; WORDS], [0_u64; WORDS], [0_u64; 32]);
        let hpa: *mut abi::OpaqueHpa = policy_memory.as_mut_ptr().cast();
        let history: *mut abi::OpaqueHistory = memory.as_mut_ptr().cast();
        let fold: *mut abi::OpaqueFold = fold_memory.as_mut_ptr().cast();

        let mut metric: abi::MetricConfig = filled(&words[0]);
        (metric.name, metric.name_length) = (name.as_ptr().cast(), name.len());
        (metric.container, metric.container_length) = (name.as_ptr().cast(), name.len());
        if mended {
            (metric.source, metric.target, metric.target_milli) = (5, 2, 1000);
            (metric.name, metric.name_length) = (c"hits".as_ptr(), 4);
        }
        let rate: abi::RateRule = filled(&words[1]);
        let mut rules: abi::Rules = filled(&words[2]);
        (rules.rates, rules.rates_length, rules.rates_stride) = (&raw const rate, 1, size_of::<abi::RateRule>());
        let mut config: abi::HpaConfig = filled(&words[3]);
        (config.metrics, config.metrics_length, config.metrics_stride) = (&raw const metric, 1, size_of_val(&metric));
        (config.up, config.down) = (null(), null());
        if mended {
            // A policy that can be, so that the calls below are reached.
            (config.min_replicas, config.max_replicas, config.profile) = (1, 9, 136);
            (config.tolerance, config.sync_period_ns) = (0.1, 15_000_000_000);
            (config.scale_to_zero, config.own_tolerances, config.pod_level_requests, config.cold_start) = (0, 0, 0, 0);
            (config.mend_on_target, config.mend_pods_rule) = (0, 1);
        } else {
            (config.up, config.down) = (&raw const rules, &raw const rules);
        }
        // SAFETY: pointers and lengths are true, here and below.
        let made = unsafe { plimsoll_hpa_init(hpa, WORDS * 8, &raw const config) };
        if made != Status::Ok {
            prop_assert!(!mended, "{:?}", made);
            prop_assert_eq!(policy_memory, [0; WORDS]);
        }
        // SAFETY: as above.
        prop_assert_eq!(unsafe { plimsoll_history_init(history, WORDS * 8, 1) }, Status::Ok);

        let pod: abi::Pod = filled(&words[4]);
        let (values, mut class) = ([i64::from(words[9][0]) - 7, i64::MAX, i64::MIN], -1);
        let mut reading: abi::Reading = filled(&words[5]);
        (reading.pods, reading.pods_length, reading.pods_stride) = (&raw const pod, 1, size_of::<abi::Pod>());
        (reading.values_milli, reading.values_length, reading.fold) = (values.as_ptr(), 3, fold);
        let mut seen: abi::Observation = filled(&words[6]);
        (seen.readings, seen.readings_length, seen.readings_stride) = (&raw const reading, 1, size_of_val(&reading));
        let (mut decision, mut outlook) = (filled::<abi::Decision>(&words[7]), filled::<abi::Outlook>(&words[7]));
        let (decision_before, outlook_before) = (bytes_of(&decision), bytes_of(&outlook));
        let step: abi::StepRecord = filled(&words[8]);
        let condition: abi::Condition = filled(&words[9]);
        let (mut text, mut length) = ([b'x'; 300], 77_usize);
        let mut saved = vec![0; 1000];
        let mut save = || {
            let mut length = 0;
            // SAFETY: as above.
            assert_eq!(unsafe { plimsoll_history_save(history, saved.as_mut_ptr(), 1000, &raw mut length) }, Status::Ok);
            saved[..length].to_vec()
        };
        let past = save();
        // SAFETY: as above.
        unsafe {
            let begun = plimsoll_fold_init(fold, 256, hpa, words[9][1], 0);
            prop_assert_eq!(begun == Status::Ok, made == Status::Ok && words[9][1] == 0);
            if plimsoll_fold_add(fold, &raw const pod, &raw mut class) != Status::Ok {
                prop_assert_eq!(class, -1);
            }
            if plimsoll_hpa_decide(hpa, history, &raw const seen, &raw mut decision, null_mut(), 0, null_mut()) != Status::Ok
            {
                prop_assert_eq!(bytes_of(&decision), decision_before);
                prop_assert_eq!(save(), past);
            }
            if plimsoll_hpa_outlook(hpa, 0, &raw const seen, &raw mut outlook) != Status::Ok {
                prop_assert_eq!(bytes_of(&outlook), outlook_before);
            }
            let past = save();
            let (applied, replicas) = (words[9][2].cast_signed(), words[9][3].cast_signed());
            let said = plimsoll_hpa_applied(
                hpa, history, &raw const decision, applied, replicas, null_mut(), 0, null_mut(),
            );
            if said != Status::Ok {
                prop_assert_eq!(save(), past);
            }
            let past = save();
            if plimsoll_history_set_condition(history, &raw const condition) != Status::Ok {
                prop_assert_eq!(save(), past);
            }
            let past = save();
            let refused = plimsoll_history_restore(history, snapshot.as_ptr(), snapshot.len());
            prop_assert_eq!(refused, Status::BadHistory);
            prop_assert_eq!(save(), past);

            let past = save();
            let mut item: abi::BatchItem = filled(&words[8]);
            (item.policy, item.history, item.observation) = (hpa, history, &raw const seen);
            (item.decision, item.steps, item.steps_capacity) = (&raw mut decision, null_mut(), 0);
            let decision_before = bytes_of(&decision);
            let batch = plimsoll_hpa_decide_batch(&raw mut item, 1, size_of_val(&item));
            prop_assert_eq!(batch, Status::Ok);
            if item.status != Status::Ok as i32 {
                prop_assert_eq!(bytes_of(&decision), decision_before);
                prop_assert_eq!(save(), past);
            }

            let containers = [&words[0], &words[1]].map(|words| {
                let mut made: abi::Container = filled(words);
                (made.name, made.name_length) = (name.as_ptr().cast(), name.len());
                made
            });
            let used = [&words[2], &words[3]].map(|words| {
                let mut made: abi::ContainerUsage = filled(words);
                (made.name, made.name_length) = (name.as_ptr().cast(), name.len());
                made
            });
            let level: abi::PodLevel = filled(&words[4]);
            let (metric, stride) = (words[9][4], size_of::<abi::Container>());
            let (mut milli, mut error, mut known) = (77_i64, 77, 77);
            let (first, level) = (containers.as_ptr(), &raw const level);
            let asked = plimsoll_pod_request(hpa, metric, first, 2, stride, level, &raw mut milli, &raw mut error);
            prop_assert!(asked == Status::Ok && (0..=3).contains(&error) || (milli, error) == (77, 77));
            (milli, error) = (77, 77);
            let (first, stride) = (used.as_ptr(), size_of::<abi::ContainerUsage>());
            let (to_known, to_milli, to_error) = (&raw mut known, &raw mut milli, &raw mut error);
            let asked = plimsoll_pod_usage(hpa, metric, first, 2, stride, to_known, to_milli, to_error);
            prop_assert!(asked == Status::Ok && known <= 1 && [0, 8].contains(&error) || (milli, error, known) == (77, 77, 77));

            let named = if made == Status::Ok { hpa.cast_const() } else { null() };
            let said = plimsoll_step_sentence(named, &raw const step, text.as_mut_ptr().cast(), 300, &raw mut length);
            if said == Status::Ok {
                prop_assert_eq!(text[length], 0);
                prop_assert!(std::str::from_utf8(&text[..length]).is_ok());
            } else {
                prop_assert_eq!((text, length), ([b'x'; 300], 77));
            }
        }
    }
}
