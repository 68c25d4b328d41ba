//! The life of a workload under any policy, with the laws that all of them keep.

use std::fmt::Debug;

use plimsoll_core::decision::Decision;
use plimsoll_core::snapshot::SnapshotError;
use plimsoll_core::trace::{Each, Trace};
use plimsoll_core::units::{Instant, Replicas, Span};

use crate::cursor::Cursor;

/// A history that can be saved.
pub(crate) trait Saved: Clone + PartialEq + Debug {
    /// The kind of its snapshot.
    const KIND: u16;
    /// The most bytes of a snapshot.
    const ROOM: usize;
    fn save(&self, out: &mut [u8]) -> Result<usize, SnapshotError>;
    fn restore(bytes: &[u8]) -> Result<Self, SnapshotError>;
}

/// Histories whose methods have these names.
macro_rules! saved {
    ($history:ty, $kind:literal, $room:expr) => {
        impl $crate::life::Saved for $history {
            const KIND: u16 = $kind;
            const ROOM: usize = $room;
            fn save(&self, out: &mut [u8]) -> Result<usize, plimsoll_core::snapshot::SnapshotError> {
                self.save(out)
            }
            fn restore(bytes: &[u8]) -> Result<Self, plimsoll_core::snapshot::SnapshotError> {
                <$history>::restore(bytes)
            }
        }
    };
}
pub(crate) use saved;

/// The bytes of a history.
pub(crate) fn bytes_of<H: Saved>(history: &H) -> Vec<u8> {
    let mut bytes = vec![0; H::ROOM];
    let length = history.save(&mut bytes).expect("the size that it promises");
    bytes.truncate(length);
    assert_eq!(bytes[4..6], H::KIND.to_le_bytes(), "a snapshot of another kind");
    bytes
}

/// The history as its own bytes give it back.
pub(crate) fn read_back<H: Saved>(history: &H) -> H {
    let bytes = bytes_of(history);
    let again = H::restore(&bytes).expect("our own bytes");
    assert_eq!(&again, history, "another history than was saved");
    assert_eq!(bytes_of(&again), bytes, "other bytes than were restored");
    again
}

/// A policy as this crate sees it.
pub(crate) trait Life {
    type History: Saved;
    type Step: Clone + PartialEq + Debug;
    type Detail: PartialEq + Debug;
    /// What the host sees at one moment.
    type Moment: Debug;
    /// Time between two moments, about.
    const UNIT: Span = Span::from_secs(15);

    /// From bytes, of a scale of so many replicas.
    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Self::Moment;

    /// What happens to the history before it is asked.
    fn before(&self, _history: &mut Self::History, _moment: &Self::Moment) {}

    fn decide(
        &self,
        history: &mut Self::History,
        moment: &Self::Moment,
        trace: &mut impl Trace<Self::Step>,
    ) -> Decision<Self::Step, Self::Detail>;

    /// The scale was written with that number, or could not be.
    fn applied(
        &self,
        history: &mut Self::History,
        decision: &Decision<Self::Step, Self::Detail>,
        written: Option<Replicas>,
    );

    /// Whether the scale could be read.
    fn is_read(moment: &Self::Moment) -> bool;

    /// What stands when no stage says anything; it leaves no step.
    fn is_opening(_step: &Self::Step) -> bool {
        false
    }

    fn sentence(&self, step: &Self::Step) -> String;

    /// The laws of one decision.
    fn laws(&self, moment: &Self::Moment, decision: &Decision<Self::Step, Self::Detail>, steps: &[Self::Step]);

    /// The same world later; `None` where time is not all that makes it another one.
    fn later(&self, moment: &Self::Moment, now: Instant) -> Option<Self::Moment>;

    /// Whether the answer changes where the outlook, or the moment that is named, says so: after the decision and before
    /// it is applied.
    fn outlook(
        &self,
        _history: &Self::History,
        _moment: &Self::Moment,
        _decision: &Decision<Self::Step, Self::Detail>,
    ) {
    }
}

