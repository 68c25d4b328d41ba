//! Floating-point operations that every target gives the same bits for.
//!
//! `f64::ceil` and its kin are not in `core`; these are, through `libm`, and no other module rounds.

/// The smallest integer not below `x`, as a float.
#[must_use]
pub fn ceil(x: f64) -> f64 {
    libm::ceil(x)
}

/// The greatest integer not above `x`, as a float.
#[must_use]
pub fn floor(x: f64) -> f64 {
    libm::floor(x)
}

/// The nearest integer, half away from zero, as a float.
#[must_use]
pub fn round(x: f64) -> f64 {
    libm::round(x)
}

/// `x` to the power `y`, to the last bit or the one before.
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// `x` to a whole power by squaring: bit for bit what Go's `math.Pow` answers while neither leaves the normal range,
/// since the powers of two that Go splits off do not round.
#[must_use]
pub fn powi(x: f64, mut n: u64) -> f64 {
    let (mut result, mut square) = (1.0, x);
    while n != 0 {
        if n & 1 == 1 {
            result *= square;
        }
        square *= square;
        n >>= 1;
    }
    result
}

/// `x` without its fraction.
#[must_use]
pub fn trunc(x: f64) -> f64 {
    libm::trunc(x)
}

/// eˣ − 1, exact to the last bit or the one before also where eˣ is near 1.
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// e to the power of `x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `ceil(x)` as a replica count. Saturates at both ends, NaN gives 0: upstream's answer outside the range depends on
/// the processor (−2³¹ on amd64 for any such `x`, saturation on arm64), and one that means "scale to the minimum"
/// when the load is greatest helps nobody.
#[must_use]
pub fn ceil_i32(x: f64) -> i32 {
    ceil(x) as i32
}

/// As [`ceil_i32`], rounding down.
#[must_use]
pub fn floor_i32(x: f64) -> i32 {
    floor(x) as i32
}

/// As [`ceil_i32`], in 64 bits.
#[must_use]
pub fn ceil_i64(x: f64) -> i64 {
    ceil(x) as i64
}

/// As [`ceil_i32`], rounding toward zero.
#[must_use]
pub fn trunc_i32(x: f64) -> i32 {
    trunc(x) as i32
}

/// As [`trunc_i32`], in 64 bits.
#[must_use]
pub fn trunc_i64(x: f64) -> i64 {
    trunc(x) as i64
}

/// `a / b` in wrapping integers, toward zero; 0 when `b` is 0.
#[must_use]
pub const fn div(a: i64, b: i64) -> i64 {
    match a.checked_div(b) {
        Some(quotient) => quotient,
        None if b == 0 => 0,
        None => i64::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_saturate_and_nan_is_zero() {
        assert_eq!(ceil_i32(1e10), i32::MAX);
        assert_eq!(ceil_i32(f64::NEG_INFINITY), i32::MIN);
        assert_eq!(ceil_i32(f64::NAN), 0);
        assert_eq!(ceil_i64(9.3e18), i64::MAX);
        assert_eq!(trunc_i32(-1.9), -1);
        assert_eq!(ceil_i32(-1.9), -1);
        assert_eq!(floor_i32(-0.75), -1);
        assert_eq!(powi(0.5, 10), 0.5_f64.powi(10));
        assert_eq!(powi(0.0, 0), 1.0);
        assert_eq!(round(-0.5), -1.0);
        assert_eq!(div(i64::MIN, -1), i64::MIN);
        assert_eq!(div(7, 0), 0);
    }
}
