//! Readers of raw JSON. The JSON is valid, because it was cut out of an event that was parsed.

use std::borrow::Cow;

use change::envelope::{Field, Json};
use serde::Deserialize;

use super::mismatch::Mismatch;

/// The kind of JSON, which the first byte tells.
pub(super) fn kind(raw: &str) -> Json {
    Field { place: "", name: "", raw: Some(raw) }.kind()
}

/// Reads a text. A text without escapes is borrowed.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Err(Mismatch::of(raw, "text"));
    };
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    let text: String = serde_json::from_str(raw).map_err(|_| Mismatch::new("text", "text with an escape that is no character"))?;
    if text.contains('\0') {
        return Err(Mismatch::new("text", "text with a NUL character, which Postgres cannot store"));
    }
    Ok(Cow::Owned(text))
}

/// Reads any JSON: a text is itself, and everything else its JSON.
pub(super) fn as_is(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    if kind(raw) == Json::Text { text(raw) } else { Ok(Cow::Borrowed(raw)) }
}

/// Reads an object or an array with a shape of its own, which `expected` describes.
pub(super) fn shape<'a, T: Deserialize<'a>>(raw: &'a str, expected: &'static str) -> Result<T, Mismatch> {
    serde_json::from_str(raw).map_err(|_| match kind(raw) {
        Json::Object => Mismatch::new(expected, "an object with other fields"),
        Json::Array => Mismatch::new(expected, "an array of something else"),
        _ => Mismatch::of(raw, expected),
    })
}
