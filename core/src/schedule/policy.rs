//! The policy: bounds, and what changes them when.

use super::cron::Cron;
use crate::constrain::Bounds;
use crate::error::{ConfigError, Problem};
use crate::units::{Instant, Span};

/// Bounds and capacity by the calendar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule<'a> {
    pub(super) bounds: Bounds,
    pub(super) entries: &'a [Entry],
    pub(super) overlap: Overlap,
}

/// One entry, and the number by which the host knows its time zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    pub(super) zone: u16,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Action(Action),
    Window(Window),
}

/// Most entries: windows are numbered with 16 bits.
const MOST: usize = u16::MAX as usize;

impl<'a> Schedule<'a> {
    /// Without entries it keeps the scale within the bounds.
    ///
    /// # Errors
    /// When there are more than 65,535 entries.
    pub const fn new(bounds: Bounds, entries: &'a [Entry]) -> Result<Self, ConfigError> {
        if entries.len() > MOST {
            return Err(ConfigError::new("entries", entries.len() as i64, Problem::AtMost(MOST as i64)));
        }
        Ok(Self { bounds, entries, overlap: Overlap::Combine })
    }

    /// What several active windows mean.
    #[must_use]
    pub const fn with_overlap(self, overlap: Overlap) -> Self {
        Self { overlap, ..self }
    }

    /// The bounds where no entry says otherwise.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The entries, in order.
    #[must_use]
    pub const fn entries(&self) -> &'a [Entry] {
        self.entries
    }
}

/// What several active windows mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Overlap {
    /// Our rule: the greatest minimum and the least maximum. Windows only narrow the bounds; a minimum above a maximum
    /// wins, up to the maximum of the policy.
    #[default]
    Combine,
    /// As profiles of Azure: one window alone, and it replaces the bounds. Dates beat recurrence, the first of a kind
    /// the others.
    Profile,
}

impl Entry {
    /// An action in the host's zone number 0.
    #[must_use]
    pub const fn action(action: Action) -> Self {
        Self { zone: 0, kind: Kind::Action(action) }
    }

    /// A window in the host's zone number 0.
    #[must_use]
    pub const fn window(window: Window) -> Self {
        Self { zone: 0, kind: Kind::Window(window) }
    }

    /// In another zone of the host's.
    #[must_use]
    pub const fn in_zone(self, zone: u16) -> Self {
        Self { zone, ..self }
    }
}

/// Sets minimum, maximum or capacity at a moment; nothing is restored afterwards. As scheduled actions of AWS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    pub(super) recurrence: Option<Cron>,
    pub(super) start: Option<Instant>,
    pub(super) end: Option<Instant>,
    pub(super) min: Option<i32>,
    pub(super) max: Option<i32>,
    pub(super) desired: Option<i32>,
}

impl Action {
    /// Once, at a moment.
    #[must_use]
    pub const fn once(at: Instant) -> Self {
        Self { recurrence: None, start: Some(at), end: None, min: None, max: None, desired: None }
    }

    /// Whenever the expression matches.
    #[must_use]
    pub const fn recurring(cron: Cron) -> Self {
        Self { recurrence: Some(cron), start: None, end: None, min: None, max: None, desired: None }
    }

    /// Recurs from `start`, when it also acts, and before `end`.
    ///
    /// # Errors
    /// When the end is not after the start.
    pub const fn between(self, start: Option<Instant>, end: Option<Instant>) -> Result<Self, ConfigError> {
        if let (Some(start), Some(end)) = (start, end)
            && end.as_nanos() <= start.as_nanos()
        {
            return Err(ConfigError::new("end", end.as_nanos(), Problem::MoreThan(start.as_nanos())));
        }
        Ok(Self { start, end, ..self })
    }

    /// What it sets: at least one of minimum, maximum and capacity, none negative, and together possible.
    ///
    /// # Errors
    /// Names the number that is not.
    pub const fn sets(self, min: Option<i32>, max: Option<i32>, desired: Option<i32>) -> Result<Self, ConfigError> {
        if min.is_none() && max.is_none() && desired.is_none() {
            return Err(ConfigError::new("action", 0, Problem::Empty));
        }
        if let Err(error) = check("min", min, None, max) {
            return Err(error);
        }
        if let Err(error) = check("max", max, min, None) {
            return Err(error);
        }
        if let Err(error) = check("desired", desired, min, max) {
            return Err(error);
        }
        Ok(Self { min, max, desired, ..self })
    }
}

/// Bounds while a window is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub(super) when: When,
    pub(super) min: Option<i32>,
    pub(super) max: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Keda { start: Cron, end: Cron },
    Nomad { start: Cron, end: Cron },
    For { start: Cron, length: Span },
    Dates { start: Instant, end: Instant },
}

impl Window {
    /// As KEDA's cron scaler: open when the next end comes no later than the next start. A start on working days alone
    /// with an end on every day is open on Saturdays.
    ///
    /// # Errors
    /// When both are the same.
    pub const fn keda(start: Cron, end: Cron) -> Result<Self, ConfigError> {
        if start.same(&end) {
            return Err(ConfigError::new("end", 0, Problem::NotTogether));
        }
        Ok(Self { when: When::Keda { start, end }, min: None, max: None })
    }

    /// As Nomad's schedules: open when the last start is later than the last end.
    #[must_use]
    pub const fn nomad(start: Cron, end: Cron) -> Self {
        Self { when: When::Nomad { start, end }, min: None, max: None }
    }

    /// Open for a while from every start on.
    ///
    /// # Errors
    /// When that is no time.
    pub const fn lasting(start: Cron, length: Span) -> Result<Self, ConfigError> {
        if length.as_nanos() == 0 {
            return Err(ConfigError::new("duration", 0, Problem::MoreThan(0)));
        }
        Ok(Self { when: When::For { start, length }, min: None, max: None })
    }

    /// Open from one moment up to another.
    ///
    /// # Errors
    /// When the end is not after the start.
    pub const fn dates(start: Instant, end: Instant) -> Result<Self, ConfigError> {
        if end.as_nanos() <= start.as_nanos() {
            return Err(ConfigError::new("end", end.as_nanos(), Problem::MoreThan(start.as_nanos())));
        }
        Ok(Self { when: When::Dates { start, end }, min: None, max: None })
    }

    /// Minimum and maximum while it is open: at least one of them. KEDA's `desiredReplicas` is a minimum.
    ///
    /// # Errors
    /// Names the number that is impossible.
    pub const fn bounds(self, min: Option<i32>, max: Option<i32>) -> Result<Self, ConfigError> {
        if min.is_none() && max.is_none() {
            return Err(ConfigError::new("window", 0, Problem::Empty));
        }
        if let Err(error) = check("min", min, None, max) {
            return Err(error);
        }
        if let Err(error) = check("max", max, min, None) {
            return Err(error);
        }
        Ok(Self { min, max, ..self })
    }
}

/// Not negative, and within what is set beside it.
const fn check(
    field: &'static str,
    value: Option<i32>,
    least: Option<i32>,
    most: Option<i32>,
) -> Result<(), ConfigError> {
    let Some(value) = value else { return Ok(()) };
    let least = match least {
        Some(least) if least > 0 => least,
        _ => 0,
    };
    if value < least {
        return Err(ConfigError::new(field, value as i64, Problem::AtLeast(least as i64)));
    }
    if let Some(most) = most
        && value > most
    {
        return Err(ConfigError::new(field, value as i64, Problem::AtMost(most as i64)));
    }
    Ok(())
}
