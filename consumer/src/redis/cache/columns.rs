//! Writes the values of columns as text: appends them to a buffer that the caller uses again for every column.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use change::calendar;
use change::value::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// The number of digits of the largest number.
const DIGITS: usize = 20;

/// Both digits of each number below a hundred: one division gives two digits, and times need no loop.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// Writes a number in decimal digits, with zeros in front up to `width`, which is at most [`DIGITS`].
pub(crate) fn padded(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let start = out.len();
    let mut end = start + number.checked_ilog10().map_or(0, |log| log as usize + 1).max(width);
    // More zeros than needed are appended and cut off again: copying a constant number of bytes takes no function call.
    out.extend_from_slice(&[b'0'; DIGITS]);
    out.truncate(end);
    while number >= 10 {
        end -= 2;
        pair(out, end, number % 100);
        number /= 100;
    }
    if number > 0 {
        out[end - 1] += (number % 10) as u8;
    }
}

/// Writes the two digits of a number below a hundred at a place in the text.
fn pair(text: &mut [u8], at: usize, number: u64) {
    text[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
}

/// Writes a number in decimal digits.
pub(crate) fn integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    padded(out, number.unsigned_abs(), 1);
}

/// Writes an amount with two decimals: `19.99`. Rows hold no more than two (`numeric(12,2)`, `numeric(20,2)`).
pub(crate) fn money(out: &mut Vec<u8>, amount: Decimal) {
    let mut amount = amount;
    amount.rescale(2);
    let cents = amount.mantissa();
    if cents < 0 {
        out.push(b'-');
    }
    // Numbers of 128 bits are divided in a loop, so 64 bits are tried first; `numeric(20,2)` can be just too large for 64.
    let cents = cents.unsigned_abs();
    let (whole, cents) = match u64::try_from(cents) {
        Ok(cents) => (cents / 100, cents % 100),
        Err(_) => (u64::try_from(cents / 100).unwrap_or(u64::MAX), (cents % 100) as u64),
    };
    padded(out, whole, 1);
    out.push(b'.');
    padded(out, cents, 2);
}

/// Writes a time of the source, which has no time zone: `2026-11-21T12:00:00.123456`, or one of Postgres' infinities.
pub(crate) fn timestamp(out: &mut Vec<u8>, time: Timestamp) {
    match time {
        Timestamp::INFINITY => out.extend_from_slice(b"infinity"),
        Timestamp::NEG_INFINITY => out.extend_from_slice(b"-infinity"),
        time => micros(out, time.micros()),
    }
}

/// Writes a time of this program: `2026-11-21T12:00:00.123456Z`.
pub(crate) fn instant(out: &mut Vec<u8>, time: DateTime<Utc>) {
    micros(out, time.timestamp_micros());
    out.push(b'Z');
}

fn micros(out: &mut Vec<u8>, micros: i64) {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY).unsigned_abs();
    let fraction = micros.rem_euclid(MICROS_PER_SECOND).unsigned_abs();
    date(out, seconds.div_euclid(SECONDS_PER_DAY));
    let mut time = *b"T00:00:00.000000";
    for (at, number) in [(1, second_of_day / 3600), (4, second_of_day / 60 % 60), (7, second_of_day % 60)] {
        pair(&mut time, at, number);
    }
    for (at, number) in [(10, fraction / 10_000), (12, fraction / 100 % 100), (14, fraction % 100)] {
        pair(&mut time, at, number);
    }
    out.extend_from_slice(&time);
}

/// Writes the date that is `days` days after 1970-01-01.
fn date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = calendar::date(days);
    let mut date = *b"0000-00-00";
    pair(&mut date, 5, month.unsigned_abs());
    pair(&mut date, 8, day.unsigned_abs());
    if (0..=9999).contains(&year) {
        pair(&mut date, 0, year.unsigned_abs() / 100);
        pair(&mut date, 2, year.unsigned_abs() % 100);
        out.extend_from_slice(&date);
    } else {
        // ISO 8601: years outside 0000 to 9999 carry a sign; the year 0000 is 1 BC.
        out.push(if year < 0 { b'-' } else { b'+' });
        padded(out, year.unsigned_abs(), 4);
        out.extend_from_slice(&date[4..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn money_has_two_decimals() {
        for (amount, text) in [("19.99", "19.99"), ("19.9", "19.90"), ("7", "7.00"), ("0.05", "0.05"), ("0", "0.00"), ("-1.5", "-1.50")] {
            assert_eq!(written(|out| money(out, amount.parse().expect("a decimal"))), text);
        }
        let largest = "999999999999999999.99";
        assert_eq!(written(|out| money(out, largest.parse().expect("a decimal"))), largest);
    }

    #[test]
    fn infinities_read_as_postgres_writes_them() {
        assert_eq!(written(|out| timestamp(out, Timestamp::INFINITY)), "infinity");
        assert_eq!(written(|out| timestamp(out, Timestamp::NEG_INFINITY)), "-infinity");
    }

    #[test]
    fn the_first_and_the_last_timestamp_of_postgres_are_written() {
        let text = |micros| written(|out| timestamp(out, Timestamp::from_micros(micros).expect("in range")));
        assert_eq!(text(-210_866_803_200_000_000), "-4713-11-24T00:00:00.000000");
        assert_eq!(text(i64::MAX - 1), "+294247-01-10T04:00:54.775806");
    }

    #[test]
    fn our_own_times_are_utc() {
        let time = DateTime::from_timestamp_micros(1_795_262_400_123_456).expect("in range");
        assert_eq!(written(|out| instant(out, time)), "2026-11-21T12:00:00.123456Z");
    }

    proptest! {
        #[test]
        fn times_are_written_as_chrono_writes_them(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let time = DateTime::from_timestamp_micros(micros).expect("in chrono's range").naive_utc();
            let ours = written(|out| timestamp(out, Timestamp::from_micros(micros).expect("in range")));
            prop_assert_eq!(ours, time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
        }

        #[test]
        fn numbers_are_written_as_the_standard_library_writes_them(number in any::<u64>(), smaller in 0u32..64, width in 1usize..=20) {
            let number = number >> smaller;
            prop_assert_eq!(written(|out| integer(out, number.cast_signed())), number.cast_signed().to_string());
            prop_assert_eq!(written(|out| padded(out, number, width)), format!("{number:0width$}"));
        }
    }
}
