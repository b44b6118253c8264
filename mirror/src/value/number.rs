//! Booleans, integers and floats.

use std::borrow::Cow;

use change::envelope::Json;

use super::json;
use super::mismatch::Mismatch;

pub(super) fn boolean(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match json::kind(raw) {
        Json::Boolean => Ok(Cow::Borrowed(raw)),
        _ => Err(Mismatch::of(raw, "a boolean")),
    }
}

/// An integer, also one beyond 2^53: the digits are never read through a float.
pub(super) fn integer(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match json::kind(raw) {
        Json::Number if !raw.contains(['.', 'e', 'E']) => Ok(Cow::Borrowed(raw)),
        Json::Number => Err(Mismatch::new("an integer", "a number with a fraction or an exponent")),
        _ => Err(Mismatch::of(raw, "an integer")),
    }
}

/// A float. JSON has no NaN and no infinity, so the JSON converter writes their names as text.
pub(super) fn float(raw: &str) -> Result<Cow<'_, str>, Mismatch> {
    match (json::kind(raw), raw) {
        (Json::Number, _) => Ok(Cow::Borrowed(raw)),
        (_, r#""NaN""# | r#""Infinity""# | r#""-Infinity""#) => json::text(raw),
        (Json::Text, _) => Err(Mismatch::new("a number, or the text NaN, Infinity or -Infinity", "another text")),
        _ => Err(Mismatch::of(raw, "a number, or the text NaN, Infinity or -Infinity")),
    }
}
