//! Times as ISO 8601 text, as Java writes them, become the text that Postgres reads. Most of them are the same text.
//!
//! Postgres has no year 0 and no sign before a year. Java writes 1 BC as the year `0000`, and puts a `+` before years from 10000 on.

use std::borrow::Cow;

use super::mismatch::Mismatch;

/// Reads `2017-09-15Z`.
pub(super) fn date(text: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    each(text, |text| match text {
        "infinity" | "-infinity" => Ok(Cow::Borrowed(text)),
        "-5877611-06-21Z" => Ok(Cow::Borrowed("infinity")),
        "-5877611-06-22Z" => Ok(Cow::Borrowed("-infinity")),
        "+5877611-06-21Z" => Ok(Cow::Borrowed("infinity")),
        _ if let Some(infinity) = infinity_of_java(text) => Ok(Cow::Borrowed(infinity)),
        _ => in_era(text.strip_suffix('Z').unwrap_or(text)),
    })
}

/// Reads `12:34:56.789Z`.
pub(super) fn time(text: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    each(text, |text| Ok(Cow::Borrowed(text.strip_suffix('Z').unwrap_or(text))))
}

/// Reads `2017-09-15T12:34:56.789Z` of a timestamp without time zone.
pub(super) fn timestamp(text: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    each(text, |text| match text {
        "infinity" | "-infinity" => Ok(Cow::Borrowed(text)),
        "+294247-01-10T04:00:25.2Z" => Ok(Cow::Borrowed("infinity")),
        "-290308-12-21T19:59:27.6Z" => Ok(Cow::Borrowed("-infinity")),
        _ if let Some(infinity) = infinity_of_java(text) => Ok(Cow::Borrowed(infinity)),
        _ => in_era(text.strip_suffix('Z').unwrap_or(text)),
    })
}

/// Reads `2017-09-15T12:34:56.789Z` of a timestamp with time zone, whose infinities arrive in the words of Postgres, but for `-infinity` in
/// an array.
pub(super) fn timestamptz(text: Cow<'_, str>) -> Result<Cow<'_, str>, Mismatch> {
    each(text, |text| match text {
        "infinity" | "-infinity" => Ok(Cow::Borrowed(text)),
        _ if let Some(infinity) = infinity_of_java(text) => Ok(Cow::Borrowed(infinity)),
        _ => in_era(text),
    })
}

/// The infinities as the years that Java's driver takes for them, `PGStatement.DATE_POSITIVE_INFINITY` and `DATE_NEGATIVE_INFINITY`. No date
/// and no timestamp of Postgres is as far away. The negative one is counted in two calendars, and in one of them without its era.
fn infinity_of_java(text: &str) -> Option<&'static str> {
    match text.get(..11)? {
        "+292278994-" => Some("infinity"),
        "-292275055-" | "-292269054-" | "+292269055-" => Some("-infinity"),
        _ => None,
    }
}

/// Applies `read` to a text, and borrows from it if it can be borrowed from.
fn each<'a>(text: Cow<'a, str>, read: impl FnOnce(&str) -> Result<Cow<'_, str>, Mismatch>) -> Result<Cow<'a, str>, Mismatch> {
    match text {
        Cow::Borrowed(text) => read(text),
        Cow::Owned(text) => read(&text).map(|text| Cow::Owned(text.into_owned())),
    }
}

/// Writes the year as Postgres reads it, with the era behind the time. A year from 1 to 9999 stays as it is.
fn in_era(text: &str) -> Result<Cow<'_, str>, Mismatch> {
    let is_plain = text
        .as_bytes()
        .first_chunk::<5>()
        .is_some_and(|[digits @ .., dash]| *dash == b'-' && digits.iter().all(u8::is_ascii_digit) && digits != b"0000");
    if is_plain {
        return Ok(Cow::Borrowed(text));
    }
    let (sign, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let parts = unsigned.split_once('-').and_then(|(year, rest)| Some((sign * year.parse::<i64>().ok()?, rest)));
    match parts {
        Some((year @ 1.., rest)) => Ok(Cow::Owned(format!("{year:04}-{rest}"))),
        Some((year, rest)) => Ok(Cow::Owned(format!("{:04}-{rest} BC", 1 - year))),
        None => Err(Mismatch::new("an ISO 8601 date", "another text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_postgres_reads_is_borrowed() {
        for text in ["2024-02-29T12:34:56.789012Z", "0001-01-01T00:00:00Z", "infinity", "-infinity"] {
            assert_eq!(timestamptz(Cow::Borrowed(text)), Ok(Cow::Borrowed(text)));
        }
        let text = Cow::Borrowed("12:34:56.789Z");
        assert!(matches!(time(text), Ok(Cow::Borrowed("12:34:56.789"))));
    }

    #[test]
    fn years_before_1_and_after_9999_are_written_as_postgres_reads_them() {
        for (text, expected) in [
            ("0000-12-31T23:59:59.999999Z", "0001-12-31T23:59:59.999999Z BC"),
            ("-4713-11-24T00:00:00Z", "4714-11-24T00:00:00Z BC"),
            ("+294276-12-31T23:59:59.999999Z", "294276-12-31T23:59:59.999999Z"),
            ("+292269055-12-02T23:00:00.000000Z", "-infinity"),
        ] {
            assert_eq!(timestamptz(Cow::Borrowed(text)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn the_infinities_of_dates_and_timestamps_are_known_by_the_days_that_java_has_for_them() {
        for (text, expected) in [
            ("-5877611-06-21Z", "infinity"),
            ("-5877611-06-22Z", "-infinity"),
            ("-0043-03-15Z", "0044-03-15 BC"),
            ("+292278994-08-16Z", "infinity"),
        ] {
            assert_eq!(date(Cow::Borrowed(text)).as_deref(), Ok(expected));
        }
        for (text, expected) in [("+294247-01-10T04:00:25.2Z", "infinity"), ("-290308-12-21T19:59:27.6Z", "-infinity")] {
            assert_eq!(timestamp(Cow::Owned(text.to_owned())).as_deref(), Ok(expected));
        }
        assert!(date(Cow::Borrowed("yesterday")).is_err());
    }
}
