//! Reads times, in the ways of `time.precision.mode`
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types>): ISO 8601 text, or an
//! integer whose unit stands in the schema.

mod iso;

use std::ops::Range;

use self::iso::iso;
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

#[cfg(test)]
mod tests;
