//! Reads times, in the ways of `time.precision.mode`
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types>): ISO 8601 text, or an
//! integer whose unit stands in the schema.

use std::ops::Range;

use super::TimeUnit;
use super::field::{Field, Json};
use super::schema::{ColumnType, ColumnTypes};
use crate::rejection::Rejection;
use crate::value::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Postgres' `infinity` as its Java driver writes it, `PGStatement.DATE_POSITIVE_INFINITY`, in microseconds as Debezium reads it:
/// `+294247-01-10T04:00:25.2Z`. Only a `timestamp with time zone` arrives with the words of Postgres.
const INFINITY: i64 = 9_223_372_036_825_200_000;
/// Postgres' `-infinity` as its Java driver writes it, `PGStatement.DATE_NEGATIVE_INFINITY`: `-290308-12-21T19:59:27.6Z`.
const NEG_INFINITY: i64 = -9_223_372_036_832_400_000;

/// Reads a time or null. Text without an offset is taken for UTC, as is everything in a `timestamp without time zone`.
///
/// # Errors
/// If the field is no time, or a time that Postgres cannot hold.
pub fn timestamp(field: Field<'_>, columns: Option<&ColumnTypes<'_>>, unit: TimeUnit) -> Result<Option<Timestamp>, Rejection> {
    let micros = match field.kind() {
        Json::Null => return Ok(None),
        Json::Text => {
            let text = field.text()?;
            word(&text).or_else(|| iso(&text)).ok_or_else(|| Rejection::invalid(format!("{field}: text that is no ISO 8601 time")))?
        }
        Json::Number => integer(field, columns, unit)?,
        Json::Boolean | Json::Object | Json::Array => return Err(field.mismatch("an ISO 8601 time or an integer")),
    };
    let timestamp = match micros {
        INFINITY.. => Some(Timestamp::INFINITY),
        ..=NEG_INFINITY => Some(Timestamp::NEG_INFINITY),
        _ => Timestamp::from_micros(micros),
    };
    timestamp.map(Some).ok_or_else(|| Rejection::invalid(format!("{field}: before 4714 BC, where Postgres' timestamps begin")))
}

/// Reads the infinities as Postgres writes them. Debezium passes these words on for a `timestamp with time zone`.
fn word(text: &str) -> Option<i64> {
    match text {
        "infinity" => Some(i64::MAX),
        "-infinity" => Some(i64::MIN),
        _ => None,
    }
}

/// Microseconds of an integer, in the unit that the schema names, or without a schema in the unit of the setting.
fn integer(field: Field<'_>, columns: Option<&ColumnTypes<'_>>, unit: TimeUnit) -> Result<i64, Rejection> {
    let number = field.bigint()?;
    // The infinities are infinite in any unit, also in nanoseconds.
    if number == i64::MAX || number == i64::MIN {
        return Ok(number);
    }
    let Some(columns) = columns else {
        return match unit {
            TimeUnit::Auto => by_size(number).ok_or_else(|| unknown_unit(field)),
            TimeUnit::Millis | TimeUnit::Micros | TimeUnit::Nanos => Ok(micros(number, unit)),
        };
    };
    match columns.get(field.name).map(ColumnType::logical_type) {
        Some("io.debezium.time.MicroTimestamp") => Ok(micros(number, TimeUnit::Micros)),
        Some("io.debezium.time.NanoTimestamp") => Ok(micros(number, TimeUnit::Nanos)),
        Some("io.debezium.time.Timestamp" | "org.apache.kafka.connect.data.Timestamp") => Ok(micros(number, TimeUnit::Millis)),
        Some("io.debezium.time.Date" | "org.apache.kafka.connect.data.Date") => {
            Ok(number.saturating_mul(SECONDS_PER_DAY * MICROS_PER_SECOND))
        }
        _ => Err(Rejection::invalid(format!("{field}: an integer whose schema names no unit of time"))),
    }
}

/// The days from 1971 to 2500, counted from 1970.
const DAYS: Range<i64> = 365..193_944;

/// Microseconds of an integer whose unit is named nowhere.
///
/// From one unit to the next finer one the number of a time grows by a thousand or more. From 1971 to 2500 it grows by five hundred, so
/// that the numbers of two units do not overlap in these years. Outside of them, only numbers that nobody can mistake are taken: 1970
/// itself, which is 0 in each unit, the infinities, and the year 9999, which stands for "for ever" in many shops. The numbers of the year
/// 9999 would be nine hours of 1978 in the next finer unit. Any other number has no unit, because a guess would be wrong some day without
/// anybody noticing.
fn by_size(number: i64) -> Option<i64> {
    const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
    const FOR_EVER: Range<i64> = 253_370_764_800_000_000..253_402_300_800_000_000;
    let within = |days: &Range<i64>, per_day: i64| (days.start.saturating_mul(per_day)..days.end.saturating_mul(per_day)).contains(&number);
    let is_millis_of = |micros: i64| micros / 1_000 == number;
    if number == 0 || number >= INFINITY || number <= NEG_INFINITY || FOR_EVER.contains(&number) {
        Some(number)
    } else if FOR_EVER.contains(&number.saturating_mul(1_000)) || is_millis_of(INFINITY) || is_millis_of(NEG_INFINITY) {
        Some(number.saturating_mul(1_000))
    } else if within(&DAYS, MICROS_PER_DAY) {
        Some(number)
    } else if within(&DAYS, MICROS_PER_DAY / 1_000) {
        Some(micros(number, TimeUnit::Millis))
    } else if within(&DAYS, MICROS_PER_DAY.saturating_mul(1_000)) {
        Some(micros(number, TimeUnit::Nanos))
    } else if DAYS.contains(&number) {
        Some(number.saturating_mul(MICROS_PER_DAY))
    } else {
        None
    }
}

