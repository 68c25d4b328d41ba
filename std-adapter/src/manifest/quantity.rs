//! Kubernetes quantities: `250m`, `1.5Gi`, `2e3`, `0.1`.
//!
//! A quantity is held as whole nano-units in an `i128`, so every sum and comparison is exact. What is finer than a
//! nano is rounded away from zero, what is beyond ±(2⁶³ − 1) whole units is cut there, as the API server does it.
//! The only difference from upstream: a text without any digit (`m`, `+`, `.`) is refused, where upstream reads 0.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// An amount with a Kubernetes suffix; equal when the amounts are equal, however they were written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    /// Nano-units, within ±`MOST`.
    nanos: i128,
    form: Form,
}

/// Upstream keeps a suffix family when it writes a quantity back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    #[default]
    Decimal,
    Binary,
    Exponent,
}

const NANO: i128 = 1_000_000_000;
const MILLI_IN_NANOS: i128 = 1_000_000;

/// The greatest amount: `resource.Quantity` caps at 2⁶³ − 1 whole units.
const MOST: i128 = i64::MAX as i128 * NANO;

/// `MOST` has 28 digits, so an amount with more than this many is beyond it.
const MOST_DIGITS: i64 = 28;

impl Quantity {
    /// Nothing of anything.
    pub const ZERO: Self = Self { nanos: 0, form: Form::Decimal };

    /// A quantity of `milli` thousandths, in decimal form: `from_milli(1500)` is `1500m`.
    pub const fn from_milli(milli: i64) -> Self {
        Self { nanos: milli as i128 * MILLI_IN_NANOS, form: Form::Decimal }
    }

    /// A quantity of `units` whole units, in decimal form.
    pub const fn from_whole(units: i64) -> Self {
        // i64::MIN is one beyond the cap that upstream puts on both sides.
        let nanos = units as i128 * NANO;
        Self { nanos: if nanos < -MOST { -MOST } else { nanos }, form: Form::Decimal }
    }

    /// Thousandths: exact, or rounded away from zero; cut at the bounds of `i64`.
    pub fn milli(self) -> i64 {
        let milli = away_from_zero(self.nanos, MILLI_IN_NANOS);
        i64::try_from(milli).unwrap_or(if milli < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whole units: exact, or rounded away from zero.
    pub fn whole(self) -> i64 {
        let whole = away_from_zero(self.nanos, NANO);
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
    }

    /// Billionths, exact; within ±(2⁶³ − 1)·10⁹.
    pub const fn nanos(self) -> i128 {
        self.nanos
    }

    /// Less, equal or greater than zero.
    pub fn sign(self) -> Ordering {
        self.nanos.cmp(&0)
    }

    /// The float that upstream computes for a tolerance: the mantissa of the canonical text times a power of ten
    /// whose exponent is a multiple of three, in one multiplication. `0.57` is 570 × 10⁻³ = 0.5700000000000001.
    pub fn as_tolerance(self) -> f64 {
        let (mantissa, exponent) = match self.canonical_form() {
            Form::Binary => (away_from_zero(self.nanos, NANO), 0),
            Form::Decimal | Form::Exponent => decimal_parts(self.nanos),
        };
        let mantissa = mantissa as f64;
        if exponent == 0 {
            return mantissa;
        }
        mantissa * power_of_ten(exponent)
    }

    /// Below 1024 (and above −1024) upstream writes binary amounts in decimal, to keep their fractions.
    fn canonical_form(self) -> Form {
        if self.form == Form::Binary && self.nanos.abs() < 1024 * NANO {
            return Form::Decimal;
        }
        self.form
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// The canonical text, as the API server stores it: `1000m` is `1`, `1024Ki` is `1Mi`, `0.1` is `100m`.
impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.canonical_form() {
            Form::Binary => {
                let mut mantissa = away_from_zero(self.nanos, NANO);
                let mut thousands = 0;
                while mantissa % 1024 == 0 && thousands < BINARY.len() - 1 {
                    mantissa /= 1024;
                    thousands += 1;
                }
                write!(out, "{mantissa}{}", BINARY[thousands])
            }
            Form::Decimal => {
                let (mantissa, exponent) = decimal_parts(self.nanos);
                let suffix = DECIMAL.iter().find(|(_, power)| *power == exponent).map_or("", |(suffix, _)| suffix);
                write!(out, "{mantissa}{suffix}")
            }
            Form::Exponent => match decimal_parts(self.nanos) {
                (mantissa, 0) => write!(out, "{mantissa}"),
                (mantissa, exponent) => write!(out, "{mantissa}e{exponent}"),
            },
        }
    }
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    text: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    NoDigits,
    Suffix(String),
    NotFinite,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\" is not a quantity: ", self.text)?;
        match &self.problem {
            Problem::Empty => out.write_str("it is empty"),
            Problem::NoDigits => out.write_str("it has no digits"),
            Problem::NotFinite => out.write_str("it is not a finite number"),
            Problem::Suffix(suffix) => write!(
                out,
                "the suffix \"{suffix}\" is none of n u m k M G T P E Ki Mi Gi Ti Pi Ei and no exponent like e3"
            ),
        }
    }
}

