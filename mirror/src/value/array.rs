//! Arrays: a JSON array of the element's form becomes an array as Postgres reads it.

use std::borrow::Cow;

use change::envelope::Json;
use serde_json::value::RawValue;

use super::hstore::push_quoted;
use super::mismatch::Mismatch;
use super::{Kind, Written, json, text};

/// The most dimensions of an array. Source: <https://www.postgresql.org/docs/current/arrays.html>, `MAXDIM`.
const DIMENSIONS: usize = 6;

/// Reads an array and writes it as `{1,NULL,"a b"}`.
pub(super) fn array<'a>(element: &Kind, delimiter: char, raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    let written = Written { schema: written.schema.and_then(|schema| schema.items.as_deref()), ..written };
    let mut out = String::with_capacity(raw.len() + 8);
    let elements = Elements { kind: element, delimiter, written };
    elements.push(&mut out, raw, DIMENSIONS)?;
    Ok(Cow::Owned(out))
}

/// What the elements of one array have in common.
struct Elements<'k> {
    kind: &'k Kind,
    delimiter: char,
    written: Written<'k>,
}

impl Elements<'_> {
    /// Appends an array, or an array within an array.
    fn push(&self, out: &mut String, raw: &str, dimensions: usize) -> Result<(), Mismatch> {
        if json::kind(raw) != Json::Array {
            return Err(Mismatch::of(raw, "an array"));
        }
        if dimensions == 0 {
            return Err(Mismatch::new("an array of up to 6 dimensions", "more dimensions"));
        }
        let elements: Vec<&RawValue> = json::shape(raw, "an array")?;
        out.push('{');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            self.push_element(out, element.get(), dimensions - 1)?;
        }
        out.push('}');
        Ok(())
    }

    fn push_element(&self, out: &mut String, raw: &str, dimensions: usize) -> Result<(), Mismatch> {
        match json::kind(raw) {
            Json::Null => out.push_str("NULL"),
            Json::Array if !matches!(self.kind, Kind::Vector) => self.push(out, raw, dimensions)?,
            _ if self.kind.is_number() => out.push_str(&text(self.kind, raw, self.written)?),
            _ => push_quoted(out, &self.text(raw)?),
        }
        Ok(())
    }

    /// The text of an element. Where an array has more dimensions than one, Debezium writes Java's name of an object for each inner array
    /// of texts: `[Ljava.lang.String;@5e8c92f4`.
    fn text<'a>(&self, raw: &'a str) -> Result<Cow<'a, str>, Mismatch> {
        if *self.kind == Kind::Text && is_java_array(raw) {
            return Err(Mismatch::new("an array of one dimension", "an array of arrays, which the connector does not write out"));
        }
        text(self.kind, raw, self.written)
    }
}

/// Whether a JSON text is what `toString` of a Java array gives: the type of its elements and a hash code.
fn is_java_array(raw: &str) -> bool {
    let named = raw.strip_prefix("\"[").and_then(|rest| rest.strip_suffix('"')).and_then(|rest| rest.rsplit_once(";@"));
    named.is_some_and(|(name, hash)| {
        let name = name.trim_start_matches('[');
        let is_hash = (1..=8).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        name.starts_with('L') && name.contains('.') && is_hash
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{ConnectType, DecimalMode, Modes};

    fn read(element: &Kind, raw: &str) -> Result<String, Mismatch> {
        array(element, ',', raw, Written { modes: &Modes::default(), schema: None }).map(Cow::into_owned)
    }

    #[test]
    fn an_array_is_written_with_the_quotes_that_its_elements_need() {
        for (element, raw, expected) in [
            (Kind::Integer, "[]", "{}"),
            (Kind::Integer, "[1,null,-3]", "{1,NULL,-3}"),
            (Kind::Integer, "[[1,2],[3,4]]", "{{1,2},{3,4}}"),
            (Kind::Bool, "[true,false]", "{true,false}"),
            (Kind::Float, r#"[0.1,"NaN","-Infinity"]"#, "{0.1,NaN,-Infinity}"),
            (Kind::Numeric { scale: None }, r#"["1.10","NAN"]"#, "{1.10,NaN}"),
            (Kind::Text, r#"["NULL",null,"","a,b"," c ","{d}"]"#, r#"{"NULL",NULL,"","a,b"," c ","{d}"}"#),
            (Kind::Text, r#"["c\"d","e\\f"]"#, r#"{"c\"d","e\\f"}"#),
            (Kind::Bytea, r#"["AA==",null]"#, r#"{"\\x00",NULL}"#),
            (Kind::Date, "[0,null,-2147472692]", r#"{"1970-01-01",NULL,"infinity"}"#),
            (Kind::Hstore, r#"["{\"a\":\"1\"}"]"#, r#"{"\"a\"=>\"1\""}"#),
            (Kind::Vector, "[[1,2],[3,4]]", r#"{"[1,2]","[3,4]"}"#),
            (Kind::Unknown, r#"["KDEsMik="]"#, r#"{"(1,2)"}"#),
        ] {
            assert_eq!(read(&element, raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn the_schema_of_the_elements_tells_how_they_are_written() {
        let items =
            r#"{"type":"array","items":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}}}"#;
        let schema: ConnectType = serde_json::from_str(items).unwrap();
        let modes = Modes { decimal: DecimalMode::String, ..Modes::default() };
        let written = Written { modes: &modes, schema: Some(&schema) };
        assert_eq!(array(&Kind::Numeric { scale: Some(2) }, ',', r#"["AeJA"]"#, written).as_deref(), Ok("{1234.56}"));
    }

    #[test]
    fn what_java_writes_for_an_array_within_an_array_is_refused() {
        for raw in [r#"["[Ljava.lang.String;@5e8c92f4"]"#, r#"["[[Ljava.util.UUID;@1"]"#] {
            assert!(read(&Kind::Text, raw).is_err(), "{raw}");
        }
        for raw in [r#"["[L]"]"#, r#"["[a;@1"]"#, r#"["[Ljava.lang.String;@"]"#] {
            assert!(read(&Kind::Text, raw).is_ok(), "{raw}");
        }
    }

    #[test]
    fn what_is_no_array_or_has_too_many_dimensions_is_refused() {
        assert_eq!(read(&Kind::Integer, "{}").unwrap_err().to_string(), "expected an array, found an object");
        assert!(read(&Kind::Integer, "[[[[[[1]]]]]]").is_ok());
        assert!(read(&Kind::Integer, "[[[[[[[1]]]]]]]").is_err());
    }
}
