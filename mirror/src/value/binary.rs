//! Bytes: bytea, bit strings, and types that Debezium does not know.
//! Source: <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-property-binary-handling-mode>.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::mismatch::Mismatch;
use super::modes::BinaryMode;
use super::{Written, json};

/// Reads a bytea and writes it as `\x00ff`.
pub(super) fn bytea<'a>(raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    let text = json::text(raw)?;
    if mode(written)? == BinaryMode::Hex && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Cow::Owned(format!("\\x{text}")));
    }
    let bytes = bytes(&text, written)?;
    let mut hex = String::with_capacity(2 + 2 * bytes.len());
    hex.push_str("\\x");
    push_hex(&mut hex, &bytes);
    Ok(Cow::Owned(hex))
}

/// Reads a value of a type that Debezium does not know (`include.unknown.datatypes`): the bytes of the text that Postgres wrote.
pub(super) fn unknown<'a>(raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    let bytes = bytes(&json::text(raw)?, written)?;
    let text = String::from_utf8(bytes).map_err(|_| Mismatch::new("the bytes of a text", "bytes that are not UTF-8"))?;
    Ok(Cow::Owned(text))
}

/// Reads a `bit(n)` and writes its digits. A `bit(1)` is a boolean, and a longer one is bytes with the last digit as the lowest bit of the
/// first byte (`io.debezium.data.Bits`). The leading zeros are only in `length`, or in the schema.
pub(super) fn bits<'a>(raw: &'a str, length: usize, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    match raw {
        "true" => Ok(Cow::Borrowed("1")),
        "false" => Ok(Cow::Borrowed("0")),
        _ => {
            let length = written.schema.and_then(super::ConnectType::length).unwrap_or(length);
            let digits = binary_digits(raw)?;
            let (zeros, digits) = digits.split_at(digits.len().saturating_sub(length));
            if zeros.contains('1') {
                return Err(Mismatch::new(format!("{length} bits"), "more bits"));
            }
            Ok(Cow::Owned(format!("{digits:0>length$}")))
        }
    }
}

/// Reads a `bit varying`, whose length does not arrive: the digits from the first one on.
pub(super) fn varbit(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match raw {
        "true" => Ok(Cow::Borrowed("1")),
        "false" => Ok(Cow::Borrowed("0")),
        _ => Ok(Cow::Owned(binary_digits(raw)?.trim_start_matches('0').to_owned())),
    }
}

/// The binary digits of bytes in base64, which come with the lowest byte first. The connector's `binary.handling.mode` does not concern them.
fn binary_digits(raw: &str) -> Result<String, Mismatch> {
    const EXPECTED: &str = "a boolean or the base64 of bits";
    if !raw.starts_with('"') {
        return Err(Mismatch::of(raw, EXPECTED));
    }
    let bytes = STANDARD.decode(json::text(raw)?.as_ref()).map_err(|_| Mismatch::new(EXPECTED, "text that is no base64"))?;
    let mut digits = String::with_capacity(8 * bytes.len());
    for byte in bytes.iter().rev() {
        push(&mut digits, format_args!("{byte:08b}"));
    }
    Ok(digits)
}

/// How bytes are written. The schema tells bytes from text, and the mode tells one text from another.
fn mode(written: Written<'_>) -> Result<BinaryMode, Mismatch> {
    match (written.schema.map(|schema| schema.type_.as_str()), written.modes.binary) {
        (Some("bytes"), _) => Ok(BinaryMode::Bytes),
        (Some(_), BinaryMode::Bytes) => {
            Err(Mismatch::new("bytes (binary.handling.mode is bytes here)", "text (set binary.handling.mode here as the connector has it)"))
        }
        (_, mode) => Ok(mode),
    }
}

