//! Exact decimals, in the three ways of `decimal.handling.mode`
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-decimal-types>): text, a JSON number, which
//! is read from its text and never through a float, and the base64 of a two's complement whose scale stands elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::field::{Field, Kind};
use super::json::{self, Object};
use super::schema::{Column, Columns};
use crate::change::rejection::Rejection;

/// The logical type of a base64 decimal with its scale as a parameter.
const CONNECT_DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";
/// `numeric(12,2)` in hundredths: the first that does not fit.
const PRICE_LIMIT: u128 = 10_u128.pow(12);
/// `numeric(20,2)`: the first whole number that does not fit.
const TOTAL_LIMIT: i64 = 10_i64.pow(18);

/// `mantissa * 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    negative: bool,
    mantissa: u128,
    exponent: i64,
}

/// A decimal of any scale, as `precise` writes columns without a fixed one.
#[derive(Deserialize)]
struct VariableScale<'a> {
    scale: i32,
    value: &'a str,
}

/// Whether only the schema tells how the price is written. A text with a point is no base64.
pub(super) fn needs_schema(field: Field<'_>) -> bool {
    field.kind() == Kind::Text && !field.json().contains('.')
}

/// The price: not negative, and fitting `numeric(12,2)`.
pub(super) fn price(field: Field<'_>, columns: Option<&Columns<'_>>, configured_scale: Option<u32>) -> Result<Decimal, Rejection> {
    let number = match field.kind() {
        Kind::Null => return Err(field.missing()),
        Kind::Number => Number::parse(field.json()).ok_or_else(|| field.mismatch("a decimal number"))?,
        Kind::Text => text(field, columns, configured_scale)?,
        Kind::Object => {
            let Object(variable) = json::parse(field.name, field.json())?;
            let VariableScale { scale, value } = variable.ok_or_else(|| field.missing())?;
            base64(field, value, scale)?
        }
        Kind::Boolean | Kind::Array => return Err(field.mismatch("a decimal number")),
    };
    if number.negative && number.mantissa != 0 {
        return Err(Rejection::invalid(format!("{field}: negative")));
    }
    number.hundredths().map(|hundredths| Decimal::new(hundredths, 2)).ok_or_else(|| {
        Rejection::invalid(format!("{field}: does not fit numeric(12,2): at most 10 digits before the point and 2 after it"))
    })
}

/// `quantity * price`, fitting `numeric(20,2)`.
pub(super) fn total(quantity: i32, price: Decimal) -> Result<Decimal, Rejection> {
    price
        .checked_mul(Decimal::from(quantity))
        .filter(|total| *total < Decimal::from(TOTAL_LIMIT))
        .ok_or_else(|| Rejection::invalid("total: quantity * price does not fit numeric(20,2)"))
}

/// A text is base64 if the schema says so; without a schema, if a scale is configured.
fn text(field: Field<'_>, columns: Option<&Columns<'_>>, configured_scale: Option<u32>) -> Result<Number, Rejection> {
    let text = field.text()?;
    let column = columns.and_then(|columns| columns.get(field.name));
    if column.is_some_and(|column| column.logical_type() == CONNECT_DECIMAL) {
        let scale = column.and_then(Column::scale);
        return base64(field, &text, scale.ok_or_else(|| Rejection::malformed(format!("{field}: its schema has no scale")))?);
    }
    match (columns, configured_scale.and_then(|scale| i32::try_from(scale).ok())) {
        (None, Some(scale)) if needs_schema(field) => base64(field, &text, scale),
        (None, None) => Number::parse(&text).ok_or_else(|| {
            Rejection::invalid(format!(
                "{field}: text that is no decimal number (a base64 decimal without schema needs the setting source.decimal_scale)"
            ))
        }),
        _ => Number::parse(&text).ok_or_else(|| Rejection::invalid(format!("{field}: text that is no decimal number"))),
    }
}

/// The base64 of a two's complement, highest byte first.
fn base64(field: Field<'_>, text: &str, scale: i32) -> Result<Number, Rejection> {
    let mut bytes = [0; 24];
    let length = STANDARD
        .decode_slice(text, &mut bytes)
        .map_err(|_| Rejection::invalid(format!("{field}: not the base64 of a decimal of up to 16 bytes")))?;
    let (Some(&first), true) = (bytes.first(), (1..=16).contains(&length)) else {
        return Err(Rejection::invalid(format!("{field}: base64 of {length} bytes, a decimal has 1 to 16")));
    };
    let negative = first >= 0x80;
    let sign = if negative { -1 } else { 0 };
    let value = bytes.iter().take(length).fold(sign, |value: i128, &byte| (value << 8) | i128::from(byte));
    Ok(Number { negative, mantissa: value.unsigned_abs(), exponent: -i64::from(scale) })
}

impl Number {
    /// Reads `-12.30`, `1E+2`, `15e-1`.
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() {
            return None;
        }
        // Java's BigDecimal may end in any number of zeros.
        let fraction = fraction.trim_end_matches('0');
        let mantissa = whole.bytes().chain(fraction.bytes()).try_fold(0_u128, |mantissa, byte| {
            let digit = byte.is_ascii_digit().then(|| u128::from(byte - b'0'))?;
            Some(mantissa.saturating_mul(10).saturating_add(digit))
        })?;
        Some(Self { negative, mantissa, exponent: exponent - i64::try_from(fraction.len()).ok()? })
    }

    /// The number in hundredths, if it is a whole number of them and fits `numeric(12,2)`. A saturated mantissa does neither.
    fn hundredths(self) -> Option<i64> {
        let (mut mantissa, mut exponent) = (self.mantissa, self.exponent + 2);
        if mantissa == 0 {
            return Some(0);
        }
        while exponent < 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent > 0 && mantissa < PRICE_LIMIT {
            mantissa *= 10;
            exponent -= 1;
        }
        (exponent == 0 && mantissa < PRICE_LIMIT).then(|| i64::try_from(mantissa).ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundredths(text: &str) -> Option<i64> {
        Number::parse(text).and_then(Number::hundredths)
    }

    #[test]
    fn decimals_are_exact_to_the_last_hundredth() {
        for (text, expected) in [
            ("0", 0),
            ("-0.00", 0),
            ("0e999999999", 0),
            ("0.1", 10),
            ("19.99", 1999),
            ("007.5", 750),
            ("1E+2", 10_000),
            ("1.5e1", 1500),
            ("150E-1", 1500),
            ("12300e-4", 123),
            ("1.10000000000000000000000000000000000000000000", 110),
            ("9999999999.99", 999_999_999_999),
            ("0.30", 30),
        ] {
            assert_eq!(hundredths(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_or_is_no_number_is_none() {
        let digits = "9".repeat(1000);
        for text in ["10000000000", "0.005", "1e10", "1e-3", &digits, &format!("0.{digits}"), "", "-", "+1", "1.2.3", "1e1e1", "٣", "0x10"]
        {
            assert_eq!(hundredths(text), None, "{text}");
        }
    }
}
