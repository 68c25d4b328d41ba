//! KEDA's scaled object.

use plimsoll_core::queue::formula::{Op, Program};
use plimsoll_core::queue::{
    Annotations, Applied, Decision, Detail, Fallback, FallbackBehavior, History, Mended, Modifiers, Observation,
    Paused, Reading, ReplicaCounts, ScaledObject, Step, Target, Trigger,
};
use plimsoll_core::trace::Trace;
use plimsoll_core::units::{Instant, Milli, Replicas, Span};

use super::start;
use crate::cursor::Cursor;
use crate::life::{Life, Saved, saved};

saved!(History<1>, 3, Self::saved_size());
saved!(History<3>, 3, Self::saved_size());

struct Object<'a, const T: usize>(ScaledObject<'a>);

#[derive(Debug)]
struct Moment {
    now: Instant,
    created: Instant,
    replicas: Option<Replicas>,
    ready: Option<i32>,
    readings: Vec<Reading>,
    annotations: Annotations,
}

impl Moment {
    fn seen(&self) -> Observation<'_> {
        let Self { now, created, replicas, ready, ref readings, annotations } = *self;
        Observation { now, created, replicas, ready, readings, annotations }
    }

    /// Every read of a failing trigger counts.
    fn all_read(&self, triggers: usize) -> bool {
        self.readings.len() == triggers && !self.readings.contains(&Reading::Failed)
    }
}

impl<const T: usize> Life for Object<'_, T>
where
    History<T>: Saved,
{
    type History = History<T>;
    type Step = Step;
    type Detail = Detail<T>;
    type Moment = Moment;

    fn moment(&self, cursor: &mut Cursor<'_>, now: Instant, replicas: i32) -> Moment {
        let odd = cursor.byte();
        let reading = |cursor: &mut Cursor<'_>| match cursor.byte() {
            249 => Reading::Failed,
            250 => Reading::of(cursor.float(), cursor.flag()),
            251.. => Reading::Value { value: Milli(cursor.number(1000)), active: cursor.flag() },
            value => Reading::of(f64::from(value / 2), value > 9),
        };
        let count = if odd % 16 == 1 { cursor.below(3) } else { self.0.triggers().len() };
        Moment {
            now,
            created: Instant::from_secs(cursor.number(1)),
            replicas: (odd % 16 != 2).then_some(Replicas(replicas)),
            ready: (odd % 16 != 3).then_some(replicas),
            readings: (0..count).map(|_| reading(cursor)).collect(),
            annotations: Annotations {
                paused: match odd % 16 {
                    4 => Paused::AsIs,
                    5 => Paused::At(Replicas(cursor.small())),
                    _ => Paused::No,
                },
                scale_in_paused: odd % 16 == 6,
                scale_out_paused: odd % 16 == 7,
                force_activation: odd % 16 == 8,
            },
        }
    }

    fn before(&self, history: &mut History<T>, moment: &Moment) {
        // The HPA beside it reads at its own pace.
        if moment.readings.len() == 2 {
            self.0.read(history, &moment.seen(), &mut ());
        }
    }

    fn decide(&self, history: &mut History<T>, moment: &Moment, trace: &mut impl Trace<Step>) -> Decision<T> {
        self.0.decide(history, &moment.seen(), trace)
    }

    fn applied(&self, history: &mut History<T>, decision: &Decision<T>, written: Option<Replicas>) {
        if decision.changes() {
            self.0.applied(history, decision, written.map_or(Applied::Failed, Applied::Done), &mut ());
        }
    }

    fn is_read(moment: &Moment) -> bool {
        moment.replicas.is_some()
    }

    fn is_opening(step: &Step) -> bool {
        matches!(step, Step::LeftToHpa)
    }

    fn sentence(&self, step: &Step) -> String {
        step.to_string()
    }

    fn laws(&self, moment: &Moment, decision: &Decision<T>, _: &[Step]) {
        let counts = self.0.counts();
        let to = decision.to.0;
        let paused = matches!(moment.annotations.paused, Paused::At(_));
        if decision.changes() && !paused {
            let ends = [counts.floor(), counts.at_rest(), counts.at_activation()];
            assert!(ends.contains(&to) && to <= counts.max(), "{decision:?}");
        }
        assert!(to >= 0 || !decision.changes(), "{decision:?}");
        assert!(!decision.detail.hpa_scales || !decision.changes(), "{decision:?}");
    }

    fn outlook(&self, history: &History<T>, moment: &Moment, decision: &Decision<T>) {
        // The moment that is named is the end of a cooldown.
        let at = decision.revisit_at.filter(|at| *at < Instant::MAX);
        if let Some(then) = at.and_then(|at| self.later(moment, at)) {
            let again = self.decide(&mut history.clone(), &then, &mut ());
            assert!(again.changes(), "nothing changes at the moment that is named: {decision:?} {again:?}");
        }
    }

    fn later(&self, moment: &Moment, now: Instant) -> Option<Moment> {
        let later = Moment { now, readings: moment.readings.clone(), ..*moment };
        moment.all_read(self.0.triggers().len()).then_some(later)
    }
}

