//! The forms in which Debezium writes that it does not know an unchanged value (`unavailable.value.placeholder`).
//! Source: `UnchangedToastedPlaceholder.java` and `UnchangedToastedReplicationMessageColumn.java` of Debezium 3.6.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::Kind;
use super::binary::push_hex;

/// The placeholder for unchanged values that Postgres stores apart, in each of its forms as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    text: String,
    base64: String,
    texts: String,
    base64s: String,
    integers: String,
    uuids: String,
    pairs: String,
    pairs_text: String,
}

impl Default for Placeholder {
    /// Debezium's default.
    fn default() -> Self {
        Self::new("__debezium_unavailable_value")
    }
}

impl Placeholder {
    /// The placeholder of a connector's setting: a text, or bytes as `hex:` with hexadecimal digits.
    #[must_use]
    pub fn new(setting: &str) -> Self {
        let bytes = setting.strip_prefix("hex:").map_or_else(|| setting.as_bytes().to_vec(), from_hex);
        let text = String::from_utf8_lossy(&bytes);
        let base64 = STANDARD.encode(&bytes);
        // Java's bytes have a sign.
        let integers: Vec<i8> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        let pairs = json!({ text.as_ref(): text });
        let pairs_text = Value::String(pairs.to_string());
        Self {
            text: json!(text).to_string(),
            base64: json!(base64).to_string(),
            texts: json!([text]).to_string(),
            base64s: json!([base64]).to_string(),
            integers: json!(integers).to_string(),
            uuids: json!([named_uuid(&bytes)]).to_string(),
            pairs: pairs.to_string(),
            pairs_text: pairs_text.to_string(),
        }
    }

    /// No placeholder: each value is taken for what it is.
    #[must_use]
    pub fn none() -> Self {
        let none = String::new;
        Self {
            text: none(),
            base64: none(),
            texts: none(),
            base64s: none(),
            integers: none(),
            uuids: none(),
            pairs: none(),
            pairs_text: none(),
        }
    }

    fn has_form(&self, raw: &str) -> bool {
        let forms = [&self.base64, &self.texts, &self.base64s, &self.integers, &self.uuids, &self.pairs, &self.pairs_text];
        forms.into_iter().any(|form| form == raw)
    }

    /// Whether the JSON of a column of this kind is the placeholder.
    #[inline]
    pub(super) fn stands_for(&self, kind: &Kind, raw: &str) -> bool {
        if raw == self.text {
            return true;
        }
        match kind {
            Kind::Bytea | Kind::Unknown | Kind::Points(_) => raw == self.base64,
            // Nothing tells which type the source has, and none of the forms is a likely value.
            Kind::AsIs => self.has_form(raw),
            Kind::Hstore => raw == self.pairs_text || raw == self.pairs,
            Kind::Array { element, .. } => match element.as_ref() {
                Kind::Text => raw == self.texts || raw == self.uuids,
                Kind::Bytea => raw == self.base64s,
                Kind::Integer | Kind::Date => raw == self.integers,
                _ => raw == self.texts,
            },
            _ => false,
        }
    }
}

/// Pairs of hexadecimal digits; what is none is passed over, because the connector refuses such a setting.
fn from_hex(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Java's `UUID.nameUUIDFromBytes`: the MD5 with the bits of version 3.
fn named_uuid(bytes: &[u8]) -> String {
    let mut digest: [u8; 16] = Md5::digest(bytes).into();
    digest[6] = digest[6] & 0x0f | 0x30;
    digest[8] = digest[8] & 0x3f | 0x80;
    let mut hex = String::with_capacity(36);
    for part in [&digest[..4], &digest[4..6], &digest[6..8], &digest[8..10], &digest[10..]] {
        if !hex.is_empty() {
            hex.push('-');
        }
        push_hex(&mut hex, part);
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array_of(element: Kind) -> Kind {
        Kind::Array { element: Box::new(element), delimiter: ',' }
    }

    #[test]
    fn each_kind_has_its_form_of_the_placeholder() {
        let placeholder = Placeholder::default();
        for (kind, raw) in [
            (Kind::Text, r#""__debezium_unavailable_value""#),
            (Kind::Numeric { scale: None }, r#""__debezium_unavailable_value""#),
            (Kind::Bytea, r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#),
            (Kind::Bytea, r#""__debezium_unavailable_value""#),
            (Kind::Hstore, r#""{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}""#),
            (Kind::Hstore, r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#),
            (array_of(Kind::Text), r#"["__debezium_unavailable_value"]"#),
            (array_of(Kind::Text), r#"["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]"#),
            (array_of(Kind::Bytea), r#"["X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="]"#),
            (
                array_of(Kind::Integer),
                "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
            ),
        ] {
            assert!(placeholder.stands_for(&kind, raw), "{kind:?} {raw}");
            assert!(!Placeholder::none().stands_for(&kind, raw), "{kind:?} {raw}");
        }
    }

    #[test]
    fn the_same_json_is_a_value_for_another_kind() {
        let placeholder = Placeholder::default();
        for (kind, raw) in [
            (Kind::Text, r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#),
            (Kind::Text, r#""\"__debezium_unavailable_value\"""#),
            (array_of(Kind::Text), "[]"),
            (Kind::Bytea, r#""""#),
        ] {
            assert!(!placeholder.stands_for(&kind, raw), "{kind:?} {raw}");
        }
    }

    #[test]
    fn a_placeholder_can_be_any_bytes() {
        let placeholder = Placeholder::new("hex:00ff");
        assert!(placeholder.stands_for(&Kind::Bytea, r#""AP8=""#));
        assert!(placeholder.stands_for(&array_of(Kind::Integer), "[0,-1]"));
        assert!(Placeholder::new("gone").stands_for(&Kind::Text, r#""gone""#));
    }
}
