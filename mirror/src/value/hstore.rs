//! The extension hstore: a JSON object, or the text of one (`hstore.handling.mode`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use change::envelope::Json;

use super::json;
use super::mismatch::Mismatch;

/// Reads an hstore and writes it as `"a"=>"1","b"=>NULL`.
pub(super) fn hstore(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    let object = match json::kind(raw) {
        Json::Text => json::text(raw)?,
        _ => Cow::Borrowed(raw),
    };
    let pairs: BTreeMap<Cow<'_, str>, Option<Cow<'_, str>>> = json::shape(&object, "an object of texts and nulls")?;
    let mut text = String::with_capacity(object.len() + 8);
    for (key, value) in &pairs {
        if !text.is_empty() {
            text.push(',');
        }
        push_quoted(&mut text, key);
        text.push_str("=>");
        match value {
            Some(value) => push_quoted(&mut text, value),
            None => text.push_str("NULL"),
        }
    }
    Ok(Cow::Owned(text))
}

/// Appends a text in quotes, with a backslash before quotes and backslashes, as in an hstore and in an array.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for part in text.split_inclusive(['"', '\\']) {
        match part.as_bytes().last() {
            Some(b'"' | b'\\') => {
                out.push_str(&part[..part.len() - 1]);
                out.push('\\');
                out.push_str(&part[part.len() - 1..]);
            }
            _ => out.push_str(part),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hstore_is_an_object_or_the_text_of_one() {
        for (raw, expected) in [
            (r#""{\"a\":\"1\"}""#, r#""a"=>"1""#),
            (r#"{"a":"1"}"#, r#""a"=>"1""#),
            (r#""{}""#, ""),
            (r#"{"n":null,"s":"NULL","e":""}"#, r#""e"=>"","n"=>NULL,"s"=>"NULL""#),
            (r#"{"quo\"te":"back\\slash"}"#, r#""quo\"te"=>"back\\slash""#),
        ] {
            assert_eq!(hstore(raw).as_deref(), Ok(expected));
        }
        for raw in [r#"{"a":1}"#, "[]", "1", r#""a=>1""#] {
            assert!(hstore(raw).is_err(), "{raw}");
        }
    }
}
