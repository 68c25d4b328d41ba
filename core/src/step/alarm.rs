//! When a policy is invoked: at least M of the last N points breach a threshold.

use core::fmt;

use crate::error::{ConfigError, Problem};
use crate::math;
use crate::snapshot::{Reader, SnapshotError, Writer};
use crate::units::{Instant, Span};

/// How a point is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Comparison {
    /// `>`, a high alarm.
    Above,
    /// `>=`, a high alarm.
    AtLeast,
    /// `<`, a low alarm.
    Below,
    /// `<=`, a low alarm.
    AtMost,
}

impl Comparison {
    /// Whether the value breaches.
    #[must_use]
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    /// Whether high values breach.
    #[must_use]
    pub const fn is_high(self) -> bool {
        matches!(self, Self::Above | Self::AtLeast)
    }

    /// `>`, `>=`, `<` or `<=`.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

/// How a missing point counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Missing {
    /// Neither way: when it could turn the answer, the state is [`AlarmState::Insufficient`].
    #[default]
    Missing,
    /// As one that breaches.
    Breaching,
    /// As one that does not.
    NotBreaching,
    /// Neither way: when it could turn the answer, the state stays.
    Ignore,
}

/// What an alarm says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AlarmState {
    /// Too few points to tell; also before the first ones.
    #[default]
    Insufficient,
    /// Too few points breach.
    Ok,
    /// Enough points breach.
    Alarm,
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Insufficient => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
        })
    }
}

/// An alarm: M of the last N points, one point a period.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Alarm {
    comparison: Comparison,
    threshold: f64,
    period: Span,
    breaching: u8,
    of: u8,
    missing: Missing,
    range: Option<u8>,
}

/// Most points that an alarm looks at: they are bits of a word.
const MOST: u32 = 64;

impl Alarm {
    /// One point of one, missing ones being missing.
    ///
    /// # Errors
    /// A threshold that is no number, or a period of no length.
    pub const fn new(comparison: Comparison, threshold: f64, period: Span) -> Result<Self, ConfigError> {
        if !threshold.is_finite() {
            return Err(ConfigError::new("threshold", 0, Problem::NotFinite));
        }
        if period.as_nanos() == 0 {
            return Err(ConfigError::new("period", 0, Problem::AtLeast(1)));
        }
        Ok(Self { comparison, threshold, period, breaching: 1, of: 1, missing: Missing::Missing, range: None })
    }

    /// At least `breaching` of the last `of` points; `1 ≤ breaching ≤ of ≤ 64`.
    ///
    /// # Errors
    /// Names the number that is out of range.
    pub const fn with_datapoints(self, breaching: u32, of: u32) -> Result<Self, ConfigError> {
        if of < 1 {
            return Err(ConfigError::new("evaluation periods", of as i64, Problem::AtLeast(1)));
        }
        if of > MOST {
            return Err(ConfigError::new("evaluation periods", of as i64, Problem::AtMost(MOST as i64)));
        }
        if breaching < 1 {
            return Err(ConfigError::new("datapoints to alarm", breaching as i64, Problem::AtLeast(1)));
        }
        if breaching > of {
            return Err(ConfigError::new("datapoints to alarm", breaching as i64, Problem::AtMost(of as i64)));
        }
        Ok(Self { breaching: breaching as u8, of: of as u8, ..self })
    }

    /// How missing points count.
    #[must_use]
    pub const fn with_missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Judges as CloudWatch documents it ("Configuring how CloudWatch alarms treat missing data"): looks back over
    /// `range` periods for N points that are there, fills up only what is lacking then, and goes to ALARM early when
    /// all that is there breaches, the oldest of it for at least M periods. CloudWatch does not publish the range; its
    /// tables show 5 for N = 3.
    ///
    /// # Errors
    /// A range shorter than N, or longer than 64. Call it after [`Alarm::with_datapoints`].
    pub const fn with_evaluation_range(self, range: u32) -> Result<Self, ConfigError> {
        if range < self.of as u32 {
            return Err(ConfigError::new("evaluation range", range as i64, Problem::AtLeast(self.of as i64)));
        }
        if range > MOST {
            return Err(ConfigError::new("evaluation range", range as i64, Problem::AtMost(MOST as i64)));
        }
        Ok(Self { range: Some(range as u8), ..self })
    }

    /// The comparison.
    #[must_use]
    pub const fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// The threshold.
    #[must_use]
    pub const fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The time between two points.
    #[must_use]
    pub const fn period(&self) -> Span {
        self.period
    }

