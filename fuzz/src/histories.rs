//! Hostile bytes as the history of every kind but the HPA's: the first byte picks the kind, the second says how many of the
//! last bytes are the world of the history; those between are the history.

use std::fmt::Debug;

use plimsoll_core::snapshot::{FRAME, Writer};
use plimsoll_core::units::{Instant, Milli, Span};
use plimsoll_core::window::{
    Average, Ewma, ExactQuantiles, Measurement, MinMax, Quantile, Rate, RelativeQuantiles, Timed, Window,
};

use crate::cursor::Cursor;
use crate::policies::LIVES;
use crate::windows::restored;

/// A window: the kind of its snapshot, what reads bytes as one and feeds it, and one that was fed, for the seeds.
struct Kind {
    number: u16,
    read: fn(bytes: &[u8], world: &mut Cursor<'_>) -> bool,
    fed: fn(world: &mut Cursor<'_>) -> Vec<u8>,
}

macro_rules! windows {
    ($($window:ty, $new:expr;)*) => {
        [$(Kind {
            number: <$window>::KIND,
            read: |bytes, world| <$window>::restore(bytes).is_ok_and(|window| !fed(window, world).is_empty()),
            fed: |world| fed::<$window>($new, world),
        }),*]
    };
}

const P95: Quantile = Quantile::P95;
const SPAN: Span = Span::from_secs(5);

const WINDOWS: [Kind; 11] = windows![
    ExactQuantiles<3, 2>, ExactQuantiles::new([P95; 2]);
    ExactQuantiles<3, 1, u16>, ExactQuantiles::new([P95]);
    ExactQuantiles<3, 1, f32>, ExactQuantiles::new([P95]);
    RelativeQuantiles<3, 2, 2, 3>, RelativeQuantiles::new([P95; 2]);
    Average<3>, Average::new();
    MinMax<3>, MinMax::new();
    MinMax<3, f32>, MinMax::new();
    Rate<3>, Rate::new(SPAN).expect("some time");
    Ewma, Ewma::new(SPAN).expect("some time");
    Timed<ExactQuantiles<3, 1>, 3>, Timed::new(ExactQuantiles::new([P95]), SPAN).expect("some time");
    Timed<Average<3>, 3>, Timed::new(Average::new(), SPAN).expect("some time");
];

/// How many kinds there are to pick from: the windows, then those of the policies.
pub(crate) const KINDS: usize = WINDOWS.len() + LIVES.len();

/// Any bytes as a history: as they are, and as the body of a well-framed snapshot, since no fuzzer guesses a checksum.
/// The HPA's has a target of its own, [`snapshot`](crate::snapshot).
///
/// They are refused, or restored to a history that saves and restores to an equal one, and then lives on for a few
/// moments by all laws of [`policies`](crate::policies).
///
/// # Panics
/// When a law is broken.
pub fn histories(bytes: &[u8]) {
    let (pick, history, world) = parts(bytes);
    for hostile in [history, &framed(pick, history)] {
        read(pick, hostile, world);
    }
}

/// The number of the kind, the history, the world.
fn parts(bytes: &[u8]) -> (usize, &[u8], &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let (pick, cut) = (cursor.below(KINDS), usize::from(cursor.byte()));
    let rest = cursor.rest();
    let (history, world) = rest.split_at(rest.len().saturating_sub(cut));
    (pick, history, world)
}

fn framed(pick: usize, body: &[u8]) -> Vec<u8> {
    let number = WINDOWS.get(pick).map_or_else(|| LIVES[pick - WINDOWS.len()].0, |kind| kind.number);
    let mut framed = vec![0; body.len() + FRAME];
    let mut writer = Writer::new(&mut framed, number, 1);
    writer.put(body);
    assert_eq!(writer.finish(), Ok(framed.len()));
    framed
}

/// Whether it was believed.
fn read(pick: usize, history: &[u8], world: &[u8]) -> bool {
    let mut world = Cursor::new(world);
    match WINDOWS.get(pick) {
        Some(kind) => (kind.read)(history, &mut world),
        None => LIVES[pick - WINDOWS.len()].1(Some(history), &mut world, 4).is_some(),
    }
}

/// A history of each kind that something made of bytes, as it was saved.
pub(crate) fn saved(pick: usize, life: &[u8]) -> Vec<u8> {
    let mut life = Cursor::new(life);
    match WINDOWS.get(pick) {
        Some(kind) => (kind.fed)(&mut life),
        None => LIVES[pick - WINDOWS.len()].1(None, &mut life, 12).expect("a new history"),
    }
}

/// A few measurements later, as it is saved.
fn fed<W: Window<Value: Value> + PartialEq + Debug>(mut window: W, world: &mut Cursor<'_>) -> Vec<u8> {
    let mut now = Instant::from_secs(0);
    for _ in 0..4 {
        let again = restored(&window);
        assert_eq!(again.held(), window.held());
        now = world.time(now, Span::from_millis(500));
        window.push(now, Measurement::Present(W::Value::from_bytes(world)));
    }
    let mut bytes = vec![0; W::saved_size()];
    let length = restored(&window).save(&mut bytes).expect("the size that it promises");
    bytes.truncate(length);
    bytes
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Else the corpus would never come further than the frame.
    #[test]
    fn what_the_seeds_saved_is_believed_with_its_frame_and_without() {
        let mut kinds = [0; KINDS];
        for (name, bytes) in crate::seeds::histories() {
            let (pick, history, world) = parts(&bytes);
            let whole = if name.starts_with("body") { framed(pick, history) } else { history.to_vec() };
            assert!(read(pick, &whole, world), "{name}");
            kinds[pick] += 1;
        }
        assert_eq!(kinds, [2; KINDS]);
    }
}
