//! Durations as schemas write them: `500ms`, `30s`, `5m`, `90d`.

use std::time::Duration;

/// What an author should write.
pub(crate) const HELP: &str =
    "write a whole number and one of ns, us, ms, s, m, h, d, such as \"500ms\" or \"30s\"";

/// Reads a duration; `None` if it doesn't parse or is longer than 64 bits of nanoseconds can say (292 years).
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let nanos: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let nanos = number.checked_mul(nanos)?;
    i64::try_from(nanos).ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Units that people count in, from the largest, in milliseconds.
const UNITS: &[(u128, &str)] = &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];

/// Writes a duration as an author would: in the largest unit that leaves no rest, such as `30d` or `90s`.
pub(crate) fn text(duration: Duration) -> String {
    let millis = duration.as_millis();
    let whole = |unit: u128| millis >= unit && millis.is_multiple_of(unit);
    if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        return format!("{duration:?}");
    }
    let unit = UNITS.iter().find(|(unit, _)| whole(*unit));
    unit.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_the_largest_unit_that_fits() {
        for text in ["30d", "36h", "90s", "1500ms", "5m", "1d", "0ms"] {
            assert_eq!(parse(text).map(super::text).as_deref(), Some(text));
        }
        assert_eq!(super::text(Duration::from_micros(1_500)), "1.5ms");
    }

    #[test]
    fn every_unit_is_read() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("90d"), Some(Duration::from_hours(90 * 24)));
        assert_eq!(parse("0s"), Some(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "5", "ms", "5 s", "-5s", "1.5s", "5mz", "5µs", "99999999999d", "٣s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
