//! The table of docs/metrics.md, made of what a process exposes. For this the test makes everything happen once that a process counts, so a
//! metric without a series here is a metric that this file does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use change::fate::Fates;
use kafka::source::{Event, SourceProgress, TopicPartition, Watermarks};
use ledger::{Ledger, StoreConfig};
use mirror::store::{Stored, Written};
use orderstream::health::{BreakerReading, Breakers, Dependency};
use orderstream::metrics::Metrics;
use orderstream::orders::absent::ContractColumn;
use orderstream::redis::breaker::State;
use service::settings::Renewable;
use service::traces::Spans;

/// The endings of a histogram's series, of which the table shows none.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// A metric as the text of `/metrics` describes it.
#[derive(Debug, Default)]
struct Described {
    kind: String,
    help: String,
    labels: BTreeMap<String, BTreeSet<String>>,
    is_shown: bool,
}

/// The lines of the table of `orderstream run`, one for each metric, in the order of `/metrics`.
pub(crate) fn table() -> String {
    table_of(&example())
}

/// The same of `orderstream mirror run`.
pub(crate) fn table_of_mirror() -> String {
    table_of(&example_of_mirror())
}

fn table_of(text: &str) -> String {
    let mut table = String::from("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    for (name, metric) in described(text) {
        assert!(metric.is_shown, "{name} has no series: let consumer/tests/docs/metrics.rs make it happen");
        let labels: Vec<String> = metric.labels.iter().map(|(label, values)| cell(label, values)).collect();
        writeln!(table, "| `{name}` | {} | {} | {} |", metric.kind, labels.join("; "), metric.help.trim_end_matches('.')).unwrap();
    }
    table
}

/// A label with its values, if these are a closed set.
fn cell(label: &str, values: &BTreeSet<String>) -> String {
    let is_closed = values.len() > 1 && !["topic", "partition", "table"].contains(&label);
    if is_closed { format!("`{label}`: {}", values.iter().cloned().collect::<Vec<_>>().join(", ")) } else { format!("`{label}`") }
}

fn described(text: &str) -> Vec<(String, Described)> {
    let mut all: Vec<(String, Described)> = Vec::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            all.push((name.to_owned(), Described { help: help.to_owned(), ..Described::default() }));
        } else if let Some((_, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kind.clone_into(&mut all.last_mut().unwrap().1.kind);
        } else {
            let (name, metric) = all.last_mut().unwrap();
            let rest = line.strip_prefix(name.as_str()).unwrap_or_else(|| panic!("{line} stands below {name}"));
            metric.note(rest);
        }
    }
    all
}

impl Described {
    /// Notes what stands behind the name of a sample.
    fn note(&mut self, sample: &str) {
        self.is_shown = true;
        let sample = OF_HISTOGRAMS.iter().find_map(|ending| sample.strip_prefix(ending)).unwrap_or(sample);
        let Some((labels, _)) = sample.strip_prefix('{').and_then(|labels| labels.split_once('}')) else { return };
        for (label, value) in labels.split(',').filter_map(|label| label.split_once('=')).filter(|(label, _)| *label != "le") {
            self.labels.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
        }
    }
}

/// What `/metrics` shows once everything has happened.
fn example() -> String {
    let health = super::reasons::degraded();
    let metrics = Metrics::new(health.clone(), Spans::default());
    let topic: Arc<str> = "shop.public.orders".into();
    health.up(Dependency::Postgres);
    health.claiming(&topic, 0);
    health.claimed(&topic, 0, 10, Fates::default());
    health.high_watermark(&topic, 0, 15, Instant::now());
    let reading = || BreakerReading {
        state: "closed",
        states: State::ALL.map(State::as_str).to_vec(),
        transitions: vec![("closed", "open", 1)],
        ..BreakerReading::default()
    };
    health.watch_breakers(move || Breakers { server: reading(), writes: reading() });
    metrics.partition_claimed(&topic, 0);
    metrics.column_absent(&topic, ContractColumn::ALL[0], 1);
    metrics.redis_behind(&topic, 0, 0);
    metrics.encode_plain().unwrap()
}

/// What `/metrics` of the mirror shows once everything has happened.
fn example_of_mirror() -> String {
    let health = mirror::health::Health::default();
    let metrics = mirror::metrics::Metrics::new(health.clone(), mirror::metrics::Program { version: "0", revision: "0" });
    let partition = TopicPartition { topic: "cdc.public.orders".into(), number: 0 };
    let progress = Arc::new(SourceProgress::new(0, Watermarks { low: 0, high: 10 }));
    let target = StoreConfig {
        url: Renewable::from("postgres://mirror@localhost/mirror".to_owned()),
        max_connections: 4,
        statement_timeout: Duration::from_secs(1),
        lock_timeout: Duration::from_secs(1),
    };
    health.begun(Ledger::new(&target).unwrap(), true);
    health.note(Event::Assigned);
    health.note(Event::Started { partition: partition.clone(), start: 0, progress });
    health.postgres(Ok(()));
    health.source(Ok(()));
    let stored = Stored { fates: Fates { applied: 1, ..Fates::default() }, tables: vec![("public.orders".to_owned(), Written::default())] };
    health.committed(&partition, 1, stored, &[]);
    metrics.encode_plain().unwrap()
}
