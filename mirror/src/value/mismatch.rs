//! The error for JSON that is not what the connector writes for a column of this kind.

use std::borrow::Cow;

use change::envelope::{Field, Json};

/// The JSON of a column is not what its type makes of it. The message names kinds of JSON, types and limits, never the value (P11).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Mismatch {
    /// What the kind of column allows.
    pub expected: Cow<'static, str>,
    /// What was there instead.
    pub found: Cow<'static, str>,
}

impl Mismatch {
    /// The mismatch of a value that has the right kind of JSON.
    #[cold]
    pub(super) fn new(expected: impl Into<Cow<'static, str>>, found: impl Into<Cow<'static, str>>) -> Self {
        Self { expected: expected.into(), found: found.into() }
    }

    /// The mismatch of a value of another kind of JSON.
    #[cold]
    pub(super) fn of(raw: &str, expected: impl Into<Cow<'static, str>>) -> Self {
        let found = match (Field { place: "", name: "", raw: Some(raw) }).kind() {
            Json::Null => "null",
            Json::Text => "text",
            Json::Number => "a number",
            Json::Boolean => "a boolean",
            Json::Object => "an object",
            Json::Array => "an array",
        };
        Self::new(expected, found)
    }
}
