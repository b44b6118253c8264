//! Numeric and money, in the three ways of `decimal.handling.mode`.
//! Source: <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-decimal-types>.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use change::envelope::Json;
use serde::Deserialize;

use super::mismatch::Mismatch;
use super::modes::DecimalMode;
use super::{Written, json};

/// The logical type of a base64 decimal, whose scale is a parameter.
const CONNECT_DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";
/// The most bytes that a numeric takes as a two's complement: 131072 digits before the point and 16383 behind it, and the sign.
/// Source: <https://www.postgresql.org/docs/current/datatype-numeric.html>.
const MOST_BYTES: usize = 61_232;
/// The most digits behind the point of a numeric, and before it for a negative scale.
const MOST_SCALE: u32 = 131_072;
/// The largest limb of 32 bits.
const LIMB: u64 = 0xffff_ffff;
/// Nine digits, the most that fit into a limb.
const CHUNK: u64 = 1_000_000_000;

/// A decimal with its own scale, as the mode `precise` writes a numeric without a scale.
#[derive(Deserialize)]
struct VariableScale<'a> {
    scale: i32,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Reads a numeric. `scale` is the one of `numeric(p,s)`.
pub(super) fn numeric<'a>(raw: &'a str, scale: Option<i32>, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    match json::kind(raw) {
        Json::Number => Ok(Cow::Borrowed(raw)),
        Json::Object => {
            let VariableScale { scale, value } = json::shape(raw, "a decimal with its scale")?;
            base64(&value, scale).map(Cow::Owned)
        }
        Json::Text => match base64_scale(scale, written)? {
            Some(scale) => base64(&json::text(raw)?, scale).map(Cow::Owned),
            None => json::text(raw).map(in_the_words_of_postgres),
        },
        _ => Err(Mismatch::of(raw, "a decimal")),
    }
}

/// Reads an amount of money. Its text has a point before the fraction, as money has where `lc_monetary` is `C`.
pub(super) fn money<'a>(raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    match json::kind(raw) {
        // Java writes a double from ten millions on with an exponent, which money does not read.
        Json::Number => raw.parse().map(|number: f64| Cow::Owned(number.to_string())).map_err(|_| Mismatch::of(raw, "an amount of money")),
        Json::Text => numeric(raw, Some(written.modes.money_fraction_digits), written),
        _ => Err(Mismatch::of(raw, "an amount of money")),
    }
}

/// The scale of a text that is base64; none if the text is the digits. The schema decides, and without a schema the mode.
fn base64_scale(scale: Option<i32>, written: Written<'_>) -> Result<Option<i32>, Mismatch> {
    let scale = match written.schema {
        Some(schema) if schema.logical_type() == CONNECT_DECIMAL => schema.scale(),
        // Debezium takes the eleven bits of a negative scale for a positive one, and puts zeros behind the point.
        None if written.modes.decimal == DecimalMode::Precise => scale.map(|scale| if scale < 0 { scale + 2048 } else { scale }),
        _ => return Ok(None),
    };
    scale.map(Some).ok_or_else(|| Mismatch::new("a decimal with its scale", "text whose scale nothing tells"))
}

/// Debezium writes the names of Java's constants for what is no number (`SpecialValueDecimal`).
fn in_the_words_of_postgres(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.as_ref() {
        "NAN" => Cow::Borrowed("NaN"),
        "POSITIVE_INFINITY" => Cow::Borrowed("Infinity"),
        "NEGATIVE_INFINITY" => Cow::Borrowed("-Infinity"),
        _ => text,
    }
}

/// Reads the base64 of a two's complement, highest byte first.
fn base64(text: &str, scale: i32) -> Result<String, Mismatch> {
    let refused = |found: &'static str| Mismatch::new("the base64 of a decimal", found);
    let bytes = STANDARD.decode(text).map_err(|_| refused("text that is no base64"))?;
    if bytes.is_empty() || bytes.len() > MOST_BYTES || scale.unsigned_abs() > MOST_SCALE {
        return Err(refused("more or fewer digits than a numeric can have"));
    }
    let negative = bytes[0] >= 0x80;
    let digits = digits(magnitude(&bytes, negative));
    Ok(with_point(negative, digits, scale))
}

/// The absolute value as limbs of 32 bits, highest first.
fn magnitude(bytes: &[u8], negative: bool) -> Vec<u64> {
    let fill = if negative { LIMB } else { 0 };
    let value = |limb: &[u8]| limb.iter().fold(fill, |value, &byte| ((value << 8) | u64::from(byte)) & LIMB);
    let mut limbs: Vec<u64> = bytes.rchunks(4).map(value).collect();
    if negative {
        // The absolute value of a negative two's complement is every bit the other way round, plus one, from the lowest limb on. The sum
        // leaves no carry behind the highest limb, which would need a two's complement of zeros only.
        let mut carry = 1;
        for limb in &mut limbs {
            let sum = (!*limb & LIMB) + carry;
            (*limb, carry) = (sum & LIMB, sum >> 32);
        }
    }
    limbs.reverse();
    limbs
}

/// The decimal digits of a number, without leading zeros.
fn digits(mut limbs: Vec<u64>) -> String {
    let mut chunks = Vec::new();
    let mut first = 0;
    while first < limbs.len() {
        let mut rest = 0;
        for limb in &mut limbs[first..] {
            let value = (rest << 32) | *limb;
            (*limb, rest) = (value / CHUNK, value % CHUNK);
        }
        chunks.push(rest);
        first += limbs[first..].iter().take_while(|limb| **limb == 0).count();
    }
    let mut digits = String::with_capacity(chunks.len() * 9);
    for chunk in chunks.iter().rev() {
        super::binary::push(&mut digits, format_args!("{chunk:09}"));
    }
    let leading = digits.bytes().take_while(|digit| *digit == b'0').count().min(digits.len() - 1);
    digits.split_off(leading)
}

