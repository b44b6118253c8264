//! The timeline of an order: its recorded changes, or what its row and tombstone tell of its past where nothing is recorded; and its letters.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::facts::OrderFacts;
use super::mask::Shown;
use super::moment::Moment;
use crate::results::history::StoredChange;
use crate::results::traces::{StoredLetter, StoredOrder, StoredRow, Tombstone};

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceEvent"))]
pub struct Event {
    /// When.
    pub at: Moment,
    /// What: `created`, `changed`, `written`, `deleted`, `emptied`, `letter`, `letter_closed`.
    pub op: &'static str,
    /// Where the event of it stands, `<partition>@<offset>`.
    pub position: Option<String>,
    /// What became of it.
    pub fate: Option<String>,
    /// Why it happened, where that is recorded.
    pub cause: Option<String>,
    /// What was changed, where that is recorded.
    pub changed: Vec<Changed>,
    /// More of it, in words.
    pub note: Option<String>,
    /// What tells of it: `history`, `row`, `tombstone`, `letter`.
    pub from: &'static str,
}

/// A column that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceChanged"))]
pub struct Changed {
    /// The column.
    pub column: String,
    /// The value before, if it is recorded.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
}

impl Event {
    fn new(at: DateTime<Utc>, op: &'static str, from: &'static str) -> Self {
        Self { at: Moment(at), op, position: None, fate: None, cause: None, changed: Vec::new(), note: None, from }
    }
}

/// What happened to the order, the first first.
#[must_use]
pub fn of(facts: &OrderFacts, shown: Shown) -> Vec<Event> {
    let Some(stored) = facts.postgres.get() else { return Vec::new() };
    let mut events = of_history(&stored.history.changes, shown);
    events.extend(stored.row.iter().filter(|row| !is_recorded(stored, row.row.revision)).flat_map(of_row));
    events.extend(stored.tombstone.iter().filter(|tombstone| !is_recorded(stored, tombstone.revision)).map(of_tombstone));
    events.extend(stored.letters.iter().flat_map(of_letter));
    events.sort_by_key(|event| event.at);
    events
}

fn is_recorded(stored: &StoredOrder, revision: i64) -> bool {
    stored.history.changes.iter().any(|change| change.revision == revision)
}

/// A position as people read it.
#[must_use]
pub fn place(partition: i32, offset: i64) -> String {
    format!("{partition}@{offset}")
}

/// The recorded changes, in the order of their revisions. What a column was before is what the changes before have made it.
fn of_history(changes: &[StoredChange], shown: Shown) -> Vec<Event> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let event = |change: &StoredChange| {
        let op = match change.op {
            'i' => "created",
            'd' => "deleted",
            't' => "emptied",
            _ => "changed",
        };
        let masked = |column: &str, value: Option<&String>| value.map(|value| shown.column(column, value));
        let changed = change.changed.iter().map(|(column, after)| Changed {
            column: column.clone(),
            before: masked(column, known.get(column).and_then(Option::as_ref)),
            after: masked(column, after.as_ref()),
        });
        let changed = changed.collect();
        known.extend(change.changed.clone());
        if op != "created" && op != "changed" {
            known.clear();
        }
        Event {
            position: Some(place(change.partition, change.offset)),
            cause: Some(change.cause.clone()),
            changed,
            note: Some(format!("revision {}, {}", change.revision, change.enrichment)),
            ..Event::new(change.at, op, "history")
        }
    };
    changes.iter().map(event).collect()
}

fn of_row(stored: &StoredRow) -> Vec<Event> {
    let StoredRow { row, position } = stored;
    let stands = Some(place(position.partition, position.offset));
    let changed = position.ts_ms.and_then(DateTime::from_timestamp_millis).map(|at| Event {
        position: stands.clone(),
        fate: Some("applied".to_owned()),
        ..Event::new(at, "changed", "row")
    });
    let note = Some(format!("revision {}, {}", row.revision, row.enrichment.as_str()));
    let written = Event { position: stands, note, ..Event::new(row.processed_at, "written", "row") };
    changed.into_iter().chain([written]).collect()
}

fn of_tombstone(tombstone: &Tombstone) -> Event {
    let Tombstone { deleted_at, revision, position } = tombstone;
    let note = Some(format!("revision {revision}"));
    let position = Some(place(position.partition, position.offset));
    Event { position, fate: Some("applied".to_owned()), note, ..Event::new(*deleted_at, "deleted", "tombstone") }
}

fn of_letter(letter: &StoredLetter) -> Vec<Event> {
    let position = Some(place(letter.partition, letter.offset));
    let note = Some(letter.message.clone()).filter(|message| !message.is_empty());
    let refused =
        Event { position: position.clone(), fate: Some(letter.reason.clone()), note, ..Event::new(letter.created_at, "letter", "letter") };
    let closed =
        letter.resolved_at.map(|at| Event { position, fate: letter.resolution.clone(), ..Event::new(at, "letter_closed", "letter") });
    [refused].into_iter().chain(closed).collect()
}
