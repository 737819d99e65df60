//! Durations as people type them.

use std::time::Duration;

/// Reads `500ms`, `30s`, `5m`, `2h` or `7d`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || format!("`{text}` is no duration; write 500ms, 30s, 5m, 2h or 7d");
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit_ms = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit_ms).map(Duration::from_millis).ok_or_else(wrong)
}

/// Writes a duration as people read it: three digits and a unit.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        let read = |text| parse(text).map(|duration| duration.as_millis());
        assert_eq!(read("500ms"), Ok(500));
        assert_eq!(read("5m"), Ok(300_000));
        assert_eq!(read("7d"), Ok(604_800_000));
    }

    #[test]
    fn what_is_no_duration_says_how_to_write_one() {
        for text in ["", "5", "m", "5 m", "-5s", "99999999999999999999s", "9999999999999999d"] {
            assert!(parse(text).is_err_and(|error| error.contains("write 500ms")), "{text}");
        }
    }

    #[test]
    fn durations_are_short_to_read() {
        assert_eq!(short(Duration::from_micros(421)), "421 µs");
        assert_eq!(short(Duration::from_micros(1_234)), "1.2 ms");
        assert_eq!(short(Duration::from_millis(432)), "432 ms");
    }
}
