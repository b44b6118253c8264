//! The metrics that an expression of PromQL names. promtool and Prometheus judge the rest of an expression; this reader only tells names of
//! metrics from functions, labels, numbers and texts.

/// The words between expressions. Each of the words that a list in brackets follows (`by`, `on`) is told by that bracket.
const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// The words before a list of labels.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// A metric that an expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The name.
    pub name: String,
    /// What the labels must be: label and texts, of which one has to agree.
    pub matchers: Vec<(String, Vec<String>)>,
}

/// The metrics of an expression.
pub fn selected(expr: &str) -> Vec<Selected> {
    let mut found: Vec<Selected> = Vec::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        let (word, behind) = rest.split_at(rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len()));
        let follows = behind.trim_start();
        let is_function = follows.starts_with('(') || ["by ", "without "].iter().any(|word| follows.starts_with(word));
        rest = match first {
            '"' => rest[1..].split_once('"').map_or("", |(_, behind)| behind),
            '[' => rest.split_once(']').map_or("", |(_, behind)| behind),
            '{' => {
                let (labels, behind) = rest[1..].split_once('}').unwrap_or((rest, ""));
                found.last_mut().unwrap_or_else(|| panic!("{expr}: labels without a name")).matchers = matchers(labels);
                behind
            }
            _ if word.is_empty() => &rest[first.len_utf8()..],
            _ if BEFORE_LABELS.contains(&word) => behind.split_once(')').map_or("", |(_, behind)| behind),
            // A number, with its exponent.
            _ if first.is_ascii_digit() || first == '.' || WORDS.contains(&word) || is_function => behind,
            _ => {
                found.push(Selected { name: word.to_owned(), matchers: Vec::new() });
                behind
            }
        };
    }
    found
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

/// The labels between braces. No text of ours has a comma.
fn matchers(labels: &str) -> Vec<(String, Vec<String>)> {
    let parts = labels.split(',').filter_map(|part| part.split_once('='));
    let texts = |value: &str| value.trim_start_matches(['~', ' ']).trim().trim_matches('"').split('|').map(str::to_owned).collect();
    parts.map(|(label, value)| (label.trim().trim_end_matches('!').to_owned(), texts(value))).collect()
}

#[test]
fn names_of_metrics_are_told_from_functions_labels_numbers_and_words() {
    let expr =
        r#"sum by (job, le) (rate(a_total{job="x", state=~"p|q"}[5m])) > 1e6 and on (job) a:b:sum >= .5 or vector(0) unless up{c!="d"}"#;
    let names: Vec<String> = selected(expr).into_iter().map(|selected| selected.name).collect();
    assert_eq!(names, ["a_total", "a:b:sum", "up"]);
    let matchers = &selected(expr)[0].matchers;
    assert_eq!(matchers[0], ("job".to_owned(), vec!["x".to_owned()]));
    assert_eq!(matchers[1], ("state".to_owned(), vec!["p".to_owned(), "q".to_owned()]));
}