fn bytes(text: &str, written: Written<'_>) -> Result<Vec<u8>, Mismatch> {
    let (decoded, expected) = match mode(written)? {
        BinaryMode::Bytes | BinaryMode::Base64 => (STANDARD.decode(text).ok(), "base64"),
        BinaryMode::Base64UrlSafe => (URL_SAFE.decode(text).ok(), "base64 with - and _"),
        BinaryMode::Hex => (from_hex(text), "hexadecimal digits"),
    };
    decoded.ok_or_else(|| Mismatch::new(expected, "other text (see binary.handling.mode)"))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4) | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Appends two hexadecimal digits for each byte.
pub(super) fn push_hex(hex: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        hex.push(DIGITS[usize::from(byte >> 4)]);
        hex.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Appends formatted text. Writing to a `String` cannot fail.
pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _: std::fmt::Result = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ConnectType, Modes};

    fn with<T>(binary: BinaryMode, read: impl FnOnce(Written<'_>) -> T) -> T {
        read(Written { modes: &Modes { binary, ..Modes::default() }, schema: None })
    }

    #[test]
    fn bytes_are_read_in_each_mode() {
        for (mode, raw) in [
            (BinaryMode::Bytes, r#""AP/+""#),
            (BinaryMode::Base64, r#""AP/+""#),
            (BinaryMode::Base64UrlSafe, r#""AP_-""#),
            (BinaryMode::Hex, r#""00fffe""#),
        ] {
            assert_eq!(with(mode, |written| bytea(raw, written)).as_deref(), Ok("\\x00fffe"), "{mode:?}");
        }
        assert_eq!(with(BinaryMode::Bytes, |written| bytea(r#""""#, written)).as_deref(), Ok("\\x"));
        assert!(with(BinaryMode::Base64, |written| bytea(r#""AP_-""#, written)).is_err());
        assert!(with(BinaryMode::Hex, |written| bytea(r#""0g""#, written)).is_err());
        assert!(with(BinaryMode::Hex, |written| unknown(r#""0""#, written)).is_err());
    }

    #[test]
    fn text_where_bytes_are_configured_is_refused_with_the_setting_to_change() {
        let schema = ConnectType { type_: "string".to_owned(), ..ConnectType::default() };
        let error = bytea(r#""00""#, Written { modes: &Modes::default(), schema: Some(&schema) }).unwrap_err();
        assert!(error.to_string().contains("set binary.handling.mode here"), "{error}");
    }

    #[test]
    fn a_bit_string_keeps_its_leading_zeros() {
        for (bytes, length, expected) in [
            (&[][..], 9, "000000000"),
            (&[0x00][..], 8, "00000000"),
            (&[0x01], 8, "00000001"),
            (&[0x01, 0x01], 9, "100000001"),
            (&[0x53], 8, "01010011"),
            (&[0x05, 0x00], 3, "101"),
        ] {
            let raw = format!("\"{}\"", STANDARD.encode(bytes));
            assert_eq!(with(BinaryMode::Hex, |written| bits(&raw, length, written)).as_deref(), Ok(expected));
        }
        assert_eq!(with(BinaryMode::Bytes, |written| bits("true", 1, written)).as_deref(), Ok("1"));
        let error = with(BinaryMode::Bytes, |written| bits(r#""/w==""#, 7, written)).unwrap_err();
        assert_eq!(error.to_string(), "expected 7 bits, found more bits");
    }

    #[test]
    fn a_varying_bit_string_begins_with_its_first_one() {
        assert_eq!(varbit(r#""BQA=""#).as_deref(), Ok("101"));
        assert_eq!(varbit(r#""""#).as_deref(), Ok(""));
        assert_eq!(varbit("false").as_deref(), Ok("0"));
    }

    #[test]
    fn a_value_of_an_unknown_type_is_the_text_that_its_bytes_spell() {
        assert_eq!(with(BinaryMode::Bytes, |written| unknown(r#""KDEsImEi4oKsKQ==""#, written)).as_deref(), Ok(r#"(1,"a"€)"#));
        assert_eq!(with(BinaryMode::Hex, |written| unknown(r#""7b7d""#, written)).as_deref(), Ok("{}"));
        assert!(with(BinaryMode::Bytes, |written| unknown(r#""/w==""#, written)).is_err());
    }
}
