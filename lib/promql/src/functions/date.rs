//! `year month day_of_month ..`: parts of a time in UTC, of any year.

/// Computes a part from seconds since 1970.
pub(crate) type DateFn = fn(seconds: i64) -> f64;

/// The function of this family called `name`.
pub(super) fn lookup(name: &str) -> Option<DateFn> {
    Some(match name {
        "year" => |s| civil(s).year as f64,
        "month" => |s| f64::from(civil(s).month),
        "day_of_month" => |s| f64::from(civil(s).day),
        "day_of_week" => |s| (s.div_euclid(DAY) + 4).rem_euclid(7) as f64,
        "day_of_year" => day_of_year,
        "days_in_month" => days_in_month,
        "hour" => |s| (s.rem_euclid(DAY) / 3600) as f64,
        "minute" => |s| (s.rem_euclid(3600) / 60) as f64,
        _ => return None,
    })
}

const DAY: i64 = 86_400;

struct Civil {
    year: i64,
    month: u8,
    day: u8,
}

/// The date of a time, by counting 400-year cycles from 1 March of year 0.
fn civil(seconds: i64) -> Civil {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
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
