//! Enums of the interface and of the core, one for one.

use core::ffi::CStr;

use plimsoll_core::{constrain, hpa};

use crate::abi::{self, Status};

/// An enum of the core whose variants have numbers in the interface.
pub(crate) trait Numbered: Sized {
    /// The number.
    fn number(self) -> i32;
    /// What has that number.
    fn from_number(number: i32) -> Result<Self, Status>;
}

/// Pairs two enums by the names of their variants. The match has no wildcard: a new variant of the core wants a number.
macro_rules! paired {
    ($core:path = $abi:path: $($variant:ident),+) => {
        impl Numbered for $core {
            fn number(self) -> i32 {
                match self { $(Self::$variant => <$abi>::$variant as i32),+ }
            }

            fn from_number(number: i32) -> Result<Self, Status> {
                $(if number == <$abi>::$variant as i32 { return Ok(Self::$variant); })+
                Err(Status::OutOfRange)
            }
        }
    };
}

paired!(hpa::Profile = abi::Profile: V1_32, V1_33, V1_34, V1_35, V1_36, V1_37);
paired!(hpa::ColdStart = abi::ColdStart: Seed, HoldUntilWindowFilled);
paired!(hpa::Source = abi::Source: Resource, ContainerResource, Pods, Object, External, Unknown);
paired!(constrain::Select = abi::Select: Max, Min, Disabled);
paired!(hpa::Phase = abi::Phase: Pending, Running, Succeeded, Failed, Unknown);
paired!(hpa::Ready = abi::Ready: True, False, Unknown);
paired!(hpa::RequestError = abi::RequestError: Missing, MissingPodLevel, NoContainer);
paired!(hpa::ContainerKind = abi::ContainerKind: Main, Init, Sidecar);
paired!(hpa::Selector = abi::Selector: Usable, Missing, Unparsable, Ambiguous);
paired!(hpa::SyncError = abi::SyncError: ScaleUnread, Unknowable, PartlyFailed);
paired!(hpa::Basis = abi::Basis: WithinTolerance, ReadyPods, FilledIn, FilledInHolds, FilledInOpposes, FromZero, PerPod, RunningPods);
paired!(constrain::Direction = abi::Direction: Up, Down);
paired!(constrain::Limit = abi::Limit: DesiredWithinRange, TooFewReplicas, TooManyReplicas, ScaleUpLimit, ScaleDownLimit);
paired!(hpa::ConditionKind = abi::ConditionKind: AbleToScale, ScalingActive, ScalingLimited, ScaledToZero);
paired!(hpa::Reason = abi::Reason:
    FailedGetScale, SucceededGetScale, FailedUpdateScale, SucceededRescale, ReadyForNewScale, ScaleDownStabilized,
    ScaleUpStabilized, ScalingDisabled, InvalidSelector, AmbiguousSelector, FailedGetResourceMetric,
    FailedGetContainerResourceMetric, FailedGetPodsMetric, FailedGetObjectMetric, FailedGetExternalMetric,
    InvalidMetricSourceType, ValidMetricFound, DesiredWithinRange, TooFewReplicas, TooManyReplicas, ScaleUpLimit,
    ScaleDownLimit, ScaledToZero, NotScaledToZero);

/// Names that the API has, as C strings: the variants' own.
macro_rules! names {
    ($function:ident: $core:path: $($variant:ident),+) => {
        pub(crate) fn $function(number: i32) -> &'static CStr {
            match <$core as Numbered>::from_number(number) {
                $(Ok(<$core>::$variant) => {
                    const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($variant), "\0").as_bytes()) {
                        Ok(name) => name,
                        Err(_) => c"",
                    };
                    NAME
                })+
                Err(_) => c"unknown",
            }
        }
    };
}

names!(condition_kind_name: hpa::ConditionKind: AbleToScale, ScalingActive, ScalingLimited, ScaledToZero);
names!(reason_name: hpa::Reason:
    FailedGetScale, SucceededGetScale, FailedUpdateScale, SucceededRescale, ReadyForNewScale, ScaleDownStabilized,
    ScaleUpStabilized, ScalingDisabled, InvalidSelector, AmbiguousSelector, FailedGetResourceMetric,
    FailedGetContainerResourceMetric, FailedGetPodsMetric, FailedGetObjectMetric, FailedGetExternalMetric,
    InvalidMetricSourceType, ValidMetricFound, DesiredWithinRange, TooFewReplicas, TooManyReplicas, ScaleUpLimit,
    ScaleDownLimit, ScaledToZero, NotScaledToZero);

/// The words of a status.
pub(crate) fn status_words(number: i32) -> &'static CStr {
    const WORDS: [(Status, &CStr); 16] = [
        (Status::Ok, c"ok"),
        (Status::NullPointer, c"a pointer is NULL"),
        (Status::Misaligned, c"a pointer or a stride is misaligned"),
        (Status::StructSize, c"struct_size is smaller than the struct or greater than the stride"),
        (Status::OutOfRange, c"a number is out of its range"),
        (Status::Capacity, c"the history has room for fewer entries than are needed"),
        (Status::BadHistory, c"the bytes are no history"),
        (Status::Internal, c"a defect of the library"),
        (Status::Overlap, c"two structs overlap, and one of them is written"),
        (Status::NoRoom, c"memory or a buffer is too small"),
        (Status::NotInitialized, c"the memory was not initialised by this release, or was overwritten"),
        (Status::TooMany, c"more metrics, rate rules or bytes of names than a policy holds"),
        (Status::Empty, c"there is no metric, or no rate rule in a direction"),
        (Status::WrongTarget, c"this kind of metric does not take this kind of target"),
        (Status::BadText, c"a text is not UTF-8"),
        (Status::NoSuchMetric, c"the policy has no metric of that number"),
    ];
    WORDS.iter().find(|(status, _)| *status as i32 == number).map_or(c"unknown status", |(_, words)| *words)
}

/// A yes or no.
pub(crate) fn flag(number: u32) -> Result<bool, Status> {
    match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Status::OutOfRange),
    }
}

/// A value that may be absent, and whether it is there.
pub(crate) fn given<T>(has: u32, value: T) -> Result<Option<T>, Status> {
    Ok(flag(has)?.then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn names_are_the_cores() {
        for kind in hpa::ConditionKind::ALL {
            assert_eq!(condition_kind_name(kind.number()).to_str(), Ok(kind.name()));
            assert_eq!(hpa::ConditionKind::from_number(kind.number()), Ok(*kind));
        }
        for reason in hpa::Reason::ALL {
            assert_eq!(reason_name(reason.number()).to_str(), Ok(reason.name()));
            assert_eq!(hpa::Reason::from_number(reason.number()), Ok(*reason));
        }
        assert_eq!((reason_name(0), condition_kind_name(-1)), (c"unknown", c"unknown"));
    }

    #[test]
    fn every_status_has_its_own_words_and_7_is_not_used_again() {
        let words = (0..=16).map(status_words).collect::<Vec<_>>();
        let unknown = words.iter().filter(|words| **words == c"unknown status").count();
        assert_eq!((unknown, words[7]), (1, c"unknown status"));
        let mut all = words.clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), words.len(), "two statuses say the same");
        assert_eq!((status_words(17), status_words(i32::MIN)), (c"unknown status", c"unknown status"));
    }
}