    /// M and N.
    #[must_use]
    pub const fn datapoints(&self) -> (u32, u32) {
        (self.breaching as u32, self.of as u32)
    }

    /// How missing points count.
    #[must_use]
    pub const fn missing(&self) -> Missing {
        self.missing
    }

    /// Whether a point of this value breaches.
    #[must_use]
    pub fn breaches(&self, value: f64) -> bool {
        self.comparison.breaches(value, self.threshold)
    }

    /// The state that the points give. O(1), with a range O(range).
    fn judge(&self, points: &Datapoints) -> AlarmState {
        let (enough, of) = (u32::from(self.breaching), u32::from(self.of));
        if let Some(range) = self.range {
            return self.judge_range(points, enough, of, u32::from(range));
        }
        let seen = u32::from(points.seen).min(of);
        let present = points.present & mask(of);
        let breaching = (points.breaching & present).count_ones();
        let missing = seen.saturating_sub(present.count_ones());
        // Periods before the first point are open whatever the treatment: a new alarm must not begin in ALARM.
        let unseen = of.saturating_sub(seen);
        let (breaching, open) = match self.missing {
            Missing::Breaching => (breaching.saturating_add(missing), unseen),
            Missing::NotBreaching => (breaching, unseen),
            Missing::Missing | Missing::Ignore => (breaching, missing.saturating_add(unseen)),
        };
        if breaching >= enough {
            AlarmState::Alarm
        } else if breaching.saturating_add(open) < enough {
            AlarmState::Ok
        } else if self.missing == Missing::Ignore {
            points.state
        } else {
            AlarmState::Insufficient
        }
    }

    fn judge_range(&self, points: &Datapoints, enough: u32, of: u32, range: u32) -> AlarmState {
        let (mut real, mut breaching, mut oldest) = (0_u32, 0_u32, 0_u32);
        for age in 0..range {
            let bit = 1_u64.checked_shl(age).unwrap_or(0);
            if points.present & bit != 0 && real < of {
                real = real.saturating_add(1);
                breaching = breaching.saturating_add(u32::from(points.breaching & bit != 0));
                oldest = age.saturating_add(1);
            }
        }
        let lacking = of.saturating_sub(real);
        let filled = match self.missing {
            Missing::Breaching => breaching.saturating_add(lacking),
            _ => breaching,
        };
        let unopposed = lacking > 0 && breaching == real;
        match self.missing {
            _ if points.seen == 0 => AlarmState::Insufficient,
            _ if filled >= enough => AlarmState::Alarm,
            Missing::Missing if real == 0 => AlarmState::Insufficient,
            // A breach that came just now waits for the next points: they may not breach.
            Missing::Missing if unopposed && oldest >= enough => AlarmState::Alarm,
            Missing::Ignore if unopposed => points.state,
            _ => AlarmState::Ok,
        }
    }
}

fn mask(bits: u32) -> u64 {
    1_u64.checked_shl(bits).map_or(u64::MAX, |bit| bit.wrapping_sub(1))
}

/// What one alarm remembers: a bit for every period whether there was a point, and whether it breached.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Datapoints {
    present: u64,
    breaching: u64,
    seen: u8,
    state: AlarmState,
    newest: Option<f64>,
    last: Option<Instant>,
}

impl Datapoints {
    /// Knows nothing yet.
    pub const NONE: Self =
        Self { present: 0, breaching: 0, seen: 0, state: AlarmState::Insufficient, newest: None, last: None };

    /// The points that another evaluator of the alarm tells of, oldest first, and the state that it came to: CloudWatch
    /// does not publish all of its rules.
    #[must_use]
    pub fn told(alarm: &Alarm, points: &[Option<f64>], state: AlarmState) -> Self {
        let mut told = Self::NONE;
        points.iter().for_each(|point| told.push(alarm, *point));
        Self { state, ..told }
    }

    /// The state after the newest point.
    #[must_use]
    pub const fn state(&self) -> AlarmState {
        self.state
    }

    /// The newest point; `None` when that one is missing.
    #[must_use]
    pub const fn newest(&self) -> Option<f64> {
        self.newest
    }

    /// Bits of the last 64 periods, the newest lowest: there was a point, and it breached.
    #[must_use]
    pub const fn bits(&self) -> (u64, u64) {
        (self.present, self.breaching)
    }

