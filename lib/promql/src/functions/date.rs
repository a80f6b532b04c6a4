//! `year month day_of_month ..`: parts of a time in UTC, of any year.

/// Computes a part from seconds since 1970.
pub(crate) type DateFn = fn(seconds: i64) -> f64;

/// The function of this family called `name`.
pub(super) fn lookup(name: &str) -> Option<DateFn> {
    Some(match name {
        "year" => |s| civil(s).year as f64,
        "month" => |s| f64::from(civil(s).month),
        "day_of_month" => |s| f64::from(civil(s).day),
        "day_of_week" => |s| (since_zero(s).div_euclid(DAY) + 3).rem_euclid(7) as f64,
        "day_of_year" => day_of_year,
        "days_in_month" => days_in_month,
        "hour" => |s| (since_zero(s).rem_euclid(DAY) / 3600) as f64,
        "minute" => |s| (since_zero(s).rem_euclid(3600) / 60) as f64,
        _ => return None,
    })
}

const DAY: i128 = 86_400;
/// 1 March of year 0 to 1 January 1970, in days.
const ZERO_DAYS: i128 = 719_468;
/// The year from whose 1 March on Go counts, below 0, in cycles of 400 years.
const GO_CYCLES: i128 = 730_692_556;

struct Civil {
    year: i64,
    month: u8,
    day: u8,
}

/// Seconds since 1 March of year 0, of a time in seconds since 1970.
///
/// Go counts them from far below in 64 bits without a sign, and what is earlier still (an infinity, NaN) comes out 2^64 s later.
fn since_zero(seconds: i64) -> i128 {
    let go_zero = GO_CYCLES * 146_097 * DAY;
    (i128::from(seconds) + ZERO_DAYS * DAY + go_zero).rem_euclid(1 << 64) - go_zero
}

/// The date of a time, by counting 400-year cycles from 1 March of year 0.
fn civil(seconds: i64) -> Civil {
    let days = since_zero(seconds).div_euclid(DAY);
    let era = days.div_euclid(146_097) as i64;
    let day_of_era = days.rem_euclid(146_097) as i64;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u8;
    let month = (if march_month < 10 { march_month + 3 } else { march_month - 9 }) as u8;
    Civil { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_lengths(year: i64) -> [u8; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

fn days_in_month(seconds: i64) -> f64 {
    let date = civil(seconds);
    f64::from(month_lengths(date.year)[usize::from(date.month - 1)])
}

fn day_of_year(seconds: i64) -> f64 {
    let date = civil(seconds);
    let before = month_lengths(date.year)
        .iter()
        .take(usize::from(date.month - 1))
        .map(|days| u16::from(*days))
        .sum::<u16>();
    f64::from(before + u16::from(date.day))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian's Prometheus answers.
    #[test]
    fn times_before_go_s_first_year_come_out_as_in_go() {
        let all = |seconds: i64| {
            ["year", "month", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute"]
                .map(|name| lookup(name).unwrap()(seconds))
        };
        assert_eq!(all(i64::MIN), [292_277_026_596.0, 12.0, 4.0, 0.0, 339.0, 31.0, 15.0, 30.0]);
        assert_eq!(
            all(-9_223_372_028_000_000_000),
            [-292_277_022_377.0, 9.0, 2.0, 6.0, 245.0, 30.0, 4.0, 26.0]
        );
        assert_eq!(all(9_223_372_036_854_774_784)[6..], [15.0, 13.0]);
    }

    #[test]
    fn knows_the_calendar() {
        let of = |name: &str, seconds| lookup(name).unwrap()(seconds);
        assert_eq!(
            (of("year", 0), of("month", 0), of("day_of_month", 0), of("day_of_week", 0)),
            (1970.0, 1.0, 1.0, 4.0)
        );
        // 2024-02-29T23:59:59Z
        let leap = 1_709_251_199;
        assert_eq!((of("year", leap), of("month", leap), of("day_of_month", leap)), (2024.0, 2.0, 29.0));
        assert_eq!(
            (of("days_in_month", leap), of("day_of_year", leap), of("hour", leap)),
            (29.0, 60.0, 23.0)
        );
        assert_eq!((of("year", -1), of("minute", -1)), (1969.0, 59.0));
    }
}
