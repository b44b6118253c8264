//! The events of an order as they stand in Kafka, only on request: those whose offset a row, tombstone or letter names, each by one read at
//! its offset; and a search through the order's partition, which ends at a number of records and after a time (P10).
//!
//! Columns that are not of the contract may hold anything, so their values are masked like names and addresses (P11).

use std::time::{Duration, Instant};

use chrono::DateTime;
use kafka::reread::Reread;
use serde::Serialize;
use tokio::time::timeout;

use super::events;
use super::facts::OrderFacts;
use super::mask::Shown;
use super::moment::Moment;
use change::record::Record;

pub mod search;
mod text;
mod value;

pub use value::{Change, Column};

/// A record as it stands in Kafka.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceRecord"))]
pub struct Found {
    /// What names the record: `row`, `tombstone`, `letter`, `search`.
    pub named_by: &'static str,
    /// The topic.
    pub topic: String,
    /// Where the record stands, `<partition>@<offset>`.
    pub position: String,
    /// When Kafka got the record.
    pub at: Option<Moment>,
    /// Whether the key is that of the order. It is not if the topic was made anew since, or if the record has no readable key.
    pub is_of_order: bool,
    /// What the record says; `None` if it was not read, or says nothing that can be shown.
    pub change: Option<Change>,
    /// Why the record was not read, or is not shown.
    pub why_not: Option<String>,
}

/// A record that something names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    by: &'static str,
    topic: String,
    partition: i32,
    offset: i64,
}

/// The records that row, tombstone and letters name, each once. Offsets of another epoch are of another topic, or of its former self.
fn named(facts: &OrderFacts) -> Vec<Named> {
    let Some(stored) = facts.postgres.get() else { return Vec::new() };
    let (epoch, topic) = (facts.settings.epoch, &facts.settings.orders_topic);
    let row = stored.row.iter().map(|row| ("row", row.position));
    let states = row.chain(stored.tombstone.iter().map(|tombstone| ("tombstone", tombstone.position)));
    let states = states.filter(|(_, position)| position.epoch == epoch);
    let of_state = states.map(|(by, position)| Named { by, topic: topic.clone(), partition: position.partition, offset: position.offset });
    let letters = stored.letters.iter().filter(|letter| letter.epoch == epoch).map(|letter| Named {
        by: "letter",
        topic: letter.topic.clone(),
        partition: letter.partition,
        offset: letter.offset,
    });
    let mut named: Vec<Named> = Vec::new();
    for next in of_state.chain(letters) {
        if !named.iter().any(|known| (&known.topic, known.partition, known.offset) == (&next.topic, next.partition, next.offset)) {
            named.push(next);
        }
    }
    named
}

/// How long reading may take.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Each record, the connection included.
    pub each: Duration,
    /// All of them. Those for which no time is left are named and not read.
    pub all: Duration,
}

/// Reads the records that are named, within the limits.
pub async fn read(facts: &OrderFacts, reread: &Reread, within: Reading, shown: Shown) -> Vec<Found> {
    let (began, mut found) = (Instant::now(), Vec::new());
    for named in named(facts) {
        let patience = within.each.min(within.all.saturating_sub(began.elapsed()));
        let read = timeout(patience, one(reread, &named)).await;
        let silent = |_| Err(format!("no answer within {} ms", patience.as_millis()));
        found.push(match read.unwrap_or_else(silent) {
            Ok(record) => view(&record, facts.id, named.by, shown),
            Err(why) => Found {
                named_by: named.by,
                position: events::place(named.partition, named.offset),
                topic: named.topic,
                at: None,
                is_of_order: false,
                change: None,
                why_not: Some(why),
            },
        });
    }
    found
}

async fn one(reread: &Reread, named: &Named) -> Result<Record, String> {
    let found = reread.one(&named.topic, named.partition, named.offset).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| "it is gone from the topic".to_owned())
}

/// What is shown of a record.
fn view(record: &Record, order_id: i64, by: &'static str, shown: Shown) -> Found {
    let change = value::of(record.value.as_deref(), shown);
    Found {
        named_by: by,
        topic: record.topic.to_string(),
        position: events::place(record.partition, record.offset),
        at: record.timestamp_ms.and_then(DateTime::from_timestamp_millis).map(Moment),
        is_of_order: is_of(record, order_id),
        why_not: change.as_ref().err().map(|why| (*why).to_owned()),
        change: change.ok(),
    }
}

/// Whether the key of a record is that of the order.
fn is_of(record: &Record, order_id: i64) -> bool {
    change::envelope::id_of_key(record).is_some_and(|id| id.bigint().is_ok_and(|id| id == order_id))
}
