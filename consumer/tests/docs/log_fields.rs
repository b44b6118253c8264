//! The fields of log lines: the names that the code gives them, and those that docs/logging.md lists.

use std::collections::BTreeSet;

/// The macros that write a line.
const MACROS: [&str; 5] = ["error!(", "warn!(", "info!(", "debug!(", "trace!("];

/// The names of the fields of all lines that the code writes.
pub(crate) fn written(code: &str) -> BTreeSet<String> {
    let calls = MACROS.iter().flat_map(|name| code.split(name).skip(1));
    calls.flat_map(arguments).filter_map(|argument| field(&argument)).collect()
}

/// The names that a table lists: the first cell of each row, in backquotes.
pub(crate) fn listed(document: &str) -> BTreeSet<String> {
    let cells = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    cells.map(|(name, _)| name.to_owned()).collect()
}

/// The arguments of a macro, without what stands inside texts.
fn arguments(call: &str) -> Vec<String> {
    let (mut all, mut current, mut depth, mut is_text, mut is_escaped) = (Vec::new(), String::new(), 0, false, false);
    for c in call.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => {
                is_text = !is_text;
                current.push('"');
            }
            _ if is_text => {}
            ')' if depth == 0 => break,
            ',' if depth == 0 => all.push(std::mem::take(&mut current)),
            _ => {
                depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
                current.push(c);
            }
        }
    }
    all.push(current);
    all
}

/// The name of a field; `None` if the argument is the sentence.
fn field(argument: &str) -> Option<String> {
    let name = argument.split('=').next()?.trim().trim_start_matches(['%', '?']);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    is_name.then(|| name.to_owned())
}

#[test]
fn fields_are_told_from_sentences_and_from_what_stands_in_them() {
    let code = r#"
        tracing::warn!(
            topic = %self.topic, partition, found = row.map(|row| (row.next, 1)), %error,
            "a sentence, with a comma (and more), and \"quotes\""
        );
        info!("nothing but a sentence");
    "#;
    assert_eq!(written(code).into_iter().collect::<Vec<_>>(), ["error", "found", "partition", "topic"]);
    assert_eq!(listed("| field | |\n|---|---|\n| `topic` | the topic |\n").into_iter().collect::<Vec<_>>(), ["topic"]);
}
