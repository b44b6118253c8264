//! One field of an event: its place, its raw JSON, and the typed readers that say what they expected.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use crate::rejection::Rejection;

/// A field with its place, for messages, and its raw JSON. In a row, absent and null differ. Elsewhere in an event they mean the same.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The object that holds the field: `after`, `source`, `key`; empty for a flat row.
    pub place: &'static str,
    /// The field's name; empty for a bare key.
    pub name: &'a str,
    /// The field's JSON without surrounding white space; `None` if the field is absent.
    pub raw: Option<&'a str>,
}

/// The JSON types that a reader of a field tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// Absent or null.
    Null,
    /// A string.
    Text,
    /// A number, kept as text.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.place.is_empty() || self.name.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{}", self.place, self.name)
    }
}

impl<'a> Field<'a> {
    /// The raw JSON, empty if the field is absent or null.
    #[inline]
    pub fn json(self) -> &'a str {
        self.raw.unwrap_or_default()
    }

    /// The JSON type, which the first byte tells.
    #[inline]
    pub fn kind(self) -> Json {
        match self.json().as_bytes().first() {
            None | Some(b'n') => Json::Null,
            Some(b'"') => Json::Text,
            Some(b't' | b'f') => Json::Boolean,
            Some(b'{') => Json::Object,
            Some(b'[') => Json::Array,
            Some(_) => Json::Number,
        }
    }

    /// Reads a text that must be there.
    pub fn text(self) -> Result<Cow<'a, str>, Rejection> {
        self.optional_text()?.ok_or_else(|| self.missing())
    }

    /// Reads a text or null. A NUL character is refused: JSON can write it, but Postgres cannot store it.
    #[inline]
    pub fn optional_text(self) -> Result<Option<Cow<'a, str>>, Rejection> {
        match self.kind() {
            Json::Null => return Ok(None),
            Json::Text => {}
            _ => return Err(self.mismatch("text")),
        }
        let json = self.json();
        if !json.contains('\\') {
            return Ok(json.get(1..json.len() - 1).map(Cow::Borrowed));
        }
        let text: String =
            serde_json::from_str(json).map_err(|_| Rejection::malformed(format!("{self}: text with an escape that is no character")))?;
        if text.contains('\0') {
            return Err(Rejection::invalid(format!("{self}: text with a NUL character, which Postgres cannot store")));
        }
        Ok(Some(Cow::Owned(text)))
    }

    /// Reads a `bigint` that must be there.
    pub fn bigint(self) -> Result<i64, Rejection> {
        self.integer(i64::MIN..=i64::MAX)
    }

    /// Reads an integer that must be there and within `range`. `2.0` and `"2"` are refused, because an integer column of the source never
    /// sends them.
    #[inline]
    pub fn integer(self, range: RangeInclusive<i64>) -> Result<i64, Rejection> {
        match self.kind() {
            Json::Null => return Err(self.missing()),
            Json::Number => {}
            _ => return Err(self.mismatch("an integer")),
        }
        let json = self.json();
        if let Some(number) = json.parse().ok().filter(|number| range.contains(number)) {
            return Ok(number);
        }
        if json.contains(['.', 'e', 'E']) {
            return Err(Rejection::invalid(format!("{self}: expected an integer, found a number with a fraction or an exponent")));
        }
        Err(Rejection::invalid(format!("{self}: integer out of range {} to {}", range.start(), range.end())))
    }

    /// The rejection of a field that must be there.
    #[cold]
    pub fn missing(self) -> Rejection {
        let what = if self.raw.is_some() { "null" } else { "missing or null" };
        Rejection::invalid(format!("{self}: {what}"))
    }

    /// The rejection of a row without a column that must be there.
    #[cold]
    pub fn absent(self) -> Rejection {
        Rejection::invalid(format!("{self}: the event does not have the column (was it renamed, dropped, or left out by the connector?)"))
    }

    /// The rejection of a field of another type.
    #[cold]
    pub fn mismatch(self, expected: &str) -> Rejection {
        let found = match self.kind() {
            Json::Null => "nothing",
            Json::Text => "text",
            Json::Number => "a number",
            Json::Boolean => "a boolean",
            Json::Object => "an object",
            Json::Array => "an array",
        };
        Rejection::invalid(format!("{self}: expected {expected}, found {found}"))
    }
}