#[cold]
fn unknown_unit(field: Field<'_>) -> Rejection {
    Rejection::invalid(format!(
        "{field}: an integer that is no time between 1971 and 2500 in any unit (set source.time_unit to the unit that it has)"
    ))
}

/// Converts to microseconds. Finer digits are cut off towards the past, as in a text.
fn micros(number: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Millis => number.saturating_mul(1_000),
        TimeUnit::Auto | TimeUnit::Micros => number,
        TimeUnit::Nanos => number.div_euclid(1_000),
    }
}

/// Microseconds since 1970 of `2026-01-31T12:30:00.123456Z`. Seconds, fraction and offset may be missing, and the year may have a sign and
/// up to nine digits. A time beyond 64 bits becomes the nearest number that fits, which is an infinity.
fn iso(text: &str) -> Option<i64> {
    let (days, rest) = date(text)?;
    let (micros_of_day, rest) = match rest.strip_prefix(['T', ' ']) {
        Some(rest) => time_of_day(rest)?,
        None => (0, rest),
    };
    let offset = offset_seconds(rest)?;
    let seconds = i128::from(days * SECONDS_PER_DAY - offset);
    let micros = seconds * i128::from(MICROS_PER_SECOND) + i128::from(micros_of_day);
    Some(i64::try_from(micros).unwrap_or(if days < 0 { i64::MIN } else { i64::MAX }))
}

/// Days since 1970 of `±YYYY-MM-DD`, and what follows.
fn date(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let (year, text) = text.split_once('-')?;
    let year = sign * (4..=9).contains(&year.len()).then(|| digits(year))??;
    let (month, text) = (two_digits(text)?, text.get(2..)?.strip_prefix('-')?);
    let (day, text) = (two_digits(text)?, text.get(2..)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=last).contains(&day).then(|| (days_since_1970(year, month, day), text))
}

/// Days from 1970 to a date of the Gregorian calendar, also before the calendar was used. The year 0 is 1 BC. Years are counted from 1
/// March, so that the leap day comes last (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Microseconds of `HH:MM[:SS[.fffffffff]]`, and what follows. Nanoseconds are cut off.
fn time_of_day(text: &str) -> Option<(i64, &str)> {
    let (hour, text) = (two_digits(text)?, text.get(2..)?.strip_prefix(':')?);
    let (minute, mut text) = (two_digits(text)?, text.get(2..)?);
    let (mut second, mut micros) = (0, 0);
    if let Some(rest) = text.strip_prefix(':') {
        (second, text) = (two_digits(rest)?, rest.get(2..)?);
        if let Some(rest) = text.strip_prefix('.') {
            (micros, text) = fraction(rest)?;
        }
    }
    let valid = hour < 24 && minute < 60 && second < 60;
    valid.then_some(((hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + micros, text))
}

/// Microseconds of a fraction of one to nine digits, and what follows.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(length)?;
    let micros = number.bytes().chain(*b"00000").take(6).fold(0, |micros, byte| micros * 10 + i64::from(byte - b'0'));
    (1..=9).contains(&length).then_some((micros, rest))
}

/// Seconds east of UTC for an empty text, `Z`, `+HH`, `+HHMM` or `+HH:MM`.
fn offset_seconds(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first() {
        None => return Some(0),
        Some(b'Z') => return (text.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let (hours, rest) = (two_digits(text.get(1..)?)?, text.get(3..)?);
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => 0,
        minutes => (minutes.len() == 2).then(|| two_digits(minutes))??,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn two_digits(text: &str) -> Option<i64> {
    digits(text.get(..2)?)
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().try_fold(0, |number: i64, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times_are_read_with_any_fraction_and_offset() {
        let noon = 1_769_862_600_000_000;
        for (text, micros) in [
            ("2026-01-31T12:30:00Z", noon),
            ("2026-01-31T12:30:00", noon),
            ("2026-01-31T12:30Z", noon),
            ("2026-01-31 12:30:00.1", noon + 100_000),
            ("2026-01-31T12:30:00.000001Z", noon + 1),
            ("2026-01-31T12:30:00.000001999Z", noon + 1),
            ("2026-01-31T14:30:00+02:00", noon),
            ("2026-01-31T14:30:00+0200", noon),
            ("2026-01-31T02:30:00-10", noon),
            ("2026-01-31Z", noon - 45_000_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("+12026-01-31T12:30:00Z", 317_339_382_600_000_000),
            ("-0043-03-15T00:00:00Z", -63_517_824_000_000_000),
            ("0000-12-31T00:00:00Z", -62_135_683_200_000_000),
        ] {
            assert_eq!(iso(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn days_that_never_were_are_no_times() {
        for text in [
            "",
            "-",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00z",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:00+1",
            "2026-01-01T00:00:00+01:0",
            "26-01-01T00:00:00Z",
            "1234567890-01-01T00:00:00Z",
            "２０２６-01-01T00:00:00Z",
            "2026-01-01Té",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn the_infinities_are_the_instants_of_the_driver() {
        assert_eq!(iso("+294247-01-10T04:00:25.2Z"), Some(INFINITY));
        assert_eq!(iso("-290308-12-21T19:59:27.6Z"), Some(NEG_INFINITY));
        assert_eq!(iso("+999999999-12-31T23:59:59Z"), Some(i64::MAX));
        assert_eq!(iso("-999999999-01-01T00:00:00Z"), Some(i64::MIN));
    }
}
