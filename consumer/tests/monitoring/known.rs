//! The metrics that there are: those of docs/metrics.md, which are the program's own, those that the rules record, and those of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::files::{deploy, of_agents, rules};
use crate::promql::selected;

/// The series of Prometheus itself, and those of node_exporter.
const OF_OTHERS: [&str; 4] = ["up", "ALERTS", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"];

/// The labels that Prometheus adds.
const ADDED: [&str; 3] = ["job", "instance", "le"];

/// The labels of a metric, each with its values if they are a closed set; `None` if the labels are not known.
type Labels = Option<BTreeMap<String, BTreeSet<String>>>;

/// All metrics that there are, by the names of their series.
pub fn known() -> BTreeMap<String, Labels> {
    let mut known: BTreeMap<String, Labels> = OF_OTHERS.iter().map(|name| ((*name).to_owned(), None)).collect();
    known.extend(rules().into_iter().filter(|rule| !rule.record.is_empty()).map(|rule| (rule.record, None)));
    known.extend(of_agents().into_iter().map(|name| (name, None)));
    known.extend(of_the_program());
    known
}

/// The table of docs/metrics.md. A test of the documentation compares the table with the program.
fn of_the_program() -> Vec<(String, Labels)> {
    let text = fs::read_to_string(deploy().join("../docs/metrics.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `orderstream_"));
    let mut metrics = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [name, kind, labels, _] = cells[..] else { panic!("{row} has four columns") };
        let name = format!("orderstream_{}", name.trim_end_matches('`'));
        let endings: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        metrics.extend(endings.iter().map(|ending| (format!("{name}{ending}"), Some(labels_of(labels)))));
    }
    assert!(metrics.len() > 30, "the table has metrics");
    metrics
}

fn labels_of(cell: &str) -> BTreeMap<String, BTreeSet<String>> {
    let label = |text: &str| {
        let (name, values) = text.split_once(": ").unwrap_or((text, ""));
        let values = values.split(", ").filter(|value| !value.is_empty()).map(str::to_owned);
        (name.trim_matches('`').to_owned(), values.collect())
    };
    cell.split("; ").filter(|text| !text.is_empty()).map(label).collect()
}

/// What an expression names that there is not: a metric, a label, or a value of a label.
pub fn unknown(expr: &str, known: &BTreeMap<String, Labels>) -> Vec<String> {
    let mut wrong = Vec::new();
    for selected in selected(expr) {
        match known.get(&selected.name) {
            None => wrong.push(format!("no metric {}", selected.name)),
            Some(None) => {}
            Some(Some(labels)) => {
                for (label, values) in selected.matchers.iter().filter(|(label, _)| !ADDED.contains(&label.as_str())) {
                    match labels.get(label) {
                        None => wrong.push(format!("{} has no label {label}", selected.name)),
                        Some(closed) => {
                            let absent = values.iter().filter(|value| !closed.is_empty() && !closed.contains(*value));
                            wrong.extend(absent.map(|value| format!("{}: {label} is never {value}", selected.name)));
                        }
                    }
                }
            }
        }
    }
    wrong
}