    /// Takes the point of one period; one that is no finite number is missing. O(1).
    pub fn push(&mut self, alarm: &Alarm, point: Option<f64>) {
        self.newest = point.filter(|value| value.is_finite());
        let breaches = self.newest.is_some_and(|value| alarm.breaches(value));
        self.present = self.present.wrapping_shl(1) | u64::from(self.newest.is_some());
        self.breaching = self.breaching.wrapping_shl(1) | u64::from(breaches);
        self.seen = self.seen.saturating_add(1).min(MOST as u8);
        self.state = alarm.judge(self);
    }

    /// Takes the points of the periods that ended since the last call, oldest first. Periods for which the clock says
    /// that there should have been points and there are none count as missing. True when any period was counted.
    pub(super) fn take(&mut self, alarm: &Alarm, points: &[Option<f64>], now: Instant) -> bool {
        let period = alarm.period.as_nanos();
        let elapsed = self.last.map_or(0, |last| now.since(last).as_nanos());
        let given = u64::try_from(points.len()).unwrap_or(u64::MAX);
        let lacking = if points.is_empty() {
            // A point is late until the next one is due.
            elapsed.checked_div(period).unwrap_or(0).saturating_sub(1)
        } else {
            let due = elapsed.saturating_add(period / 2).checked_div(period).unwrap_or(0);
            due.saturating_sub(given)
        };
        for _ in 0..lacking.min(u64::from(MOST)) {
            self.push(alarm, None);
        }
        for point in points {
            self.push(alarm, *point);
        }
        if !points.is_empty() {
            self.last = Some(now);
        } else if let Some(last) = self.last {
            self.last = Some(last + Span::from_nanos(lacking.saturating_mul(period)));
        }
        lacking > 0 || !points.is_empty()
    }

    /// When the clock ran back, the last point is from now.
    pub(super) fn clamp(&mut self, now: Instant) {
        self.last = self.last.map(|last| last.min(now));
    }

    /// How many points of this value in a row bring the alarm; `None` when 64 do not.
    #[must_use]
    pub fn points_to_alarm(&self, alarm: &Alarm, value: f64) -> Option<u8> {
        let mut ahead = *self;
        for points in 1..=MOST as u8 {
            ahead.push(alarm, Some(value));
            if ahead.state == AlarmState::Alarm {
                return Some(points);
            }
        }
        None
    }

    pub(super) const SAVED: usize = 8 + 8 + 1 + 1 + 9 + 9;

    pub(super) fn save(&self, to: &mut Writer<'_>) {
        to.put(&self.present.to_le_bytes());
        to.put(&self.breaching.to_le_bytes());
        to.u8(self.seen);
        to.u8(self.state as u8);
        to.u8(u8::from(self.newest.is_some()));
        if let Some(newest) = self.newest {
            to.f64(newest);
        }
        to.moment(self.last);
    }

    pub(super) fn restore(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let (present, breaching) = (from.i64()?.cast_unsigned(), from.i64()?.cast_unsigned());
        let seen = from.u8()?;
        if u32::from(seen) > MOST {
            return Err(SnapshotError::BadValue { field: "periods seen", found: i64::from(seen) });
        }
        let state = match from.u8()? {
            0 => AlarmState::Insufficient,
            1 => AlarmState::Ok,
            2 => AlarmState::Alarm,
            found => return Err(SnapshotError::BadValue { field: "alarm state", found: i64::from(found) }),
        };
        let newest = if from.flag("newest point")? { Some(from.f64()?) } else { None };
        if newest.is_some_and(|newest| !newest.is_finite()) {
            return Err(SnapshotError::BadValue { field: "newest point", found: 0 });
        }
        Ok(Self { present, breaching, seen, state, newest, last: from.moment("last point")? })
    }
}

/// How the samples of one period become its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Statistic {
    /// Their mean.
    #[default]
    Average,
    /// Their sum.
    Sum,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// How many there are. Without samples this is missing too, not 0.
    SampleCount,
}

/// The samples of one period, added one by one. Percentiles need all samples and are the host's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Samples {
    count: u32,
    sum: f64,
    extremes: Option<(f64, f64)>,
}

