//! How numbers read: thousands apart, units behind, and words for what is no number.

/// `12,345`; one decimal below 100; `1.2e300` where digits would only fill the line.
pub(super) fn count(value: f64) -> String {
    if value.is_nan() {
        return "–".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    let size = value.abs();
    if size >= 1e15 {
        return format!("{value:.1e}");
    }
    let tenths = (size * 10.0).round();
    let digits =
        if size < 100.0 && tenths % 10.0 != 0.0 { format!("{size:.1}") } else { grouped(&format!("{size:.0}")) };
    let below_zero = value < 0.0 && digits != "0";
    if below_zero { format!("−{digits}") } else { digits }
}

/// `1 pod`, `1,234 pods`.
pub(super) fn counted(value: f64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1.0 { one } else { many })
}

/// For an axis: `7,500`, `2.5 M`.
pub(super) fn tick(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e15 => return count(value),
        size if size >= 1e12 => (value / 1e12, " T"),
        size if size >= 1e9 => (value / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 10.0 || size == 0.0 => (value, ""),
        size if size < 1e-3 => return format!("{value:.0e}"),
        _ => return trimmed(&format!("{value:.3}")),
    };
    if unit.is_empty() && scaled.fract() == 0.0 {
        return count(scaled);
    }
    format!("{}{unit}", trimmed(&format!("{scaled:.2}")))
}

/// `52 ms`, `5.2 ms`, `1.25 s`, `90 s`.
pub(super) fn milliseconds(value: f64) -> String {
    if !value.is_finite() || value.abs() < 1_000.0 {
        return format!("{} ms", count(value));
    }
    let seconds = value / 1_000.0;
    if seconds.abs() < 10.0 {
        format!("{} s", trimmed(&format!("{seconds:.2}")))
    } else {
        format!("{} s", count(seconds))
    }
}

/// `+0:02:30`: hours, minutes, seconds from the start of the run.
pub(super) fn clock(at_s: u32) -> String {
    format!("+{}:{:02}:{:02}", at_s / 3_600, at_s / 60 % 60, at_s % 60)
}

/// `2 h 40 min`, `90 s`.
pub(super) fn length(seconds: u32) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect::<Vec<_>>();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// The part of a whole: `99.98 %`; nothing when there is no whole.
pub(super) fn percent_of(part: f64, whole: f64) -> Option<String> {
    let percent = part / whole * 100.0;
    if !percent.is_finite() || !(0.0..=100.0).contains(&percent) {
        return None;
    }
    // A few losses among millions must not read as none: 99.996 stays below 100.
    let cut = if percent > 50.0 { (percent * 100.0).floor() / 100.0 } else { (percent * 100.0).ceil() / 100.0 };
    Some(format!("{} %", trimmed(&format!("{cut:.2}"))))
}

/// The number after `target` and before `%`, as in `cpu utilization, target 70 %`, of the first metric that starts so.
pub(super) fn target_percent(metrics: &[String], name: &str) -> Option<f64> {
    let metric = metrics.iter().find(|metric| metric.starts_with(name))?;
    let (_, behind) = metric.split_once("target ")?;
    let (number, _) = behind.split_once('%')?;
    number.trim().parse().ok().filter(|target: &f64| target.is_finite() && *target > 0.0)
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn trimmed(decimal: &str) -> String {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        decimal.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (0.04, "0"),
            (3.26, "3.3"),
            (9.96, "10"),
            (999.6, "1,000"),
            (1_234_567.0, "1,234,567"),
            (-1_234.0, "−1,234"),
            (1.24e300, "1.2e300"),
            (f64::NAN, "–"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
        ];
        for (value, words) in cases {
            assert_eq!(count(value), words, "{value}");
        }
    }

    #[test]
    fn ticks_read_well() {
        let cases = [(0.0, "0"), (0.25, "0.25"), (7_500.0, "7,500"), (2.5e6, "2.5 M"), (12.5, "12.5"), (1e12, "1 T")];
        for (value, words) in cases {
            assert_eq!(tick(value), words, "{value}");
        }
    }

    #[test]
    fn times_read_well() {
        assert_eq!(clock(150), "+0:02:30");
        assert_eq!(clock(u32::MAX), "+1193046:28:15");
        assert_eq!(length(9_600), "2 h 40 min");
        assert_eq!(length(0), "0 s");
        assert_eq!(milliseconds(5.23), "5.2 ms");
        assert_eq!(milliseconds(1_250.0), "1.25 s");
        assert_eq!(milliseconds(90_000.0), "90 s");
    }

    #[test]
    fn a_small_loss_is_never_rounded_away() {
        assert_eq!(percent_of(999_999.0, 1_000_000.0).as_deref(), Some("99.99 %"));
        assert_eq!(percent_of(1.0, 1_000_000.0).as_deref(), Some("0.01 %"));
        assert_eq!(percent_of(5.0, 5.0).as_deref(), Some("100 %"));
        assert_eq!(percent_of(1.0, 0.0), None);
    }

    #[test]
    fn targets_are_read_from_the_metric() {
        let metrics = ["cpu utilization, target 70 %".to_owned(), "requests_per_second, target 1000".to_owned()];
        assert_eq!(target_percent(&metrics, "cpu"), Some(70.0));
        assert_eq!(target_percent(&metrics, "requests_per_second"), None);
        assert_eq!(target_percent(&metrics, "memory"), None);
    }
}
