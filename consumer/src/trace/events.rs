//! The timeline of an order: what its row, its tombstone and its letters tell of its past.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::facts::OrderFacts;
use super::moment::Moment;
use crate::results::traces::{StoredLetter, StoredRow, Tombstone};

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// What: `changed`, `written`, `deleted`, `letter`, `letter_closed`.
    pub op: &'static str,
    /// Where the event of it stands, `<partition>@<offset>`.
    pub position: Option<String>,
    /// What became of it.
    pub fate: Option<String>,
    /// More of it, in words.
    pub note: Option<String>,
    /// What tells of it: `row`, `tombstone`, `letter`.
    pub from: &'static str,
}

impl Event {
    fn new(at: DateTime<Utc>, op: &'static str, from: &'static str) -> Self {
        Self { at: Moment(at), op, position: None, fate: None, note: None, from }
    }
}

/// What happened to the order, the first first.
#[must_use]
pub fn of(facts: &OrderFacts) -> Vec<Event> {
    let Some(stored) = facts.postgres.get() else { return Vec::new() };
    let mut events = Vec::new();
    events.extend(stored.row.iter().flat_map(of_row));
    events.extend(stored.tombstone.iter().flat_map(of_tombstone));
    events.extend(stored.letters.iter().flat_map(of_letter));
    events.sort_by_key(|event| event.at);
    events
}

/// A position as people read it.
#[must_use]
pub fn place(partition: i32, offset: i64) -> String {
    format!("{partition}@{offset}")
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

fn of_tombstone(tombstone: &Tombstone) -> Vec<Event> {
    let Tombstone { deleted_at, revision, position } = tombstone;
    let note = Some(format!("revision {revision}"));
    let position = Some(place(position.partition, position.offset));
    vec![Event { position, fate: Some("applied".to_owned()), note, ..Event::new(*deleted_at, "deleted", "tombstone") }]
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
