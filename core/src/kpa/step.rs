//! Steps of a decision, and the sentences they make.

use core::fmt;

use super::history::State;
use super::observation::Unknown;
use crate::units::{Instant, Milli, Replicas};

/// One step of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Step {
    /// The time is before that of the last decision.
    ClockWentBack {
        /// Last decision.
        last: Instant,
        /// This one.
        now: Instant,
    },
    /// Samples since the last decision were from before the window or no finite numbers, and were not taken.
    SamplesRefused {
        /// How many.
        count: u32,
    },
    /// A window of the policy is longer than the history has room for: it keeps its length.
    WindowTooLong {
        /// Seconds needed.
        needed: u32,
        /// Seconds of room.
        room: u32,
    },
    /// The delay has more slots than the history has room for: its oldest were merged.
    DelayFull,
    /// The scale of the target could not be read.
    ScaleUnread,
    /// No number can be computed.
    NotKnown {
        /// Why.
        why: Unknown,
    },
    /// The number from before stands.
    Kept {
        /// It.
        wanted: Replicas,
    },
    /// There never was a number: nothing is done.
    NothingKnown,
    /// What a window asks for.
    Asked {
        /// Which.
        window: Window,
        /// Its average over all pods.
        average: f64,
        /// What a pod is to carry.
        target: f64,
        /// average / target, rounded up.
        pods: i32,
    },
    /// A rate cut what a window asks for.
    RateLimited {
        /// Which window.
        window: Window,
        /// Asked for.
        from: i32,
        /// Allowed.
        to: i32,
        /// Ready pods, 1 at least.
        ready: u32,
    },
    /// There is demand: at least the activation scale.
    ActivationScale {
        /// Which window.
        window: Window,
        /// Asked for.
        from: i32,
        /// The activation scale.
        to: i32,
    },
    /// The panic window asks for so many times the ready pods that it is a panic, from now or still.
    PanicCaused {
        /// Asked for, over the ready pods.
        ratio: f64,
        /// From where on it is one.
        threshold: f64,
        /// It lasts since before.
        extended: bool,
    },
    /// A stable window has passed since the last cause.
    PanicEnded {
        /// The most pods it asked for.
        most: Replicas,
    },
    /// In a panic, the greater of both windows counts.
    PanicAsksMore {
        /// By the stable window.
        from: i32,
        /// By the panic window.
        to: i32,
    },
    /// In a panic the number never falls.
    PanicHolds {
        /// Asked for.
        from: i32,
        /// Asked for at most in this panic.
        to: i32,
        /// When it ends without a new cause.
        until: Instant,
    },
    /// After a panic the number falls slowly.
    Ramped {
        /// Asked for.
        from: i32,
        /// The fewest for now.
        to: i32,
        /// When it goes on.
        until: Instant,
    },
    /// A higher number of the last while holds.
    Delayed {
        /// Asked for.
        from: i32,
        /// The highest.
        to: i32,
        /// When that leaves; the end of its slot of time.
        until: Option<Instant>,
    },
    /// What would fit beyond the present load and the burst, in requests; negative: the proxy stays in the path.
    Burst {
        /// It.
        excess: i32,
    },
    /// Fewer than the fewest.
    BelowMin {
        /// Wanted; `None` when not known while activating.
        from: Option<Replicas>,
        /// The fewest.
        to: Replicas,
        /// They are the initial scale.
        initial: bool,
    },
    /// More than the most.
    AboveMax {
        /// Wanted.
        from: Replicas,
        /// The most.
        to: Replicas,
    },
    /// Zero is not allowed: one.
    ZeroDisabled,
    /// Nothing asks for pods, but an activation is not given up before its deadline.
    ActivationHolds {
        /// The last moment at which it holds.
        until: Instant,
    },
    /// The activation took too long.
    ActivationTimedOut,
    /// Active for less than a stable window: one pod stays.
    ActiveHolds {
        /// When the stable window is over.
        until: Instant,
    },
    /// Active for long enough: becomes inactive first, so that requests go to the proxy.
    Deactivates,
    /// Inactive, but not yet known to be behind the proxy.
    ProxyAwaited,
    /// The last pod is kept for a while.
    RetentionHolds {
        /// Until when.
        until: Instant,
    },
    /// The proxy has not been in the path for long enough.
    GraceHolds {
        /// Until when.
        until: Instant,
    },
    /// Inactive and behind the proxy for long enough.
    ToZero,
    /// The number is to be written, or is what the target asks for already.
    Settled {
        /// It.
        replicas: Replicas,
    },
    /// The state of the life cycle changed.
    StateChanged {
        /// Before.
        from: State,
        /// Now.
        to: State,
    },
}

/// One of the two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Window {
    /// The long one.
    Stable,
    /// The short one.
    Panic,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stable => "the stable window",
            Self::Panic => "the panic window",
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Activating => "activating",
            Self::Active => "active",
            Self::Inactive => "inactive",
        })
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pods => "the ready pods could not be counted",
            Self::Metric => "the metric could not be read",
            Self::NoData => "no sample within the stable window",
            Self::NotANumber => "an average is not a number",
        })
    }
}

