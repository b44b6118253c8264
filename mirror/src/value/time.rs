//! Dates, times of day and timestamps without time zone, in the ways of `time.precision.mode`.
//! Source: <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-temporal-types>.

use std::borrow::Cow;

use change::calendar;
use change::envelope::Json;

use super::mismatch::Mismatch;
use super::modes::TimeMode;
use super::{Written, iso, json};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// The first and the last day of Postgres, 4714-11-24 BC and 5874897-12-31, in days since 1970.
/// Source: <https://www.postgresql.org/docs/current/datatype-datetime.html>.
const DAYS: std::ops::RangeInclusive<i64> = -2_440_588..=2_145_042_905;
/// `infinity` in days, none of which Postgres has. Debezium 3.6 streams -5877611-06-21, and 3.7 the day 5877611-06-21
/// (`PostgresValueConverter.POSITIVE_INFINITY_LOCAL_DATE`). A snapshot of either, and an array, have the lower 32 bits of the day that
/// Java's driver takes for infinite.
const INFINITE_DAYS: [i64; 3] = [-2_147_472_692, 2_146_033_979, -622_191_234];
/// `-infinity` in days: streamed -5877611-06-22, else the lower 32 bits again.
const NEG_INFINITE_DAYS: [i64; 2] = [-2_147_472_691, -625_821_272];

/// The first and the last day of a timestamp, 4714-11-24 BC and 294276-12-31.
const TIMESTAMP_DAYS: std::ops::RangeInclusive<i64> = -2_440_588..=106_762_939;
/// `infinity`: of Debezium 3.6 in microseconds and in milliseconds, which are the milliseconds of `PGStatement.DATE_POSITIVE_INFINITY` taken
/// for microseconds; of 3.7 in milliseconds those milliseconds themselves, and else the last integer.
const INFINITIES: [(Unit, i64); 5] = [
    (Unit::Micros, 9_223_372_036_825_200_000),
    (Unit::Micros, i64::MAX),
    (Unit::Nanos, i64::MAX),
    (Unit::Millis, 9_223_372_036_825_200),
    (Unit::Millis, 9_223_372_036_825_200_000),
];
/// `-infinity`, from `PGStatement.DATE_NEGATIVE_INFINITY` in the same way.
const NEG_INFINITIES: [(Unit, i64); 5] = [
    (Unit::Micros, -9_223_372_036_832_400_000),
    (Unit::Micros, i64::MIN),
    (Unit::Nanos, i64::MIN),
    (Unit::Millis, -9_223_372_036_832_400),
    (Unit::Millis, -9_223_372_036_832_400_000),
];

/// Units of an integer that stands for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// Whole days, and microseconds of the day. Finer digits are cut off towards the past.
    fn days_and_micros(self, number: i64) -> (i64, i64) {
        let per_second = match self {
            Self::Millis => 1_000,
            Self::Micros => MICROS_PER_SECOND,
            Self::Nanos => 1_000_000_000,
        };
        let (seconds, rest) = (number.div_euclid(per_second), number.rem_euclid(per_second));
        let micros = if self == Self::Nanos { rest / 1_000 } else { rest * (MICROS_PER_SECOND / per_second) };
        (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY) * MICROS_PER_SECOND + micros)
    }
}

/// Reads a date: days since 1970, or ISO 8601 text.
pub(super) fn date(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    const EXPECTED: &str = "days since 1970 or an ISO 8601 date";
    if json::kind(raw) == Json::Text {
        return iso::date(json::text(raw)?);
    }
    let days = integer(raw, EXPECTED)?;
    match days {
        _ if INFINITE_DAYS.contains(&days) => Ok(Cow::Borrowed("infinity")),
        _ if NEG_INFINITE_DAYS.contains(&days) => Ok(Cow::Borrowed("-infinity")),
        _ if DAYS.contains(&days) => Ok(Cow::Owned(Day::of(days).text(""))),
        _ => Err(Mismatch::new(EXPECTED, "a day that Postgres does not have")),
    }
}

/// Reads a time of day: an integer whose unit the schema or the mode tells, or ISO 8601 text. 24:00:00 is a time too.
pub(super) fn time<'a>(raw: &'a str, precision: Option<i32>, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    const EXPECTED: &str = "a time of day from 00:00:00 to 24:00:00";
    if json::kind(raw) == Json::Text {
        return iso::time(json::text(raw)?);
    }
    let number = integer(raw, EXPECTED)?;
    let (days, micros) = unit(precision, written, true)?.days_and_micros(number);
    let micros = days.saturating_mul(MICROS_PER_DAY).saturating_add(micros);
    if !(0..=MICROS_PER_DAY).contains(&micros) {
        return Err(Mismatch::new(EXPECTED, "an integer beyond"));
    }
    Ok(Cow::Owned(time_of_day(micros)))
}

