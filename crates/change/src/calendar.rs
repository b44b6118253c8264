//! The Gregorian calendar, also before it was used: the year 0 is 1 BC. The dates are computed here, because chrono ends at the year 262142
//! and Postgres' timestamps do not.
//!
//! Years are counted from 1 March, so that the leap day comes last. Source: <https://howardhinnant.github.io/date_algorithms.html>.

/// Days from 1970-01-01 to 0000-03-01.
const TO_MARCH_OF_0: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats itself.
const DAYS_PER_ERA: i64 = 146_097;

/// Days from 1970-01-01 to a date; `None` if there is no such day.
#[must_use]
pub fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - TO_MARCH_OF_0)
}

/// Year, month and day of the date that is `days` days after 1970-01-01.
#[must_use]
#[inline]
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days + TO_MARCH_OF_0;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_that_never_was_is_none() {
        for (year, month, day) in [(2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0)] {
            assert_eq!(days_since_1970(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(days_since_1970(2000, 2, 29), Some(11_016));
    }

    proptest! {
        #[test]
        fn a_day_becomes_its_date_and_the_date_its_day(days in -110_000_000_i64..110_000_000) {
            let (year, month, day) = date(days);
            prop_assert_eq!(days_since_1970(year, month, day), Some(days));
        }
    }
}
