//! Times as ISO 8601 text.

use super::{MICROS_PER_SECOND, SECONDS_PER_DAY};
use crate::calendar;

/// Microseconds since 1970 of `2026-01-31T12:30:00.123456Z`. Seconds, fraction and offset may be missing, and the year may have a sign and
/// up to nine digits. A time beyond 64 bits becomes the nearest number that fits, which is an infinity.
pub(super) fn iso(text: &str) -> Option<i64> {
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
    Some((calendar::days_since_1970(year, month, day)?, text))
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
