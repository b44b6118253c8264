//! Reads exact decimals, in the three ways of `decimal.handling.mode`
//! (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-decimal-types>): a text, a JSON number, or
//! the base64 of a two's complement whose scale stands elsewhere. A JSON number is read from its text and never through a float.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::field::{Field, Json};
use super::json::{self, Object};
use super::schema::{ColumnType, ColumnTypes};
use crate::rejection::Rejection;

/// The logical type of a base64 decimal with its scale as a parameter.
const CONNECT_DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";

/// A decimal: `mantissa * 10^exponent`, with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// Whether the number has a minus sign. Zero may have one.
    pub negative: bool,
    /// The digits; `u128::MAX` stands for a larger number.
    pub mantissa: u128,
    /// The power of ten.
    pub exponent: i64,
}

/// A decimal with its own scale, as the mode `precise` writes columns without a fixed scale.
#[derive(Deserialize)]
struct VariableScale<'a> {
    scale: i32,
    value: &'a str,
}

/// Whether only the schema tells how a decimal is written. A text with a point cannot be base64.
#[must_use]
pub fn needs_schema(field: Field<'_>) -> bool {
    field.kind() == Json::Text && !field.json().contains('.')
}

/// Reads a decimal that must be there.
///
/// # Errors
/// If the field is no decimal. `NaN` and the infinities are no decimals.
pub fn decimal(field: Field<'_>, columns: Option<&ColumnTypes<'_>>, configured_scale: Option<u32>) -> Result<Number, Rejection> {
    match field.kind() {
        Json::Null => Err(field.missing()),
        Json::Number => Number::parse(field.json()).ok_or_else(|| field.mismatch("a decimal number")),
        Json::Text => text(field, columns, configured_scale),
        Json::Object => {
            let Object(variable) = json::parse(field.name, field.json())?;
            let VariableScale { scale, value } = variable.ok_or_else(|| field.missing())?;
            base64(field, value, scale)
        }
        Json::Boolean | Json::Array => Err(field.mismatch("a decimal number")),
    }
}

/// Reads a text. The text is base64 if the schema says so, or, without a schema, if a scale is configured.
fn text(field: Field<'_>, columns: Option<&ColumnTypes<'_>>, configured_scale: Option<u32>) -> Result<Number, Rejection> {
    let text = field.text()?;
    let column = columns.and_then(|columns| columns.get(field.name));
    if column.is_some_and(|column| column.logical_type() == CONNECT_DECIMAL) {
        let scale = column.and_then(ColumnType::scale);
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

/// Reads the base64 of a two's complement, highest byte first.
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
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
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
}