impl std::error::Error for QuantityError {}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let refuse = |problem| QuantityError { text: shorten(text), problem };
        if text.is_empty() {
            return Err(refuse(Problem::Empty));
        }
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (units, rest) = split_digits(unsigned);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => split_digits(rest),
            None => ("", rest),
        };
        if units.is_empty() && fraction.is_empty() {
            return Err(refuse(Problem::NoDigits));
        }
        let Some((form, scale)) = read_suffix(suffix) else {
            return Err(refuse(Problem::Suffix(shorten(suffix))));
        };
        let nanos = scaled(units, fraction, scale);
        Ok(Self { nanos: if negative { -nanos } else { nanos }, form })
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text, or a bare number as upstream allows it; null is zero, as for every Go value.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Quantity;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a quantity such as \"250m\" or \"1.5Gi\"")
            }

            // Upstream trims here, not in the parser: a JSON string " 1" is accepted.
            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                text.trim().parse().map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
                Ok(Quantity::from_whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
                Ok(Quantity::from_whole(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
                let text = number.to_string();
                if !number.is_finite() {
                    return Err(E::custom(QuantityError { text, problem: Problem::NotFinite }));
                }
                text.parse().map_err(E::custom)
            }

            fn visit_unit<E: Error>(self) -> Result<Quantity, E> {
                Ok(Quantity::ZERO)
            }
        }

        deserializer.deserialize_any(Text)
    }
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// By power of 1024.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// What a suffix multiplies with.
#[derive(Clone, Copy)]
struct Scale {
    power_of_ten: i64,
    power_of_two: u32,
}

fn read_suffix(suffix: &str) -> Option<(Form, Scale)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        let scale = Scale { power_of_ten: i64::from(*power), power_of_two: 0 };
        return Some((Form::Decimal, scale));
    }
    if let Some(thousands) = BINARY.iter().position(|name| *name == suffix) {
        let scale = Scale { power_of_ten: 0, power_of_two: 10 * thousands as u32 };
        return Some((Form::Binary, scale));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Past a billion every exponent gives the cap or one nano.
    let size = digits.parse().unwrap_or(i64::MAX).min(1_000_000_000);
    let scale = Scale { power_of_ten: if exponent.starts_with('-') { -size } else { size }, power_of_two: 0 };
    Some((Form::Exponent, scale))
}

/// `units.fraction × 10^a × 2^b` in nano-units, rounded up, at most `MOST`. Exact for any number of digits.
fn scaled(units: &str, fraction: &str, scale: Scale) -> i128 {
    let digits: Vec<u8> =
        units.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').skip_while(|digit| *digit == 0).collect();
    if digits.is_empty() {
        return 0;
    }
    let shift = scale.power_of_ten + 9 - fraction.len() as i64;
    if digits.len() as i64 + shift > MOST_DIGITS {
        return MOST;
    }
    // From here a positive shift is at most 27.
    let mut digits = times_power_of_two(&digits, scale.power_of_two);
    digits.extend((0..shift).map(|_| 0));
    let dropped = usize::try_from(-shift).unwrap_or(0);
    let (kept, rest) = digits.split_at(digits.len().saturating_sub(dropped));
    if kept.len() as i64 > MOST_DIGITS {
        return MOST;
    }
    let whole = kept.iter().fold(0, |sum, digit| sum * 10 + i128::from(*digit));
    let up = rest.iter().any(|digit| *digit != 0);
    (whole + i128::from(up)).min(MOST)
}

/// Decimal digits, most significant first, times `2^power` (at most 60).
fn times_power_of_two(digits: &[u8], power: u32) -> Vec<u8> {
    let mut product = Vec::with_capacity(digits.len() + 20);
    let mut carry: u128 = 0;
    for digit in digits.iter().rev() {
        carry += u128::from(*digit) << power;
        product.push((carry % 10) as u8);
        carry /= 10;
    }
    while carry > 0 {
        product.push((carry % 10) as u8);
        carry /= 10;
    }
    product.reverse();
    product
}

