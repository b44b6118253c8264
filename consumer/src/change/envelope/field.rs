//! One field of an event: where it is, its raw JSON, and the typed readers that say what they expected.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use crate::change::rejection::Rejection;

/// A field by its place, for messages, and its raw JSON. In a row absent and null are two things; elsewhere in an event they are the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// The object that holds the field: `after`, `source`, `key`; empty for a flat row.
    pub(super) place: &'static str,
    /// The field's name; empty for a bare key.
    pub(super) name: &'static str,
    /// Its JSON without surrounding white space; none where it is absent.
    pub(super) raw: Option<&'a str>,
}

/// The JSON types by which a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn json(self) -> &'a str {
        self.raw.unwrap_or_default()
    }

    /// The JSON type; the first byte tells it.
    pub(super) fn kind(self) -> Kind {
        match self.json().as_bytes().first() {
            None | Some(b'n') => Kind::Null,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(_) => Kind::Number,
        }
    }

    /// A text that must be there.
    pub(super) fn text(self) -> Result<Cow<'a, str>, Rejection> {
        self.optional_text()?.ok_or_else(|| self.missing())
    }

    /// A text or null. Postgres cannot store the NUL character, which JSON can write.
    pub(super) fn optional_text(self) -> Result<Option<Cow<'a, str>>, Rejection> {
        match self.kind() {
            Kind::Null => return Ok(None),
            Kind::Text => {}
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

    /// A `bigint` that must be there.
    pub(super) fn bigint(self) -> Result<i64, Rejection> {
        self.integer(i64::MIN..=i64::MAX)
    }

    /// An integer that must be there, within `range`. `2.0` and `"2"` are no integers: the source's column would not be one either.
    pub(super) fn integer(self, range: RangeInclusive<i64>) -> Result<i64, Rejection> {
        match self.kind() {
            Kind::Null => return Err(self.missing()),
            Kind::Number => {}
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
    pub(super) fn missing(self) -> Rejection {
        let what = if self.raw.is_some() { "null" } else { "missing or null" };
        Rejection::invalid(format!("{self}: {what}"))
    }

    /// The rejection of a row without a column that must be there.
    #[cold]
    pub(super) fn absent(self) -> Rejection {
        Rejection::invalid(format!("{self}: the event does not have the column (was it renamed, dropped, or left out by the connector?)"))
    }

    /// The rejection of a field of another type.
    #[cold]
    pub(super) fn mismatch(self, expected: &str) -> Rejection {
        let found = match self.kind() {
            Kind::Null => "nothing",
            Kind::Text => "text",
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
            Kind::Object => "an object",
            Kind::Array => "an array",
        };
        Rejection::invalid(format!("{self}: expected {expected}, found {found}"))
    }
}