impl Samples {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, sum: 0.0, extremes: None }
    }

    /// Adds a sample; false when it is no finite number and was left out.
    pub fn add(&mut self, sample: f64) -> bool {
        if !sample.is_finite() {
            return false;
        }
        let (least, most) = self.extremes.unwrap_or((sample, sample));
        self.extremes = Some((if sample < least { sample } else { least }, if sample > most { sample } else { most }));
        self.count = self.count.saturating_add(1);
        self.sum += sample;
        true
    }

    /// The point of the period; `None` without samples.
    #[must_use]
    pub fn point(&self, statistic: Statistic) -> Option<f64> {
        let (least, most) = self.extremes?;
        Some(match statistic {
            Statistic::Average => self.sum / f64::from(self.count),
            Statistic::Sum => self.sum,
            Statistic::Minimum => least,
            Statistic::Maximum => most,
            Statistic::SampleCount => f64::from(self.count),
        })
        .map(|point| if point == 0.0 { 0.0 } else { point })
        .filter(|point| math::trunc(*point).is_finite())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn alarm(breaching: u32, of: u32, missing: Missing) -> Alarm {
        Alarm::new(Comparison::Above, 50.0, Span::from_secs(60))
            .and_then(|alarm| alarm.with_datapoints(breaching, of))
            .expect("an alarm")
            .with_missing(missing)
    }

    /// `X` breaches, `0` does not, `-` is missing; the newest is last.
    fn after(alarm: &Alarm, before: AlarmState, points: &str) -> AlarmState {
        let mut past = Datapoints { state: before, ..Datapoints::NONE };
        for point in points.chars() {
            past.push(
                alarm,
                match point {
                    'X' => Some(51.0),
                    '0' => Some(50.0),
                    _ => None,
                },
            );
            // The tables give the points that are there when an evaluation begins.
            past.state = before;
        }
        past.state = alarm.judge(&past);
        past.state
    }

    const ALL: [Missing; 4] = [Missing::Missing, Missing::Ignore, Missing::Breaching, Missing::NotBreaching];

    #[test]
    fn with_a_range_the_tables_of_cloudwatch_hold() {
        use AlarmState::{Alarm as A, Insufficient as I, Ok as O};
        for retained in [O, A, I] {
            // Columns: missing, ignore, breaching, notBreaching.
            let three_of_three = [
                ("0-X-X", [O, O, O, O]),
                ("----0", [O, O, O, O]),
                ("-----", [I, retained, A, O]),
                ("0XX-X", [A, A, A, A]),
                ("--X--", [A, retained, A, O]),
                // Its text: a breach that is younger than M periods does not bring ALARM early. With "ignore" nothing but
                // a point that does not breach ends it either; an older table has that row.
                ("----X", [O, retained, A, O]),
                ("---X-", [O, retained, A, O]),
            ];
            let two_of_three = [
                ("0-X-X", [A, A, A, A]),
                ("00X0X", [A, A, A, A]),
                ("0-X--", [O, O, A, O]),
                ("----0", [O, O, A, O]),
                ("---X-", [A, retained, A, O]),
            ];
            for (breaching, table) in [(3, &three_of_three[..]), (2, &two_of_three[..])] {
                for (points, states) in table {
                    for (missing, state) in ALL.into_iter().zip(*states) {
                        let alarm = alarm(breaching, 3, missing).with_evaluation_range(5).expect("five");
                        assert_eq!(after(&alarm, retained, points), state, "{breaching} of 3, {points}, {missing:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn without_a_range_a_missing_point_counts_as_its_treatment_says() {
        use AlarmState::{Alarm as A, Insufficient as I, Ok as O};
        for (points, states) in [
            ("XX0", [A, A, A, A]),
            ("X0-", [I, O, A, O]),
            ("X-X", [A, A, A, A]),
            ("00-", [O, O, O, O]),
            ("---", [I, O, A, O]),
            ("X--", [I, O, A, O]),
            ("0--", [I, O, A, O]),
        ] {
            for (missing, state) in ALL.into_iter().zip(states) {
                assert_eq!(after(&alarm(2, 3, missing), O, points), state, "{points} {missing:?}");
            }
        }
        assert_eq!(after(&alarm(2, 3, Missing::Ignore), A, "X0-"), A, "the state stays");
    }

    #[test]
    fn a_new_alarm_has_too_little_data_whatever_the_treatment() {
        for missing in ALL {
            assert_eq!(after(&alarm(3, 3, missing), AlarmState::Insufficient, "X"), AlarmState::Insufficient);
            assert_eq!(after(&alarm(1, 3, missing), AlarmState::Insufficient, "X"), AlarmState::Alarm);
            assert_eq!(after(&alarm(3, 3, missing), AlarmState::Insufficient, "0"), AlarmState::Ok);
        }
    }

    #[test]
    fn periods_without_points_are_missing() {
        let alarm = alarm(2, 3, Missing::Missing);
        let mut past = Datapoints::NONE;
        assert!(past.take(&alarm, &[Some(60.0)], Instant::from_secs(0)));
        assert!(!past.take(&alarm, &[], Instant::from_secs(119)), "late, not missing yet");
        assert!(past.take(&alarm, &[Some(60.0)], Instant::from_secs(125)));
        assert_eq!(past.bits().0, 0b101, "the point of the period between is missing");
        assert!(past.take(&alarm, &[], Instant::from_secs(125 + 120)));
        assert_eq!((past.bits().0, past.newest()), (0b1010, None));
        assert!(past.take(&alarm, &[Some(1.0)], Instant::from_secs(125 + 130)));
        assert_eq!(past.bits().0, 0b10101, "the late one counts for its own period only");
        assert!(past.take(&alarm, &[Some(f64::NAN)], Instant::MAX));
        assert_eq!(past.bits().0, 0, "after ages nothing is known");
    }

    #[test]
    fn a_told_state_stands_until_a_point_comes() {
        let alarm = alarm(3, 3, Missing::Missing);
        let mut told = Datapoints::told(&alarm, &[Some(60.0), None], AlarmState::Alarm);
        assert_eq!((told.state(), told.newest(), told.bits()), (AlarmState::Alarm, None, (0b10, 0b10)));
        told.push(&alarm, Some(40.0));
        assert_eq!(told.state(), AlarmState::Ok);
    }

    #[test]
    fn samples_become_a_point() {
        let mut samples = Samples::new();
        assert_eq!(samples.point(Statistic::Sum), None, "missing is not 0");
        assert!(samples.add(1.0) && samples.add(4.0) && !samples.add(f64::NAN));
        let all = [Statistic::Average, Statistic::Sum, Statistic::Minimum, Statistic::Maximum, Statistic::SampleCount];
        assert_eq!(all.map(|s| samples.point(s)), [2.5, 5.0, 1.0, 4.0, 2.0].map(Some));
        assert!(samples.add(f64::MAX) && samples.add(f64::MAX));
        assert_eq!(samples.point(Statistic::Sum), None, "too large to be a number");
    }

    #[test]
    fn wrong_alarms_cannot_be_built() {
        let new = |threshold, period| Alarm::new(Comparison::Above, threshold, Span::from_secs(period));
        assert!(new(f64::NAN, 60).is_err() && new(1.0, 0).is_err());
        let good = new(1.0, 60).expect("an alarm");
        for (breaching, of) in [(0, 1), (2, 1), (1, 0), (1, 65)] {
            assert!(good.with_datapoints(breaching, of).is_err(), "{breaching} of {of}");
        }
        let three = good.with_datapoints(3, 3).expect("three");
        assert!(three.with_evaluation_range(2).is_err() && three.with_evaluation_range(65).is_err());
    }

    /// The state by counting through a list.
    fn naive(breaching: usize, of: usize, missing: Missing, points: &[Option<f64>]) -> AlarmState {
        let mut state = AlarmState::Insufficient;
        for end in 1..=points.len() {
            let seen = &points[..end];
            let window = &seen[end.saturating_sub(of)..];
            let certain = window.iter().filter(|point| match point {
                Some(value) => *value > 50.0,
                None => missing == Missing::Breaching,
            });
            let certain = certain.count();
            let open = window.iter().filter(|p| p.is_none() && matches!(missing, Missing::Missing | Missing::Ignore));
            let open = open.count() + (of - window.len());
            state = if certain >= breaching {
                AlarmState::Alarm
            } else if certain + open < breaching {
                AlarmState::Ok
            } else if missing == Missing::Ignore {
                state
            } else {
                AlarmState::Insufficient
            };
        }
        state
    }

    proptest! {
        #[test]
        fn the_bitmaps_count_as_a_list_does(
            points in prop::collection::vec(prop::option::weighted(0.8, 49.0..52.0f64), 0..140),
            of in 1..=64u32, share in 0.0..1.0f64, missing in prop::sample::select(&ALL[..]),
        ) {
            let breaching = 1 + (f64::from(of - 1) * share) as u32;
            let alarm = alarm(breaching, of, missing);
            let mut past = Datapoints::NONE;
            points.iter().for_each(|point| past.push(&alarm, *point));
            let expected = naive(breaching as usize, of as usize, missing, &points);
            prop_assert_eq!(past.state(), expected);
            let windows: Vec<_> = points.iter().rev().take(64).collect();
            for (age, point) in windows.into_iter().enumerate() {
                prop_assert_eq!(past.bits().0 >> age & 1 == 1, point.is_some());
            }
        }
    }
}
