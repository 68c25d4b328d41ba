//! Histories of the three sizes that the interface has.

use plimsoll_core::hpa::{Applied, Conditions, Decision, History, Hpa, Observation, Step};
use plimsoll_core::snapshot::SnapshotError;
use plimsoll_core::trace::Trace;

use crate::abi::{Room, Status};
use crate::policy;

/// See [`Room::Usual`].
pub(crate) type Usual = History<24, 24>;
/// See [`Room::Longest`].
pub(crate) type Longest = History<242, 122>;
/// See [`Room::LongestBySeconds`].
pub(crate) type LongestBySeconds = History<3602, 1802>;

/// One of each size: histories, or pointers to them.
#[derive(Clone, Copy)]
pub(crate) enum Each<U, L, S> {
    Usual(U),
    Longest(L),
    LongestBySeconds(S),
}

/// A history that is moved.
pub(crate) type Past<'a> = Each<&'a mut Usual, &'a mut Longest, &'a mut LongestBySeconds>;
/// A history that is looked at, perhaps by several threads at once.
pub(crate) type Seen<'a> = Each<&'a Usual, &'a Longest, &'a LongestBySeconds>;

macro_rules! each {
    ($past:expr, $history:ident => $body:expr) => {
        match $past {
            $crate::past::Each::Usual($history) => $body,
            $crate::past::Each::Longest($history) => $body,
            $crate::past::Each::LongestBySeconds($history) => $body,
        }
    };
}
pub(crate) use each;

impl Past<'_> {
    pub(crate) fn decide(&mut self, hpa: &Hpa<'_>, seen: &Observation<'_>, trace: &mut impl Trace<Step>) -> Decision {
        each!(self, history => hpa.decide(history, seen, trace))
    }

    pub(crate) fn applied(
        &mut self,
        hpa: &Hpa<'_>,
        decision: &Decision,
        applied: Applied,
        trace: &mut impl Trace<Step>,
    ) {
        each!(self, history => hpa.applied(history, decision, applied, trace));
    }

    pub(crate) fn restart(&mut self) {
        each!(self, history => history.restart());
    }

    pub(crate) fn conditions_mut(&mut self) -> &mut Conditions {
        each!(self, history => history.conditions_mut())
    }

    /// On an error nothing is changed.
    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), Status> {
        each!(self, history => history.restore_from(bytes)).map_err(refused)
    }
}

impl Seen<'_> {
    pub(crate) fn conditions(&self) -> &Conditions {
        each!(self, history => history.conditions())
    }

    /// How many bytes [`Seen::save`] writes.
    pub(crate) fn saved_length(&self) -> usize {
        match each!(self, history => history.save(&mut [])) {
            Ok(length) | Err(SnapshotError::NoRoom { needed: length }) => length,
            Err(_) => 0,
        }
    }

    pub(crate) fn save(&self, bytes: &mut [u8]) -> Result<usize, Status> {
        each!(self, history => history.save(bytes)).map_err(refused)
    }

    pub(crate) fn fits(&self, hpa: &Hpa<'_>) -> Result<(), Status> {
        match self {
            Self::Usual(_) => Usual::fits(hpa),
            Self::Longest(_) => Longest::fits(hpa),
            Self::LongestBySeconds(_) => LongestBySeconds::fits(hpa),
        }
        .map_err(policy::status)
    }
}

/// The least room that serves a policy.
pub(crate) fn room(hpa: &Hpa<'_>) -> Result<Room, Status> {
    if Usual::fits(hpa).is_ok() {
        return Ok(Room::Usual);
    }
    if Longest::fits(hpa).is_ok() {
        return Ok(Room::Longest);
    }
    LongestBySeconds::fits(hpa).map_err(policy::status)?;
    Ok(Room::LongestBySeconds)
}

fn refused(error: SnapshotError) -> Status {
    match error {
        SnapshotError::NoRoom { .. } => Status::NoRoom,
        SnapshotError::Capacity { .. } => Status::Capacity,
        _ => Status::BadHistory,
    }
}
