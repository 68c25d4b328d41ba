//! What every policy gives back, and the draft that its stages work on.

use crate::trace::Trace;
use crate::units::{Instant, Replicas};

/// A decision: from how many replicas to how many, why, and until when it holds.
///
/// `S` is the policy's step, `D` what else the policy knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision<S, D = ()> {
    /// Replicas that the scale asks for now.
    pub from: Replicas,
    /// Replicas that it should ask for.
    pub to: Replicas,
    /// The step that had the last word.
    pub last_word: S,
    /// The earliest moment at which time alone could change the answer; `None` when only a new observation can.
    pub revisit_at: Option<Instant>,
    /// The policy's own results.
    pub detail: D,
}

impl<S, D> Decision<S, D> {
    /// Whether the scale is to be changed.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.from != self.to
    }
}

/// A decision in the making: the stages of a policy move `to` and leave steps.
pub struct Draft<'t, S, T> {
    from: i32,
    to: i32,
    last_word: S,
    revisit_at: Option<Instant>,
    trace: &'t mut T,
}

impl<'t, S: Clone, T: Trace<S>> Draft<'t, S, T> {
    /// Begins at the current number of replicas; `opening` has the last word until a stage moves the draft.
    pub fn new(from: i32, opening: S, trace: &'t mut T) -> Self {
        Self { from, to: from, last_word: opening, revisit_at: None, trace }
    }

    /// Replicas before.
    #[must_use]
    pub fn from(&self) -> i32 {
        self.from
    }

    /// Replicas as the stages so far have it.
    #[must_use]
    pub fn to(&self) -> i32 {
        self.to
    }

    /// Leaves a step that moves nothing.
    pub fn note(&mut self, step: S) {
        self.trace.record(&step);
    }

    /// Moves the draft; the step has the last word until another moves it.
    pub fn set(&mut self, to: i32, step: S) {
        self.trace.record(&step);
        self.to = to;
        self.last_word = step;
    }

    /// Time alone could change the answer at `at`.
    pub fn revisit(&mut self, at: Option<Instant>) {
        self.revisit_at = match (self.revisit_at, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// The decision.
    pub fn decide<D>(self, detail: D) -> Decision<S, D> {
        Decision {
            from: Replicas(self.from),
            to: Replicas(self.to),
            last_word: self.last_word,
            revisit_at: self.revisit_at,
            detail,
        }
    }
}
