//! The bytes of a record as text: what a person asks for who wants to see a letter itself. They may hold personal data (P11).

use std::fmt;

use change::record::Record;
use serde::Serialize;

/// A record's headers, key and value as text that is nothing but text wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payload {
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The key; `None` is null.
    pub key: Option<String>,
    /// The value; `None` is null.
    pub value: Option<String>,
    /// Whether something was longer than the limit, or there were more headers than are shown.
    pub truncated: bool,
}

/// How many headers are shown at most (P10).
const MOST_HEADERS: usize = 100;

impl Payload {
    /// The texts of a record, of each part at most so many bytes.
    #[must_use]
    pub fn of(record: &Record, limit: usize) -> Self {
        let mut truncated = record.headers.iter().count() > MOST_HEADERS;
        let mut text = |bytes: &[u8]| {
            truncated |= bytes.len() > limit;
            escaped(&bytes[..bytes.len().min(limit)])
        };
        let mut headers = Vec::new();
        for (name, value) in record.headers.iter().take(MOST_HEADERS) {
            headers.push((text(name.as_bytes()), value.map_or("null".to_owned(), &mut text)));
        }
        let key = record.key.as_deref().map(&mut text);
        let value = record.value.as_deref().map(&mut text);
        Self { headers, key, value, truncated }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.headers.iter().try_for_each(|(name, value)| writeln!(f, "header {name}: {value}"))?;
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "null".to_owned());
        writeln!(f, "key: {}\nvalue: {}", text(&self.key), text(&self.value))
    }
}

/// The text with an escape for whatever commands a terminal, turns the direction of writing or cannot be seen. Quotes stay, so that JSON can be
/// read.
fn escaped(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' | '\'' => out.push(letter),
            other => out.extend(other.escape_debug()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_readable_and_commands_nothing() {
        assert_eq!(escaped(br#"{"id":"it's"}"#), r#"{"id":"it's"}"#);
        assert_eq!(escaped("a\n\u{1b}[2J\u{202e}\\\u{fffd}".as_bytes()), "a\\n\\u{1b}[2J\\u{202e}\\\\\u{fffd}");
        assert_eq!(escaped(b"\xff<b>"), "\u{fffd}<b>");
    }
}
