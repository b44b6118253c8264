//! The answer about an order for programs. Numbers of 64 bits and amounts are texts, because readers of JSON may take numbers for doubles.
//! Names and addresses are masked here, unless they are asked for (P11).

use std::time::Duration;

use chrono::SecondsFormat;
use serde::Serialize;

use super::events::{self, Event};
use super::facts::{Asked, OrderFacts};
use super::hash;
use super::mask::Shown;
use super::moment::Moment;
use super::place;
use super::records::Found;
use super::records::search::Searched;
use super::unknown;
use super::verdict::{Verdict, verdict};
use crate::redis::cache::look::Seen;
use crate::redis::cache::texts_of;
use crate::results::traces::{DueOrder, StoredLetter, StoredOrder};

mod shapes;
mod steps;

pub use shapes::{Columns, Diff, Due, Hash, Letter, NotAnswered, Partition, Took};
pub use steps::Step;

/// The answer about an order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OrderReport {
    /// The order.
    pub id: String,
    /// When the servers were asked.
    pub at: Moment,
    /// How long each server took.
    pub took_ms: Took,
    /// The verdict.
    pub verdict: Verdict,
    /// The way of the order: shop, Kafka, results, hash.
    pub steps: Vec<Step>,
    /// The columns of the row, and its position; `None` without a row.
    pub row: Option<Columns>,
    /// When the order was deleted, and where the delete stands.
    pub tombstone: Option<Columns>,
    /// The order's place on the list of the sweep.
    pub due: Option<Due>,
    /// The hash in Redis; `None` if nothing is known of it.
    pub hash: Option<Hash>,
    /// The letters of the order, the newest first.
    pub letters: Vec<Letter>,
    /// How many letters there are, counted up to 1,001.
    pub letters_counted: i64,
    /// The partition of the order.
    pub partition: Option<Partition>,
    /// What happened, the first first.
    pub events: Vec<Event>,
    /// The records that row, tombstone and letters name; only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub records: Option<Vec<Found>>,
    /// What a search in Kafka has found; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub search: Option<Searched>,
    /// What is not known, and why.
    pub not_known: Vec<String>,
    /// Who did not answer, and why.
    pub not_answered: Vec<NotAnswered>,
}

impl OrderReport {
    /// The answer that the facts give.
    #[must_use]
    pub fn new(facts: &OrderFacts, shown: Shown) -> Self {
        let stored = facts.postgres.get();
        let place = place::of(facts);
        Self {
            id: facts.id.to_string(),
            at: Moment(facts.at),
            took_ms: Took { postgres: millis(&facts.postgres), redis: millis(&facts.redis), kafka: millis(&facts.kafka) },
            verdict: verdict(facts),
            steps: steps::of(facts, place.as_ref()),
            row: stored.and_then(|stored| row(stored, shown)),
            tombstone: stored.and_then(tombstone),
            due: stored.and_then(|stored| stored.due.as_ref()).map(due),
            hash: self::hash(facts, shown),
            letters: stored.map(|stored| stored.letters.iter().map(letter).collect()).unwrap_or_default(),
            letters_counted: stored.map_or(0, |stored| stored.letters_counted),
            partition: place.map(|place| Partition {
                n: place.partition,
                is_likely: !place.is_seen,
                next: place.next.map(|next| next.to_string()),
                lag: place.lag().map(|lag| lag.to_string()),
                stopped: place.stopped,
            }),
            events: events::of(facts, shown),
            records: None,
            search: None,
            not_known: unknown::of(facts),
            not_answered: not_answered(facts),
        }
    }
}

fn millis<T>(asked: &Asked<T>) -> u64 {
    whole_millis(asked.took)
}

/// A duration in whole milliseconds.
pub(super) fn whole_millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn row(stored: &StoredOrder, shown: Shown) -> Option<Columns> {
    let row = stored.row.as_ref()?;
    let of_hash = texts_of(&row.row).into_iter().map(|(name, value)| (name, value.map(|value| shown.column(name, &value))));
    let position = &row.position;
    let beside = [
        ("revision", Some(row.row.revision.to_string())),
        ("customer_version", row.row.customer.version.as_ref().map(ToString::to_string)),
        ("epoch", Some(position.epoch.to_string())),
        ("position", Some(events::place(position.partition, position.offset))),
        ("lsn", position.lsn.map(|lsn| lsn.to_string())),
    ];
    Some(Columns(of_hash.chain(beside).collect()))
}

fn tombstone(stored: &StoredOrder) -> Option<Columns> {
    let tombstone = stored.tombstone.as_ref()?;
    Some(Columns(vec![
        ("deleted_at", Some(tombstone.deleted_at.to_rfc3339_opts(SecondsFormat::Micros, true))),
        ("revision", Some(tombstone.revision.to_string())),
        ("epoch", Some(tombstone.position.epoch.to_string())),
        ("position", Some(events::place(tombstone.position.partition, tombstone.position.offset))),
    ]))
}

fn due(due: &DueOrder) -> Due {
    Due { at: Moment(due.due_at), attempts: due.attempts, partition: due.partition, refusal: due.refusal.clone() }
}

fn hash(facts: &OrderFacts, shown: Shown) -> Option<Hash> {
    let seen = &facts.redis.get()?.hash;
    let row = facts.postgres.get().and_then(|stored| stored.row.as_ref());
    let masked = |column: &str, value: Option<String>| value.map(|value| shown.column(column, &value));
    let differing = row.map(|row| hash::differences(&row.row, seen)).unwrap_or_default();
    let diff = differing
        .into_iter()
        .map(|found| Diff { column: found.column, row: masked(found.column, found.row), hash: masked(found.column, found.hash) })
        .collect();
    let (state, revision, ttl_s) = match seen {
        Seen::Absent => ("absent", None, None),
        Seen::Foreign => ("foreign", None, None),
        Seen::Hash(hash) => {
            let state = if hash.deleted_at.is_some() { "deleted" } else { "live" };
            (state, hash.version.as_deref().and_then(hash::revision), hash.ttl_seconds)
        }
    };
    Some(Hash { state, revision: revision.map(|revision| revision.to_string()), ttl_s, diff })
}

/// A letter as it is shown.
pub(super) fn letter(letter: &StoredLetter) -> Letter {
    Letter {
        id: letter.id.clone(),
        topic: letter.topic.clone(),
        position: events::place(letter.partition, letter.offset),
        reason: letter.reason.clone(),
        message: letter.message.clone(),
        replays: letter.replays,
        created_at: Moment(letter.created_at),
        resolution: letter.resolved_at.map(|_| letter.resolution.clone().unwrap_or_else(|| "closed".to_owned())),
    }
}

fn not_answered(facts: &OrderFacts) -> Vec<NotAnswered> {
    let customer = facts.customer.as_ref().and_then(|asked| asked.answer.as_ref().err());
    let all = [
        ("postgres", facts.postgres.answer.as_ref().err()),
        ("redis", facts.redis.answer.as_ref().err().or(customer)),
        ("kafka", facts.kafka.answer.as_ref().err()),
    ];
    all.into_iter().filter_map(|(server, why)| Some(NotAnswered { server, why: why?.clone() })).collect()
}