/// Puts the point `scale` digits before the end, or `-scale` zeros behind it.
fn with_point(negative: bool, mut digits: String, scale: i32) -> String {
    let places = scale.unsigned_abs() as usize;
    if scale < 0 && digits != "0" {
        digits.push_str(&"0".repeat(places));
    } else if scale > 0 {
        if digits.len() <= places {
            digits.insert_str(0, &"0".repeat(places + 1 - digits.len()));
        }
        digits.insert(digits.len() - places, '.');
    }
    if negative {
        digits.insert(0, '-');
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ConnectType, Modes};

    fn read(raw: &str, scale: Option<i32>, decimal: DecimalMode) -> Result<String, Mismatch> {
        let modes = Modes { decimal, ..Modes::default() };
        numeric(raw, scale, Written { modes: &modes, schema: None }).map(Cow::into_owned)
    }

    #[test]
    fn a_decimal_in_base64_keeps_its_digits_and_its_scale() {
        for (bytes, scale, expected) in [
            (&[0x00][..], 0, "0"),
            (&[0x00], 2, "0.00"),
            (&[0x7b], 2, "1.23"),
            (&[0x85], 2, "-1.23"),
            (&[0xff], 5, "-0.00001"),
            (&[0x80], 0, "-128"),
            (&[0x80, 0, 0, 0], 0, "-2147483648"),
            (&[0x80, 0, 0, 0, 0], 0, "-549755813888"),
            (&[0xff, 0, 0, 0, 0], 0, "-4294967296"),
            (&[0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0, "18446744073709551615"),
            (&[0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 18, "340282366920938463463.374607431768211456"),
        ] {
            let raw = format!("\"{}\"", STANDARD.encode(bytes));
            assert_eq!(read(&raw, Some(scale), DecimalMode::Precise).as_deref(), Ok(expected), "{bytes:?} {scale}");
        }
    }

    #[test]
    fn any_length_of_two_s_complement_is_read_as_python_reads_it() {
        // int.from_bytes(bytes(range(1, 41)), "big"), and the same with the first byte 0x81, signed.
        let mut bytes: Vec<u8> = (1..=40).collect();
        let raw = |bytes: &[u8]| format!("\"{}\"", STANDARD.encode(bytes));
        let positive = "8409268453606351112543261157699428548070624494014657579491620939676866586695024695207663118120";
        assert_eq!(read(&raw(&bytes), Some(0), DecimalMode::Precise).as_deref(), Ok(positive));
        bytes[0] = 0x81;
        let negative = "-1059584249506848690084967591927076628753281636684311727394029182971432996303625250316273380350168";
        assert_eq!(read(&raw(&bytes), Some(0), DecimalMode::Precise).as_deref(), Ok(negative));
    }

    #[test]
    fn a_negative_scale_puts_zeros_before_the_point() {
        assert_eq!(with_point(false, "12345".to_owned(), -2), "1234500");
        assert_eq!(with_point(false, "0".to_owned(), -2), "0");
        let one = read(r#""AQ==""#, Some(-2), DecimalMode::Precise).unwrap();
        assert_eq!((one.len(), one.parse()), (2048, Ok(0.0)), "1e-2046, as Debezium has it");
    }

    #[test]
    fn a_decimal_with_a_scale_of_its_own_is_read_in_any_mode() {
        assert_eq!(read(r#"{"scale":3,"value":"AeJA"}"#, None, DecimalMode::Precise).as_deref(), Ok("123.456"));
        assert!(read(r#"{"scale":999999999,"value":"AeJA"}"#, None, DecimalMode::Precise).is_err());
    }

    #[test]
    fn text_is_digits_unless_mode_or_schema_say_base64() {
        assert_eq!(read(r#""1.10""#, Some(2), DecimalMode::String).as_deref(), Ok("1.10"));
        assert_eq!(read(r#""AeJA""#, Some(2), DecimalMode::Precise).as_deref(), Ok("1234.56"));
        assert_eq!(read("1.1E10", None, DecimalMode::Double).as_deref(), Ok("1.1E10"));
        let schema: ConnectType =
            serde_json::from_str(r#"{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"3"}}"#).unwrap();
        let modes = Modes::default();
        let by_schema = numeric(r#""AeJA""#, Some(2), Written { modes: &modes, schema: Some(&schema) });
        assert_eq!(by_schema.as_deref(), Ok("123.456"));
        let error = read(r#""AeJA""#, None, DecimalMode::Precise).unwrap_err().to_string();
        assert_eq!(error, "expected a decimal with its scale, found text whose scale nothing tells");
    }

    #[test]
    fn the_names_of_what_is_no_number_become_those_of_postgres() {
        for (name, expected) in [("NAN", "NaN"), ("POSITIVE_INFINITY", "Infinity"), ("NEGATIVE_INFINITY", "-Infinity"), ("NaN", "NaN")] {
            assert_eq!(read(&format!("\"{name}\""), None, DecimalMode::String).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn money_is_written_without_an_exponent() {
        let modes = Modes::default();
        for (raw, expected) in [(r#""-1234.11""#, "-1234.11"), ("1.234567890E7", "12345678.9"), ("0.01", "0.01")] {
            assert_eq!(money(raw, Written { modes: &modes, schema: None }).as_deref(), Ok(expected));
        }
    }
}
