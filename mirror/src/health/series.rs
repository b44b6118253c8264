//! The state as Prometheus sees it: read when Prometheus asks.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use change::fate::{Fate, Fates};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use service::metrics::series::{counters, gauge, gauges};

use super::Health;
use super::state::{Answer, State, Table};
use super::view;

/// What stands for all that have no line of their own.
pub const OTHERS: &str = "(others)";

/// The collector that reads the state.
#[derive(Debug)]
pub struct Series(pub Health);

impl Collector for Series {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.read(|state| {
            servers(&mut encoder, state)?;
            partitions(&mut encoder, state)?;
            tables(&mut encoder, state)
        })
    }
}

fn servers(encoder: &mut DescriptorEncoder<'_>, state: &State) -> fmt::Result {
    let is_ready = view::verdict(state, Instant::now()).ready;
    gauges(encoder, "ready", "1 while /readyz answers 200", [([("probe", "readyz")], i64::from(is_ready))])?;
    let servers = [("postgres", &state.postgres), ("kafka", &view::kafka(state)), ("source", &state.source)];
    let up = servers.into_iter().filter_map(|(name, answer)| match answer {
        Answer::NotConfigured | Answer::Unknown => None,
        Answer::Up => Some(([("dependency", name)], 1)),
        Answer::Down(_) => Some(([("dependency", name)], 0)),
    });
    gauges(encoder, "dependency_up", "1 while the server answers", up)?;
    let pool = state.target.as_ref().map(ledger::Ledger::in_use);
    let connections = pool.into_iter().flat_map(|(in_use, max)| [("in_use", in_use), ("max", max)]);
    let connections = connections.map(|(what, number)| ([("state", what)], gauge(number as u64)));
    gauges(encoder, "database_connections", "Connections to the target in use, and the highest number", connections)?;
    let waiting = [([("where", "process")], gauge(state.in_process()))];
    gauges(encoder, "in_process_records", "Records read and not committed: in the inboxes, and in the batches that are worked on", waiting)
}

fn partitions(encoder: &mut DescriptorEncoder<'_>, state: &State) -> fmt::Result {
    let mut fates: BTreeMap<(&str, String), Fates> = BTreeMap::new();
    for ((topic, number), known) in &state.fates {
        *fates.entry(of_partition(state, topic, *number)).or_default() += *known;
    }
    let records = fates.iter().flat_map(|((topic, number), fates)| {
        Fate::ALL.map(|fate| ([("topic", *topic), ("partition", number.as_str()), ("fate", fate.as_str())], fates.of(fate)))
    });
    counters(encoder, "records", "Records by fate, since this process started", records)?;
    let mut lags: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for ((topic, number), known) in &state.partitions {
        if let Some(progress) = &known.progress {
            *lags.entry(of_partition(state, topic, *number)).or_default() += progress.lag();
        }
    }
    let lags = lags.iter().map(|((topic, number), lag)| ([("topic", *topic), ("partition", number.as_str())], gauge(*lag)));
    gauges(encoder, "partition_lag_records", "Offsets between what is committed and the end of the partition", lags)
}

/// The labels of a partition: its own, or those of all others.
fn of_partition<'a>(state: &State, topic: &'a str, number: i32) -> (&'a str, String) {
    if state.named_topics.has(topic) { (topic, number.to_string()) } else { (OTHERS, String::new()) }
}

fn tables(encoder: &mut DescriptorEncoder<'_>, state: &State) -> fmt::Result {
    let by = |value: fn(&Table) -> u64| by_table(state, |table| Some(value(table)));
    let (upserts, deletes) = (by(|table| table.written.upserts), by(|table| table.written.deletes));
    let rows = [("upsert", &upserts), ("delete", &deletes)];
    let rows = rows
        .into_iter()
        .flat_map(|(operation, tables)| tables.iter().map(move |(table, rows)| ([("table", *table), ("operation", operation)], *rows)));
    counters(encoder, "table_rows", "Rows inserted or updated, and rows deleted, by table", rows)?;
    let series =
        |values: BTreeMap<&str, u64>| values.into_iter().map(|(table, value)| ([("table", table.to_owned())], value)).collect::<Vec<_>>();
    let stale = series(by(|table| table.written.stale));
    counters(encoder, "table_stale", "Changes that were older than what was stored, by table", stale)?;
    counters(encoder, "table_letters", "Dead letters, by table", series(by(|table| table.letters)))?;
    let lags = state.lags();
    let lags =
        series(by_table(state, |table| table.topics.iter().filter_map(|topic| lags.get(topic)).copied().reduce(|all, lag| all + lag)));
    let lags = lags.into_iter().map(|(labels, lag)| (labels, gauge(lag)));
    gauges(encoder, "table_lag_records", "Offsets between what is committed and the ends of the partitions of the table's topic", lags)
}

/// The values of the tables that have lines of their own, and the sum of all others.
fn by_table(state: &State, value: impl Fn(&Table) -> Option<u64>) -> BTreeMap<&str, u64> {
    let mut lines = BTreeMap::new();
    for (name, table) in &state.tables {
        let line = if state.named_tables.has(name) { name.as_str() } else { OTHERS };
        if let Some(value) = value(table) {
            *lines.entry(line).or_default() += value;
        }
    }
    lines
}
