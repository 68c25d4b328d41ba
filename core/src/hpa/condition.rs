//! The conditions of the HPA's status. They survive from sync to sync, keep their order, and count as an answer.

use core::fmt;

use heapless::Vec;

use crate::units::Instant;

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Condition {
    /// What it is about.
    pub kind: ConditionKind,
    /// Whether it holds.
    pub status: bool,
    /// Why.
    pub reason: Reason,
    /// When its status last changed; `None` when that is not known.
    pub since: Option<Instant>,
}

impl fmt::Display for Condition {
    /// `AbleToScale=True/ReadyForNewScale`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = if self.status { "True" } else { "False" };
        write!(f, "{}={status}/{}", self.kind.name(), self.reason.name())
    }
}

macro_rules! names {
    ($(#[$doc:meta])* $enum:ident { $($(#[$each:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $enum { $($(#[$each])* $variant),* }

        impl $enum {
            /// All of them; a snapshot stores positions in this list, so new ones go to its end.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that the API has for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }

            /// The one of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.name() == name)
            }
        }
    };
}

names! {
    /// What a condition is about.
    ConditionKind {
        /// The scale can be read and written.
        AbleToScale,
        /// Replicas can be computed.
        ScalingActive,
        /// A bound or a rate cut the number.
        ScalingLimited,
        /// The HPA itself scaled to zero.
        ScaledToZero,
    }
}

names! {
    /// Why a condition is as it is.
    Reason {
        /// The scale could not be read.
        FailedGetScale,
        /// The scale could be read.
        SucceededGetScale,
        /// The scale could not be written.
        FailedUpdateScale,
        /// The scale was written.
        SucceededRescale,
        /// No window holds the number.
        ReadyForNewScale,
        /// A higher recommendation of the window holds the number.
        ScaleDownStabilized,
        /// A lower recommendation of the window holds the number.
        ScaleUpStabilized,
        /// Zero replicas: off.
        ScalingDisabled,
        /// The selector is missing or does not parse.
        InvalidSelector,
        /// The selector selects pods of another HPA.
        AmbiguousSelector,
        /// A Resource metric failed.
        FailedGetResourceMetric,
        /// A ContainerResource metric failed.
        FailedGetContainerResourceMetric,
        /// A Pods metric failed.
        FailedGetPodsMetric,
        /// An Object metric failed.
        FailedGetObjectMetric,
        /// An External metric failed.
        FailedGetExternalMetric,
        /// The type of metric is not known.
        InvalidMetricSourceType,
        /// A metric gave a number.
        ValidMetricFound,
        /// Nothing was cut.
        DesiredWithinRange,
        /// Raised to the fewest.
        TooFewReplicas,
        /// Lowered to the most.
        TooManyReplicas,
        /// Cut by the rate upward.
        ScaleUpLimit,
        /// Cut by the rate downward.
        ScaleDownLimit,
        /// The HPA itself scaled to zero.
        ScaledToZero,
        /// It did not.
        NotScaledToZero,
    }
}

/// The conditions in the order of the status: at most one of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "Vec<Condition, 4>", try_from = "Vec<Condition, 4>"))]
pub struct Conditions(Vec<Condition, 4>);

impl From<Conditions> for Vec<Condition, 4> {
    fn from(conditions: Conditions) -> Self {
        conditions.0
    }
}

impl TryFrom<Vec<Condition, 4>> for Conditions {
    type Error = &'static str;

    /// At most one of each kind.
    fn try_from(list: Vec<Condition, 4>) -> Result<Self, Self::Error> {
        let mut conditions = Self::new();
        for condition in list {
            if conditions.get(condition.kind).is_some() {
                return Err("conditions: two of one kind");
            }
            conditions.restore(condition);
        }
        Ok(conditions)
    }
}

impl Conditions {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// In order.
    pub fn iter(&self) -> core::slice::Iter<'_, Condition> {
        self.0.iter()
    }

    /// The condition of that kind.
    #[must_use]
    pub fn get(&self, kind: ConditionKind) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.kind == kind)
    }

    /// Changes it where it stands, or appends it; its time moves only when the status changes.
    pub fn set(&mut self, kind: ConditionKind, status: bool, reason: Reason, now: Instant) {
        match self.0.iter_mut().find(|condition| condition.kind == kind) {
            Some(condition) => {
                if condition.status != status {
                    condition.since = Some(now);
                }
                condition.status = status;
                condition.reason = reason;
            }
            None => {
                let _one_of_each_kind_fits = self.0.push(Condition { kind, status, reason, since: Some(now) });
            }
        }
    }

    /// Puts a condition back as a status has it.
    pub fn restore(&mut self, condition: Condition) {
        self.remove(condition.kind);
        let _one_of_each_kind_fits = self.0.push(condition);
    }

    /// Takes it out.
    pub fn remove(&mut self, kind: ConditionKind) {
        self.0.retain(|condition| condition.kind != kind);
    }

    /// Whether the HPA itself scaled to zero.
    #[must_use]
    pub fn scaled_to_zero(&self) -> bool {
        self.get(ConditionKind::ScaledToZero).is_some_and(|condition| condition.status)
    }
}
