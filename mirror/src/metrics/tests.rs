//! Tests of the text that Prometheus reads.

use change::fate::Fates;
use kafka::source::{Event, TopicPartition};

use super::*;
use crate::health::named::LINES;
use crate::store::{Stored, Written};

const PROGRAM: Program = Program { version: "0", revision: "test" };

fn at(topic: &str) -> TopicPartition {
    TopicPartition { topic: topic.into(), number: 0 }
}

/// A batch that has written so many rows of a table, whose topic has the same name.
fn wrote(health: &Health, table: &str, upserts: u64, deletes: u64) {
    let written = Written { upserts, deletes, stale: 0 };
    let fates = Fates { applied: upserts + deletes, ..Fates::default() };
    health.note(Event::Owned(at(table)));
    health.committed(&at(table), 1, Stored { fates, tables: vec![(table.to_owned(), written)] }, &[]);
}

#[track_caller]
fn has(metrics: &Metrics, line: &str) {
    let text = metrics.encode_plain().unwrap();
    assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
}

#[test]
fn what_was_written_and_what_was_deleted_are_counted_apart() {
    let health = Health::default();
    let metrics = Metrics::new(health.clone(), PROGRAM);
    wrote(&health, "a", 3, 1);
    wrote(&health, "a", 2, 0);
    has(&metrics, r#"orderstream_mirror_table_rows_total{table="a",operation="upsert"} 5"#);
    has(&metrics, r#"orderstream_mirror_table_rows_total{table="a",operation="delete"} 1"#);
    has(&metrics, r#"orderstream_mirror_records_total{topic="a",partition="0",fate="applied"} 6"#);
}

#[test]
fn no_line_goes_down_when_tables_appear() {
    let health = Health::default();
    let metrics = Metrics::new(health.clone(), PROGRAM);
    (0..LINES).for_each(|number| wrote(&health, &format!("n{number:04}"), 1, 0));
    let others = |rows: u64| format!(r#"orderstream_mirror_table_rows_total{{table="(others)",operation="upsert"}} {rows}"#);
    wrote(&health, "z", 7, 0);
    has(&metrics, &others(7));
    // The name comes before all that have lines, and its line is that of the others nevertheless.
    wrote(&health, "a", 4, 0);
    has(&metrics, &others(11));
    has(&metrics, r#"orderstream_mirror_table_rows_total{table="n0199",operation="upsert"} 1"#);
    has(&metrics, r#"orderstream_mirror_records_total{topic="(others)",partition="",fate="applied"} 11"#);
}

#[test]
fn what_a_partition_has_counted_stays_when_it_moves_away() {
    let health = Health::default();
    let metrics = Metrics::new(health.clone(), PROGRAM);
    wrote(&health, "a", 3, 0);
    health.note(Event::Revoked(at("a")));
    has(&metrics, r#"orderstream_mirror_records_total{topic="a",partition="0",fate="applied"} 3"#);
}
