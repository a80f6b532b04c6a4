//! Durations as Prometheus writes them: `1y2w3d4h5m6s7ms`, units from great to small.

use crate::format::quote;

const NS_PER_MS: u64 = 1_000_000;

/// Units from great to small, with their milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Nanoseconds, at most `i64::MAX`; or an error's text.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let invalid = || format!("not a valid duration string: {}", quote(text));
    let mut rest = text;
    let mut units_left = &UNITS[..];
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let (unit, behind) =
            behind.split_at(behind.bytes().take_while(|byte| !byte.is_ascii_digit()).count());
        rest = behind;
        let number: u64 = number.parse().map_err(|_| invalid())?;
        if unit.is_empty() {
            return Err(invalid());
        }
        if !UNITS.iter().any(|(known, _)| *known == unit) {
            return Err(format!("unknown unit {} in duration {}", quote(unit), quote(text)));
        }
        let at = units_left.iter().position(|(known, _)| *known == unit).ok_or_else(invalid)?;
        let ms = units_left[at].1;
        units_left = &units_left[at + 1..];
        total = number
            .checked_mul(ms * NS_PER_MS)
            .and_then(|part| total.checked_add(part))
            .filter(|total| i64::try_from(*total).is_ok())
            .ok_or("duration out of range")?;
    }
    Ok(total)
}

/// Nanoseconds as seconds, rounded as Go does it: whole seconds and the rest apart.
pub(super) fn seconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as Prometheus converts it")]
    let (whole, rest) = ((nanoseconds / 1_000_000_000) as f64, (nanoseconds % 1_000_000_000) as f64);
    whole + rest / 1e9
}

/// Milliseconds as Prometheus prints them: `1h30m`; years and weeks only where nothing is left over, `-` in front of a negative one.
pub(crate) fn format_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut left = ms.unsigned_abs();
    let mut text = if ms < 0 { "-".to_owned() } else { String::new() };
    for (unit, unit_ms) in UNITS {
        if matches!(unit, "y" | "w") && !left.is_multiple_of(unit_ms) {
            continue;
        }
        if left >= unit_ms {
            text.push_str(&format!("{}{unit}", left / unit_ms));
            left %= unit_ms;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, ms, printed) in [
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("365d", 31_536_000_000, "1y"),
            ("8d", 691_200_000, "8d"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(parse(text), Ok(ms * NS_PER_MS), "{text}");
            assert_eq!(format_duration(i64::try_from(ms).unwrap()), printed);
        }
        assert_eq!(format_duration(-1001), "-1s1ms");
        assert_eq!(parse("5m1h"), Err("not a valid duration string: \"5m1h\"".to_owned()));
        assert_eq!(parse("5y1hs"), Err("unknown unit \"hs\" in duration \"5y1hs\"".to_owned()));
        assert_eq!(parse("293y"), Err("duration out of range".to_owned()));
    }
}