/// Mantissa and exponent of the canonical decimal text: the greatest exponent that is a multiple of three.
fn decimal_parts(nanos: i128) -> (i128, i32) {
    if nanos == 0 {
        return (0, 0);
    }
    let (mut mantissa, mut exponent) = (nanos, -9);
    while mantissa % 1000 == 0 {
        mantissa /= 1000;
        exponent += 3;
    }
    (mantissa, exponent)
}

/// The nearest float of `10^exponent`, for the exponents that `decimal_parts` gives.
fn power_of_ten(exponent: i32) -> f64 {
    const POWERS: [f64; 10] = [1e-9, 1e-6, 1e-3, 1e0, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18];
    usize::try_from(exponent / 3 + 3).ok().and_then(|index| POWERS.get(index)).copied().unwrap_or(1.0)
}

fn away_from_zero(nanos: i128, unit: i128) -> i128 {
    nanos / unit + (nanos % unit).signum()
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// A text for a message: at most 60 characters of it.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_canonical_text_is_the_one_the_api_server_stores() {
        for (text, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("0Ki", "0"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.1", "100m"),
            ("+.5", "500m"),
            ("5.", "5"),
            ("0.57", "570m"),
            ("1024Ki", "1Mi"),
            ("1023", "1023"),
            ("0.5Ki", "512"),
            ("1.5Ki", "1536"),
            ("1.0001Ki", "1025"),
            ("-2048", "-2048"),
            ("-2Ki", "-2Ki"),
            ("0.0001Ki", "102400u"),
            ("100e3", "100e3"),
            ("1e-3", "1e-3"),
            ("1E3", "1e3"),
            ("12e1", "120"),
            ("1E", "1E"),
            ("1000000", "1M"),
            ("1200000", "1200k"),
            ("25000000n", "25m"),
            ("0.1n", "1n"),
            ("-0.1n", "-1n"),
            ("1.1n", "2n"),
            ("1e-400", "1e-9"),
            ("9223372036854775808", "9223372036854775807"),
            ("-9223372036854775809", "-9223372036854775807"),
            ("8Ei", "9223372036854775807"),
            ("1e999999999999999999999", "9223372036854775807"),
            ("00000000000000000000000000000000000000000001", "1"),
        ] {
            let quantity: Quantity = text.parse().expect(text);
            assert_eq!(quantity.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn milli_and_whole_round_away_from_zero_and_stop_at_the_bounds() {
        for (text, milli, whole) in [
            ("0.0001", 1, 1),
            ("-0.0001", -1, -1),
            ("1.0001", 1001, 2),
            ("250m", 250, 1),
            ("-1500m", -1500, -2),
            ("2Gi", 2_147_483_648_000, 2_147_483_648),
            ("1n", 1, 1),
            ("1E", i64::MAX, 1_000_000_000_000_000_000),
            ("-10E", i64::MIN, -i64::MAX),
            ("9223372036854775807m", i64::MAX, 9_223_372_036_854_776),
        ] {
            let quantity: Quantity = text.parse().expect(text);
            assert_eq!((quantity.milli(), quantity.whole()), (milli, whole), "{text}");
        }
    }

    #[test]
    fn a_tolerance_is_the_canonical_mantissa_times_a_power_of_ten() {
        for (text, float) in [
            ("0.1", 100.0 * 1e-3),
            ("0.57", 0.570_000_000_000_000_1),
            ("570m", 0.570_000_000_000_000_1),
            ("10", 10.0),
            ("0", 0.0),
            ("1e3", 1000.0),
            ("0.0000005", 500.0 * 1e-9),
            ("2Ki", 2048.0),
            ("0.5Ki", 512.0),
        ] {
            let quantity: Quantity = text.parse().expect(text);
            assert_eq!(quantity.as_tolerance().to_bits(), f64::to_bits(float), "{text}");
        }
    }

    #[test]
    fn errors_name_the_text_and_what_is_wrong() {
        for (text, error) in [
            ("", "\"\" is not a quantity: it is empty"),
            ("m", "\"m\" is not a quantity: it has no digits"),
            ("-.", "\"-.\" is not a quantity: it has no digits"),
            ("--1", "\"--1\" is not a quantity: it has no digits"),
            (" 1", "\" 1\" is not a quantity: it has no digits"),
        ] {
            assert_eq!(text.parse::<Quantity>().map_err(|e| e.to_string()), Err(error.to_owned()));
        }
        for (text, suffix) in [
            ("1i", "i"),
            ("1.5ki", "ki"),
            ("1K", "K"),
            ("1e", "e"),
            ("1e-", "e-"),
            ("1e1.5", "e1.5"),
            ("1.2.3", ".3"),
            ("1 ", " "),
            ("1٣", "٣"),
        ] {
            let error = text.parse::<Quantity>().map_err(|e| e.to_string());
            let expected = format!(
                "\"{text}\" is not a quantity: the suffix \"{suffix}\" is none of \
                 n u m k M G T P E Ki Mi Gi Ti Pi Ei and no exponent like e3"
            );
            assert_eq!(error, Err(expected));
        }
    }

    #[test]
    fn numbers_are_read_as_upstream_reads_them() {
        let read = |json: &str| serde_json::from_str::<Quantity>(json).map(|q| q.to_string());
        assert_eq!(read("1500").ok().as_deref(), Some("1500"));
        assert_eq!(read("0.1").ok().as_deref(), Some("100m"));
        assert_eq!(read("18446744073709551615").ok().as_deref(), Some("9223372036854775807"));
        assert_eq!(read("\" 1 \"").ok().as_deref(), Some("1"));
        assert_eq!(read("null").ok().as_deref(), Some("0"));
        assert!(read("true").is_err());
    }

    proptest! {
        #[test]
        fn a_naive_twin_agrees(
            negative: bool,
            units in 0u64..10_000_000,
            fraction in "[0-9]{0,12}",
            suffix in 0usize..17,
        ) {
            let names: Vec<&str> = DECIMAL.iter().map(|(name, _)| *name).chain(BINARY).collect();
            let text = format!("{}{units}.{fraction}{}", if negative { "-" } else { "" }, names[suffix]);
            prop_assert_eq!(text.parse::<Quantity>().expect("valid").nanos(), naive(&text), "{}", text);
        }

        #[test]
        fn the_canonical_text_reads_back_as_itself(milli: i64, form in 0..3) {
            let form = [Form::Decimal, Form::Binary, Form::Exponent][form as usize];
            let quantity = Quantity { form, ..Quantity::from_milli(milli) };
            let text = quantity.to_string();
            let again: Quantity = text.parse().expect("canonical");
            if quantity.canonical_form() == Form::Binary {
                // Upstream too writes 1.5Ki as 1536, which is decimal from then on, and drops fractions upward.
                prop_assert_eq!(again.nanos(), i128::from(quantity.whole()) * NANO);
            } else {
                prop_assert_eq!(again, quantity);
                prop_assert_eq!(again.to_string(), text);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}", number in "[-+]?[0-9.eEinumkKMGTP+-]{0,40}") {
            for text in [text, number] {
                if let Ok(quantity) = text.parse::<Quantity>() {
                    let _ = (quantity.milli(), quantity.whole(), quantity.as_tolerance(), quantity.to_string());
                }
            }
        }
    }

    /// Fractions with numerator and denominator in `i128`: small inputs only.
    fn naive(text: &str) -> i128 {
        let (sign, text) = match text.strip_prefix('-') {
            Some(text) => (-1, text),
            None => (1, text),
        };
        let split = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let (units, fraction) = number.split_once('.').expect("always a point");
        let (mut top, mut bottom): (i128, i128) = (format!("{units}{fraction}").parse().expect("digits"), 1);
        for _ in 0..fraction.len() {
            bottom *= 10;
        }
        let factor: (i128, i128) = match suffix {
            "n" => (1, 1),
            "u" => (1_000, 1),
            "m" => (1_000_000, 1),
            "" => (NANO, 1),
            "k" => (NANO * 1_000, 1),
            "M" => (NANO * 1_000_000, 1),
            "G" => (NANO * NANO, 1),
            // Nanos of the larger ones do not fit beside the digits: divide by the fraction's ten-powers first.
            "T" | "P" | "E" => {
                let power = ["T", "P", "E"].iter().position(|s| *s == suffix).expect("one of them") as u32;
                let zeros = 12 + 3 * power + 9 - fraction.len() as u32;
                let whole = top.checked_mul(10i128.pow(zeros)).unwrap_or(MOST).min(MOST);
                return sign * whole;
            }
            _ => {
                let power = BINARY.iter().position(|s| *s == suffix).expect("binary") as u32;
                let Some(scaled) = top.checked_mul(1i128 << (10 * power)) else {
                    return sign * MOST;
                };
                let (whole, rest) = (scaled / bottom, scaled % bottom);
                let nanos = whole.checked_mul(NANO).unwrap_or(MOST);
                let more = (rest * NANO + bottom - 1) / bottom;
                return sign * (nanos.saturating_add(more)).min(MOST);
            }
        };
        top *= factor.0;
        bottom *= factor.1;
        sign * ((top + bottom - 1) / bottom).min(MOST)
    }
}
