//! Hostile bytes as the history of every kind: the first byte picks the kind, the second says how many of the last
//! bytes are the world of the history; those between are the history.

use plimsoll_core::snapshot::{FRAME, Writer};
use plimsoll_core::units::{Instant, Milli, Span};
use plimsoll_core::window::{
    Average, Ewma, ExactQuantiles, Measurement, MinMax, Rate, RelativeQuantiles, Timed, Window,
};

use crate::cursor::Cursor;
use crate::policies::LIVES;

/// Reads bytes as a history, and does something with it; whether it was believed.
type Read = fn(bytes: &[u8], world: &mut Cursor<'_>) -> bool;

/// The windows, with the kinds of their snapshots.
const WINDOWS: [(u16, Read); 11] = [
    (16, window::<ExactQuantiles<3, 2>>),
    (16, window::<ExactQuantiles<3, 1, u16>>),
    (16, window::<ExactQuantiles<3, 1, f32>>),
    (17, window::<RelativeQuantiles<3, 2, 2, 3>>),
    (18, window::<Average<3>>),
    (19, window::<MinMax<3>>),
    (19, window::<MinMax<3, f32>>),
    (20, window::<Rate<3>>),
    (21, window::<Ewma>),
    (22, window::<Timed<ExactQuantiles<3, 1>, 3>>),
    (22, window::<Timed<Average<3>, 3>>),
];

/// How many kinds there are to pick from.
pub(crate) const KINDS: usize = LIVES.len() + WINDOWS.len();

/// Any bytes as a history: as they are, and as the body of a well-framed snapshot, since no fuzzer guesses a checksum.
/// The HPA's has a target of its own, [`snapshot`](crate::snapshot).
///
/// They are refused, or restored to a history that saves and restores to an equal one, and then lives on for a few
/// moments by all laws of [`policies`](crate::policies).
///
/// # Panics
/// When a law is broken.
pub fn histories(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let (pick, cut) = (cursor.below(KINDS), usize::from(cursor.byte()));
    let rest = cursor.rest();
    let (history, world) = rest.split_at(rest.len().saturating_sub(cut));
    let kind = kind(pick);
    let mut framed = vec![0; history.len() + FRAME];
    let mut writer = Writer::new(&mut framed, kind, 1);
    writer.put(history);
    assert_eq!(writer.finish(), Ok(framed.len()));
    for hostile in [history, &framed] {
        read(pick, hostile, world);
    }
}

fn kind(pick: usize) -> u16 {
    LIVES.get(pick).map_or_else(|| WINDOWS[pick - LIVES.len()].0, |(kind, _)| *kind)
}

/// Whether it was believed.
pub(crate) fn read(pick: usize, history: &[u8], world: &[u8]) -> bool {
    let mut world = Cursor::new(world);
    match LIVES.get(pick) {
        Some((_, run)) => run(Some(history), &mut world, 4).is_some(),
        None => WINDOWS[pick - LIVES.len()].1(history, &mut world),
    }
}

fn window<W: Window<Value: Value> + PartialEq + std::fmt::Debug>(bytes: &[u8], world: &mut Cursor<'_>) -> bool {
    let Ok(mut window) = W::restore(bytes) else { return false };
    let mut now = Instant::from_secs(0);
    for moment in 0..5 {
        let again = crate::windows::restored(&window);
        assert_eq!(again.held(), window.held());
        if moment < 4 {
            now = world.time(now, Span::from_millis(500));
            window.push(now, Measurement::Present(W::Value::from_bytes(world)));
        }
    }
    true
}

/// What a window measures.
trait Value {
    fn from_bytes(cursor: &mut Cursor<'_>) -> Self;
}

macro_rules! value {
    ($value:ty, $from:expr) => {
        impl Value for $value {
            fn from_bytes(cursor: &mut Cursor<'_>) -> Self {
                let from: fn(&mut Cursor<'_>) -> Self = $from;
                from(cursor)
            }
        }
    };
}
value!(u16, |cursor| cursor.number(1) as Self);
value!(u32, |cursor| cursor.number(1) as Self);
value!(u64, |cursor| cursor.number(1) as Self);
value!(Milli, |cursor| Self(cursor.number(1)));
value!(f32, |cursor| cursor.float() as Self);
value!(f64, |cursor| cursor.float());