fn target(cursor: &mut Cursor<'_>) -> Target {
    let value = Milli(cursor.number(1000).max(1));
    if cursor.once_in(4) { Target::Value(value) } else { Target::AverageValue(value) }
}

/// Operations one after the other, where they have their operands; what is left over is added up.
fn formula(cursor: &mut Cursor<'_>, triggers: u16) -> Vec<Op> {
    let (mut ops, mut depth) = (Vec::new(), 0_usize);
    for _ in 0..cursor.below(16) {
        let op = match cursor.below(30) {
            0 => Op::Const(cursor.float()),
            1 => Op::Truth(cursor.flag()),
            2 => Op::Nil,
            3..=6 => Op::Trigger(u16::from(cursor.byte()) % triggers),
            7 => Op::Negate,
            8 => Op::Add,
            9 => Op::Subtract,
            10 => Op::Multiply,
            11 => Op::Divide,
            12 => Op::Remainder,
            13 => Op::Power,
            14 => Op::Min,
            15 => Op::Max,
            16 => Op::Abs,
            17 => Op::Ceil,
            18 => Op::Floor,
            19 => Op::Round,
            20 => Op::Trunc,
            21 => Op::Less,
            22 => Op::GreaterOrEqual,
            23 => Op::Equal,
            24 => Op::And,
            25 => Op::Or,
            26 => Op::Not,
            27 => Op::Select,
            28 => Op::Coalesce,
            _ => Op::Count,
        };
        if op.operands() <= depth {
            depth = depth - op.operands() + 1;
            ops.push(op);
        }
    }
    if depth == 0 {
        ops.push(Op::Trigger(0));
    }
    ops.extend((1..depth).map(|_| Op::Add));
    ops
}

pub(super) fn object(from: Option<&[u8]>, cursor: &mut Cursor<'_>, moments: usize) -> Option<Vec<u8>> {
    let min = cursor.option(|cursor| cursor.small().max(0));
    let max = cursor.option(|cursor| cursor.small().max(min.unwrap_or(0)).max(1));
    let idle = if cursor.once_in(4) { Some(i32::from(cursor.byte() % 8)) } else { None };
    let counts = ReplicaCounts::new(min, max, idle).or_else(|_| ReplicaCounts::new(min, max, None));
    let counts = counts.unwrap_or(ReplicaCounts::DEFAULT);
    let triggers: Vec<_> = (0..=cursor.below(3))
        .map(|_| {
            if cursor.once_in(8) {
                return Trigger::resource("cpu");
            }
            Trigger::external("queue", target(cursor)).expect("a target")
        })
        .collect();
    let flags = cursor.byte();
    let on = |bit: u8| flags & (1 << bit) != 0;
    let ops = if on(0) { formula(cursor, triggers.len() as u16) } else { vec![Op::Trigger(0)] };
    let mut object = ScaledObject::new(counts, &triggers).expect("a trigger");
    if on(0) {
        let modifiers = Modifiers::new(Program::new(&ops).expect("one result"), target(cursor)).expect("a target");
        let activation = Some(cursor.float()).filter(|it| it.is_finite()).unwrap_or(0.0);
        let modifiers = modifiers.with_activation(activation).expect("a number").with_whole_target(on(1));
        object = object.with_modifiers(modifiers).expect("so many triggers");
    }
    if on(2) {
        let behavior = [
            FallbackBehavior::Unset,
            FallbackBehavior::Static,
            FallbackBehavior::CurrentReplicas,
            FallbackBehavior::CurrentReplicasIfHigher,
            FallbackBehavior::CurrentReplicasIfLower,
            FallbackBehavior::ScalingModifiers,
        ][cursor.below(6)];
        let (threshold, replicas) = (i32::from(cursor.byte() % 4), cursor.small().max(0));
        object = object.with_fallback(Fallback::new(threshold, replicas, behavior).expect("not negative"));
    }
    if on(3) {
        let span = |cursor: &mut Cursor<'_>| cursor.span(Span::from_secs(10));
        object = object.with_cooldown(span(cursor)).with_initial_cooldown(span(cursor));
    }
    object = object.with_mended(Mended {
        activity_outlives_errors: on(4),
        zero_fallback_waits: on(5),
        fractional_target_falls_back: on(6),
    });
    if on(7) {
        start(&Object::<1>(object), History::default(), from, cursor, moments)
    } else {
        start(&Object::<3>(object), History::default(), from, cursor, moments)
    }
}