/// Lives up to so many moments by the laws of [`policies`](crate::policies), and gives the history.
pub(crate) fn live<L: Life>(life: &L, mut history: L::History, cursor: &mut Cursor<'_>, moments: usize) -> L::History {
    let (mut now, mut replicas) = (Instant::from_secs(0), i32::from(cursor.byte() % 64));
    for _ in 0..moments {
        if cursor.is_empty() {
            break;
        }
        now = cursor.time(now, L::UNIT);
        if cursor.once_in(8) {
            // A human sets the scale.
            replicas = cursor.small();
        }
        let written = !cursor.once_in(8);
        let (early, looks_out) = (cursor.part(), cursor.once_in(3));
        let moment = life.moment(cursor, now, replicas);
        let mut again = read_back(&history);
        life.before(&mut history, &moment);
        life.before(&mut again, &moment);

        let mut steps = Vec::new();
        let decision = life.decide(&mut history, &moment, &mut Each(|step: &L::Step| steps.push(step.clone())));
        let same = life.decide(&mut again, &moment, &mut ());
        assert!(is_same(&same, &decision), "a restored history decides otherwise: {same:?} {decision:?}");
        assert_eq!(history, again, "and remembers otherwise");

        let last_word = &decision.last_word;
        let left = steps.contains(last_word) || steps.iter().any(|step| is_same(step, last_word));
        assert!(left || L::is_opening(last_word), "no step {last_word:?}");
        steps.iter().for_each(|step| assert!(!life.sentence(step).is_empty(), "no words for {step:?}"));
        let revisit = decision.revisit_at;
        // At the end of time there is no later.
        assert!(revisit.is_none_or(|at| at > now || now == Instant::MAX), "{revisit:?} at {now}: {decision:?}");
        if L::is_read(&moment) {
            assert_eq!(decision.from, Replicas(replicas));
        } else {
            assert!(!decision.changes(), "changes what it could not read: {decision:?}");
        }
        life.laws(&moment, &decision, &steps);
        if !decision.changes() {
            unchanged_until(life, &history, &moment, &decision, now, early);
        }
        // That costs more than all the rest.
        if looks_out {
            life.outlook(&history, &moment, &decision);
        }

        let written = written.then_some(decision.to);
        life.applied(&mut history, &decision, written);
        life.applied(&mut again, &decision, written);
        assert_eq!(history, again, "another history after it was applied");
        if decision.changes() {
            replicas = written.unwrap_or(decision.from).0;
        }
    }
    history
}

/// Somewhere before the moment that was named.
fn unchanged_until<L: Life>(
    life: &L,
    history: &L::History,
    moment: &L::Moment,
    decision: &Decision<L::Step, L::Detail>,
    now: Instant,
    early: f64,
) {
    if decision.revisit_at == Some(now.next()) {
        return at_once(life, history.clone(), moment, decision, now);
    }
    let until = decision.revisit_at.unwrap_or(now + Span::from_secs(5000)).previous();
    let later = now + Span::from_nanos((until.since(now).as_nanos() as f64 * early) as u64);
    // Often the last moment before it, where an answer that is off by one shows.
    let later = if early > 0.5 { until } else { later.min(until) };
    let Some(later) = life.later(moment, later.max(now)) else { return };
    let again = life.decide(&mut history.clone(), &later, &mut ());
    assert_eq!(again.to, decision.to, "before the moment that is named: {decision:?}\n{later:?}: {again:?}");
    // And there it is over.
    let at = decision.revisit_at.filter(|at| *at < Instant::MAX);
    if let Some((at, then)) = at.and_then(|at| Some((at, life.later(moment, at)?))) {
        let again = life.decide(&mut history.clone(), &then, &mut ());
        assert!(again.revisit_at.is_none_or(|next| next > at), "names {at} again then: {decision:?}\n{again:?}");
    }
}

/// This moment moved something, and the next ones go on from there: not for ever.
fn at_once<L: Life>(
    life: &L,
    mut history: L::History,
    moment: &L::Moment,
    decision: &Decision<L::Step, L::Detail>,
    mut now: Instant,
) {
    for _ in 0..8 {
        now = now.next();
        let Some(next) = life.later(moment, now) else { return };
        let again = life.decide(&mut history, &next, &mut ());
        let at_once = again.revisit_at == Some(now.next()) && now < Instant::MAX;
        if again.to != decision.to || !at_once {
            return;
        }
    }
    panic!("always to be asked again at once: {decision:?}");
}

/// Equal, also where a number is NaN.
pub(crate) fn is_same<T: PartialEq + Debug>(a: &T, b: &T) -> bool {
    a == b || format!("{a:?}") == format!("{b:?}")
}