/// Reads a timestamp: an integer whose unit the schema or the mode tells, or ISO 8601 text.
pub(super) fn timestamp<'a>(raw: &'a str, precision: Option<i32>, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    const EXPECTED: &str = "a timestamp from 4714 BC to 294276";
    if json::kind(raw) == Json::Text {
        return iso::timestamp(json::text(raw)?);
    }
    let number = integer(raw, EXPECTED)?;
    let unit = unit(precision, written, false)?;
    if INFINITIES.contains(&(unit, number)) {
        return Ok(Cow::Borrowed("infinity"));
    }
    if NEG_INFINITIES.contains(&(unit, number)) {
        return Ok(Cow::Borrowed("-infinity"));
    }
    let (days, micros) = unit.days_and_micros(number);
    // Microseconds of 64 bits begin again at the first one for a timestamp that is later than they reach. Which one it was cannot be told.
    if !TIMESTAMP_DAYS.contains(&days) {
        return Err(Mismatch::new(EXPECTED, "an integer beyond"));
    }
    Ok(Cow::Owned(Day::of(days).text(&format!(" {}", time_of_day(micros)))))
}

fn integer(raw: &str, expected: &'static str) -> Result<i64, Mismatch> {
    match json::kind(raw) {
        Json::Number => raw.parse().map_err(|_| Mismatch::new(expected, "a number that is no integer of 64 bits")),
        _ => Err(Mismatch::of(raw, expected)),
    }
}

/// The unit of an integer, from the schema, or without a schema from the mode. `is_time` tells a time of day from a timestamp.
fn unit(precision: Option<i32>, written: Written<'_>, is_time: bool) -> Result<Unit, Mismatch> {
    if let Some(schema) = written.schema {
        return match schema.logical_type() {
            "io.debezium.time.Time"
            | "io.debezium.time.Timestamp"
            | "org.apache.kafka.connect.data.Time"
            | "org.apache.kafka.connect.data.Timestamp" => Ok(Unit::Millis),
            "io.debezium.time.MicroTime" | "io.debezium.time.MicroTimestamp" => Ok(Unit::Micros),
            "io.debezium.time.NanoTime" | "io.debezium.time.NanoTimestamp" => Ok(Unit::Nanos),
            _ => Err(Mismatch::new("a schema that names the unit of a time", "an integer whose schema names none")),
        };
    }
    match written.modes.time {
        TimeMode::Connect => Ok(Unit::Millis),
        TimeMode::Adaptive if precision.is_some_and(|digits| digits <= 3) => Ok(Unit::Millis),
        TimeMode::AdaptiveTimeMicroseconds if !is_time && precision.is_some_and(|digits| digits <= 3) => Ok(Unit::Millis),
        TimeMode::Adaptive | TimeMode::AdaptiveTimeMicroseconds | TimeMode::Microseconds => Ok(Unit::Micros),
        TimeMode::Nanoseconds => Ok(Unit::Nanos),
        TimeMode::Isostring => {
            Err(Mismatch::new("ISO 8601 text (time.precision.mode is isostring here)", "an integer (set the mode as the connector has it)"))
        }
    }
}

/// `HH:MM:SS`, with six digits of a second if there are any.
fn time_of_day(micros: i64) -> String {
    let (seconds, micros) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match micros {
        0 => format!("{hour:02}:{minute:02}:{second:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}.{micros:06}"),
    }
}

/// A day of the Gregorian calendar, which Postgres uses for all years. The year 0 is 1 BC.
struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// The day that is `days` days after 1970-01-01.
    fn of(days: i64) -> Self {
        let (year, month, day) = calendar::date(days);
        Self { year, month, day }
    }

    /// The day as Postgres reads it, with `time` before the era.
    fn text(&self, time: &str) -> String {
        let Self { year, month, day } = self;
        match *year {
            1.. => format!("{year:04}-{month:02}-{day:02}{time}"),
            _ => format!("{:04}-{month:02}-{day:02}{time} BC", 1 - year),
        }
    }
}

#[cfg(test)]
mod tests;
