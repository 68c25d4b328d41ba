//! Bounds and capacity by the calendar.
//!
//! Two kinds of entries, as vendors have them:
//!
//! * an [`Action`] overwrites minimum, maximum or capacity at its time, and nothing is restored afterwards (AWS);
//! * a [`Window`] sets minimum or maximum while it is open (KEDA's cron scaler, Nomad's schedules, Azure's profiles).
//!
//! Times are [`Cron`] expressions, read when the policy is built, or moments. The host's origin of time must be the
//! Unix epoch, and the host knows the time zones: it gives the offset at a moment, the engine does the rest. A time that
//! the clock skips fires at the first instant after the gap; one that it repeats fires once, the first time.
//!
//! [`Schedule::decide`] is never asked "is it now?": it lets act what was due since the last decision, each entry at
//! most once, and tells the bounds of the moment and when they may change next.
//!
//! ```
//! use plimsoll_core::constrain::Bounds;
//! use plimsoll_core::schedule::{Cron, Entry, History, Observation, Schedule, Window};
//! use plimsoll_core::units::{Instant, Replicas};
//!
//! // At least 10 on working days from 8 to 18 o'clock; constant, so a bad expression would not compile.
//! const OPENS: Cron = match Cron::new("0 8 * * MON-FRI") { Ok(cron) => cron, Err(_) => panic!("opens") };
//! const CLOSES: Cron = match Cron::new("0 18 * * MON-FRI") { Ok(cron) => cron, Err(_) => panic!("closes") };
//! let entries = [Entry::window(Window::nomad(OPENS, CLOSES).bounds(Some(10), None)?)];
//! let schedule = Schedule::new(Bounds::new(2, 40)?, &entries)?;
//!
//! // Thursday 2024-02-29, 08:30 in a zone an hour east of UTC.
//! let seen = Observation { now: Instant::from_secs(1_709_191_800), current: Some(Replicas(3)), offset: &|_, _| 3600 };
//! let decision = schedule.decide(&mut History::default(), &seen, &mut ());
//! assert_eq!((decision.to, decision.detail.min), (Replicas(10), Replicas(10)));
//! assert_eq!(decision.revisit_at, Some(Instant::from_secs(1_709_226_000))); // 18:00
//! # Ok::<(), plimsoll_core::error::ConfigError>(())
//! ```
//!
//! # Where vendors are silent, or it differs on purpose
//!
//! [`DIFFERENCES`] lists our rules.

mod civil;
mod cron;
mod decide;
mod firing;
mod history;
mod policy;

pub use civil::Civil;
pub use cron::Cron;
pub use decide::{Decision, Detail, Observation, Step};
pub use history::History;
pub use policy::{Action, Entry, Overlap, Schedule, Window};

/// Where the answer is our own rule: what, and why.
pub const DIFFERENCES: &[(&str, &str)] = &[
    ("what was missed acts once, the newest time due", "a host that slept for a week must not replay it"),
    ("a new history catches up nothing", "the bounds of the host already show what acted before"),
    ("a skipped local time fires after the gap, a repeated one once", "KEDA's library drops skipped times"),
    ("Nomad's expressions are asked in the entry's zone", "upstream asks in UTC: give zone offset 0 for that"),
    ("KEDA's start and end are compared as sets of minutes, not as texts", "the same times are never a window"),
    ("`*/2` restricts a field, `*/1` does not", "as KEDA's library; Vixie cron takes both for a star"),
    ("several open windows: the greatest minimum, the least maximum", "vendors do not combine them"),
    ("an action that would make the bounds impossible does nothing", "AWS lets it fail as well"),
];
