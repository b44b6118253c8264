//! Names and texts inside of statements. Every statement of the mirror takes them from here.

/// The name as an identifier. An identifier is always quoted, so that no word of SQL and no capital letter makes a difference.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The text as a literal, which means the same whatever `standard_conforming_strings` says. The rule is that of Postgres' own function
/// `quote_literal`.
#[must_use]
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// The names as a list of identifiers, with a comma between them.
#[must_use]
pub fn quote_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(quote_identifier).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_its_quotes_capitals_and_words_of_sql() {
        for (name, quoted) in
            [("select", r#""select""#), (r#"Table "y".z"#, r#""Table ""y"".z""#), ("größe_ßß", r#""größe_ßß""#), (r"a\b", r#""a\b""#)]
        {
            assert_eq!(quote_identifier(name), quoted);
        }
        assert_eq!(quote_list(["a", "B"]), r#""a", "B""#);
    }

    #[test]
    fn a_literal_keeps_its_quotes_and_backslashes() {
        for (text, quoted) in [("", "''"), ("it's", "'it''s'"), (r"a\b'c", r"E'a\\b''c'"), ("$$", "'$$'")] {
            assert_eq!(quote_literal(text), quoted);
        }
    }
}
