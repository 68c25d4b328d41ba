//! Civil time: the proleptic Gregorian calendar, to the minute, and where in it a moment lies.

use crate::units::Instant;

/// A minute on a wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// Year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

pub(super) const MINUTES_A_DAY: i64 = 1440;
pub(super) const SECONDS_A_DAY: i64 = 86_400;

impl Civil {
    /// A date and a time; `None` when there is no such date or time.
    #[must_use]
    pub const fn new(year: i32, month: u8, day: u8, hour: u8, minute: u8) -> Option<Self> {
        let known = month >= 1 && month <= 12 && hour < 24 && minute < 60;
        if known && day >= 1 && day <= days_of(year, month) {
            Some(Self { year, month, day, hour, minute })
        } else {
            None
        }
    }

    /// The minute that began so many minutes after 1970-01-01 00:00.
    #[must_use]
    pub fn from_minutes(minutes: i64) -> Self {
        let (year, month, day) = date_of(minutes.div_euclid(MINUTES_A_DAY));
        let rest = minutes.rem_euclid(MINUTES_A_DAY);
        let part = |x: i64| u8::try_from(x).unwrap_or(0);
        Self { year, month, day, hour: part(rest / 60), minute: part(rest % 60) }
    }

    /// Minutes since 1970-01-01 00:00.
    #[must_use]
    pub fn minutes(self) -> i64 {
        let of_day = i64::from(self.hour).saturating_mul(60).saturating_add(i64::from(self.minute));
        day_of(self.year, self.month, self.day).saturating_mul(MINUTES_A_DAY).saturating_add(of_day)
    }

    /// 0 = Sunday to 6 = Saturday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        weekday(day_of(self.year, self.month, self.day))
    }
}

const fn leap(year: i32) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const fn days_of(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// 0 = Sunday of a day counted from 1970-01-01, a Thursday.
pub(super) fn weekday(day: i64) -> u8 {
    u8::try_from(day.saturating_add(4).rem_euclid(7)).unwrap_or(0)
}

/// Days from 1970-01-01. A year begins in March here, so that the leap day is its last one.
///
/// After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
pub(super) fn day_of(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year).saturating_sub(i64::from(month <= 2));
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let month = i64::from(month).saturating_add(9).rem_euclid(12);
    let of_year = month.saturating_mul(153).saturating_add(2) / 5;
    let of_year = of_year.saturating_add(i64::from(day)).saturating_sub(1);
    let days = of_era.saturating_mul(365).saturating_add(of_era / 4).saturating_sub(of_era / 100);
    era.saturating_mul(146_097).saturating_add(days).saturating_add(of_year).saturating_sub(719_468)
}

/// The date of a day counted from 1970-01-01.
pub(super) fn date_of(day: i64) -> (i32, u8, u8) {
    let day = day.saturating_add(719_468);
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let years =
        of_era.saturating_sub(of_era / 1460).saturating_add(of_era / 36_524).saturating_sub(of_era / 146_096) / 365;
    let passed = years.saturating_mul(365).saturating_add(years / 4).saturating_sub(years / 100);
    let of_year = of_era.saturating_sub(passed);
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let before = month.saturating_mul(153).saturating_add(2) / 5;
    let date = of_year.saturating_sub(before).saturating_add(1);
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let year = era.saturating_mul(400).saturating_add(years).saturating_add(i64::from(month <= 2));
    let small = |x: i64| u8::try_from(x).unwrap_or(1);
    (i32::try_from(year).unwrap_or(i32::MAX), small(month), small(date))
}

/// Whole seconds of a moment, rounded down. Schedules count from the Unix epoch: the host's origin must be that.
pub(super) fn seconds(at: Instant) -> i64 {
    at.as_nanos().div_euclid(1_000_000_000)
}

/// The offset from UTC at a Unix time, in seconds east. At most 18 hours are believed.
pub(super) struct Zone<'a>(pub(super) &'a dyn Fn(i64) -> i32);

impl Zone<'_> {
    pub(super) fn at(&self, unix: i64) -> i64 {
        i64::from((self.0)(unix)).clamp(-64_800, 64_800)
    }

    /// The Unix time of a local one, both in seconds. One that is skipped is the first instant after the gap, one that
    /// is repeated the first of the two. Asks the zone at most 22 times.
    pub(super) fn unix(&self, local: i64) -> i64 {
        // No zone is a day from UTC, so that these lie on both sides of the time that is meant.
        let (mut early, mut late) = (local.saturating_sub(SECONDS_A_DAY), local.saturating_add(SECONDS_A_DAY));
        let (before, after) = (self.at(early), self.at(late));
        let (first, second) = (local.saturating_sub(before), local.saturating_sub(after));
        if before == after {
            return first;
        }
        match (self.at(first) == before, self.at(second) == after) {
            (true, true) => first.min(second),
            (true, false) => first,
            (false, true) => second,
            (false, false) => {
                while early.saturating_add(1) < late {
                    let middle = early.midpoint(late);
                    if self.at(middle) == before { early = middle } else { late = middle }
                }
                late
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse_and_weekdays_follow_each_other() {
        let mut expected = (1599, 12, 31);
        for day in day_of(1600, 1, 1)..day_of(2401, 1, 1) {
            let (year, month, date) = expected;
            expected = if date < days_of(year, month) {
                (year, month, date + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
            assert_eq!(date_of(day), expected);
            assert_eq!(day_of(expected.0, expected.1, expected.2), day);
            assert_eq!(weekday(day), (weekday(day - 1) + 1) % 7);
        }
        assert_eq!(Civil::new(2024, 2, 29, 0, 0).map(Civil::weekday), Some(4), "a Thursday");
        assert_eq!(Civil::new(2023, 2, 29, 0, 0), None);
        assert_eq!(Civil::from_minutes(-1), Civil { year: 1969, month: 12, day: 31, hour: 23, minute: 59 });
    }

    #[test]
    fn absurd_times_do_not_panic() {
        for minutes in [i64::MIN, i64::MIN / 1440, i64::MAX] {
            let _any = Civil::from_minutes(minutes).minutes();
        }
        let _any = Zone(&|_| i32::MAX).unix(i64::MAX);
        let _any = Zone(&|unix| if unix < 0 { i32::MIN } else { i32::MAX }).unix(i64::MIN);
    }
}