impl Step {
    /// The sentence with moments as seen from `now`: `for another 30 s` instead of `until 330 s`.
    #[must_use]
    pub const fn seen_at(self, now: Instant) -> Sentence {
        Sentence { step: self, now: Some(now) }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sentence { step: *self, now: None }.fmt(f)
    }
}

/// A step in words.
#[derive(Clone, Copy, Debug)]
pub struct Sentence {
    step: Step,
    now: Option<Instant>,
}

struct Until {
    end: Instant,
    now: Option<Instant>,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.now {
            None => write!(f, "until {}", self.end),
            Some(now) => write!(f, "for another {}", self.end.since(now)),
        }
    }
}

/// A float to the nearest thousandth. By integers: see the ratios of the HPA's steps.
struct Amount(f64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milli = crate::math::round(self.0 * 1000.0);
        // Saturates: more than 9·10¹⁵ is not told apart.
        if milli.is_nan() { f.write_str("NaN") } else { Milli(milli as i64).fmt(f) }
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = |end: Instant| Until { end, now: self.now };
        match self.step {
            Step::ClockWentBack { last, now } => {
                write!(f, "the clock ran back by {}: what was seen later counts as seen now", last.since(now))
            }
            Step::SamplesRefused { count } => {
                write!(f, "{count} samples were too old or no numbers, and were not taken")
            }
            Step::WindowTooLong { needed, room } => {
                write!(f, "a window of {needed} s has no room, there are {room} s: it keeps its length")
            }
            Step::DelayFull => f.write_str("the delay has no room for all its slots: the oldest were merged"),
            Step::ScaleUnread => f.write_str("the scale of the target could not be read: nothing changes"),
            Step::NotKnown { why } => write!(f, "no number can be computed: {why}"),
            Step::Kept { wanted } => write!(f, "the {wanted} from before stand"),
            Step::NothingKnown => f.write_str("nothing is known yet: nothing changes"),
            Step::Asked { window, average, target, pods } => {
                write!(f, "{window} averages {}, target {} a pod: asks {pods}", Amount(average), Amount(target))
            }
            Step::RateLimited { window, from, to, ready } => {
                let word = if to < from { "most" } else { "fewest" };
                write!(f, "{window} asks {from}; from {ready} ready pods, {to} are the {word} at once")
            }
            Step::ActivationScale { window, from, to } => {
                write!(f, "{window} asks {from}; while there is demand, {to} are the fewest")
            }
            Step::PanicCaused { ratio, threshold, extended } => {
                let what = if extended { "the panic goes on" } else { "a panic begins" };
                write!(
                    f,
                    "{what}: {} times the ready pods are asked for, the threshold is {}",
                    Amount(ratio),
                    Amount(threshold)
                )
            }
            Step::PanicEnded { most } => {
                write!(f, "the panic is over: for a stable window nothing caused it; it asked for {most} at most")
            }
            Step::PanicAsksMore { from, to } => write!(f, "in a panic the greater counts: {to}, not {from}"),
            Step::PanicHolds { from, to, until: end } => {
                write!(f, "in a panic the number never falls: {from} asked for, {to} stay, {}", until(end))
            }
            Step::Ramped { from, to, until: end } => {
                write!(f, "after a panic the number falls slowly: {from} asked for, {to} stay, {}", until(end))
            }
            Step::Delayed { from, to, until: None } => {
                write!(f, "scaling down is delayed: {from} asked for, {to} stay")
            }
            Step::Delayed { from, to, until: Some(end) } => {
                write!(f, "scaling down is delayed: {from} asked for, {to} stay, {}", until(end))
            }
            Step::Burst { excess } if excess < 0 => {
                write!(f, "{} requests too few would fit at once: the proxy stays in the path", excess.unsigned_abs())
            }
            Step::Burst { excess } => write!(f, "{excess} requests more than needed would fit at once"),
            Step::BelowMin { from, to, initial } => {
                match from {
                    Some(from) => write!(f, "{from} wanted")?,
                    None => f.write_str("nothing is known")?,
                }
                let word = if initial { "the initial scale" } else { "the minimum" };
                write!(f, ", {word} is {to}")
            }
            Step::AboveMax { from, to } => write!(f, "{from} wanted, the maximum is {to}"),
            Step::ZeroDisabled => f.write_str("scaling to zero is disabled: 1 stays"),
            Step::ActivationHolds { until: end } => {
                write!(f, "nothing asks for pods, but the activation may go on {}", until(end))
            }
            Step::ActivationTimedOut => f.write_str("the activation took too long: zero"),
            Step::ActiveHolds { until: end } => {
                write!(f, "active for less than the stable window: 1 stays, {}", until(end))
            }
            Step::Deactivates => {
                f.write_str("active for a stable window: becomes inactive first, so that requests go to the proxy")
            }
            Step::ProxyAwaited => f.write_str("not yet known to be behind the proxy: waits"),
            Step::RetentionHolds { until: end } => write!(f, "the last pod is kept, {}", until(end)),
            Step::GraceHolds { until: end } => {
                write!(f, "behind the proxy for less than the grace period: waits, {}", until(end))
            }
            Step::ToZero => f.write_str("inactive and behind the proxy for long enough: zero"),
            Step::Settled { replicas } => write!(f, "the scale is to be {replicas}"),
            Step::StateChanged { from, to } => write!(f, "was {from}, is {to}"),
        }
    }
}
