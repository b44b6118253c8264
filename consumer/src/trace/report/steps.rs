//! The way of an order in four steps: shop, Kafka, results, hash.

use chrono::DateTime;
use serde::Serialize;

use crate::health::plural;
use crate::redis::cache::look::Seen;
use crate::results::traces::{StoredLetter, StoredOrder};
use crate::trace::events;
use crate::trace::facts::{OrderFacts, Settings};
use crate::trace::hash::{self, HashState};
use crate::trace::place::Place;

/// A step of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceStep"))]
pub struct Step {
    /// The place: `shop`, `kafka`, `results`, `hash`.
    #[cfg_attr(test, ts(type = "\"shop\" | \"kafka\" | \"results\" | \"hash\""))]
    pub step: &'static str,
    /// `ok`, `old`, `refused`, `deleted`, `absent`, `incomplete` or `unknown`.
    #[cfg_attr(test, ts(type = "\"ok\" | \"old\" | \"refused\" | \"deleted\" | \"absent\" | \"incomplete\" | \"unknown\""))]
    pub state: &'static str,
    /// More of it, in words.
    pub what: String,
}

fn step(step: &'static str, state: &'static str, what: impl Into<String>) -> Step {
    Step { step, state, what: what.into() }
}

/// The steps of an order.
pub(super) fn of(facts: &OrderFacts, place: Option<&Place>) -> Vec<Step> {
    vec![shop(facts), kafka(facts, place), results(facts), of_hash(facts)]
}

fn shop(facts: &OrderFacts) -> Step {
    let stored = facts.postgres.get();
    let row = stored.and_then(|stored| stored.row.as_ref()).map(|row| (row.position, "changed"));
    let last = row.or_else(|| stored.and_then(|stored| stored.tombstone.as_ref()).map(|tombstone| (tombstone.position, "deleted")));
    match last.and_then(|(position, what)| Some((DateTime::from_timestamp_millis(position.ts_ms?)?, what))) {
        Some((at, what)) => step("shop", "ok", format!("last known: {what} {}", at.format("%Y-%m-%d %H:%M:%S%.3f UTC"))),
        None => step("shop", "unknown", "not asked"),
    }
}

fn kafka(facts: &OrderFacts, place: Option<&Place>) -> Step {
    of_record(facts.postgres.get().and_then(|stored| last_record(stored, &facts.settings)), place)
}

/// Where the last record of the order stands that is known, partition and offset: that of its row, tombstone or newest letter.
fn last_record(stored: &StoredOrder, settings: &Settings) -> Option<(i32, i64)> {
    let row = stored.row.as_ref().map(|row| row.position);
    let of_state = row.or_else(|| stored.tombstone.as_ref().map(|tombstone| tombstone.position));
    let is_ours = |letter: &&StoredLetter| letter.topic == settings.orders_topic && letter.epoch == settings.epoch;
    let of_letter = || stored.letters.iter().find(is_ours).map(|letter| (letter.partition, letter.offset));
    of_state.map(|position| (position.partition, position.offset)).or_else(of_letter)
}

/// The step of a record. Without one Kafka may have a record all the same, which only a search would find, so `absent` would say too much.
fn of_record(last: Option<(i32, i64)>, place: Option<&Place>) -> Step {
    let lag = match place.and_then(Place::lag) {
        Some(0) => ", everything is read".to_owned(),
        Some(lag) => format!(", {lag} {} not read yet", plural(lag, "record is", "records are")),
        None => String::new(),
    };
    match (last, place) {
        (Some((partition, offset)), _) => step("kafka", "ok", events::place(partition, offset) + &lag),
        (None, Some(place)) => step("kafka", "unknown", format!("no record is known; partition {}{lag}", place.partition)),
        (None, None) => step("kafka", "unknown", "partition unknown"),
    }
}

fn results(facts: &OrderFacts) -> Step {
    let Some(stored) = facts.postgres.get() else { return step("results", "unknown", "Postgres did not answer") };
    let has_letter = stored.letters.iter().any(|letter| letter.resolved_at.is_none());
    match (&stored.row, &stored.tombstone) {
        (Some(row), _) => {
            let what = format!("revision {}, {}", row.row.revision, row.row.enrichment.as_str());
            let is_incomplete = ["pending", "missing"].contains(&row.row.enrichment.as_str());
            step(
                "results",
                if has_letter {
                    "refused"
                } else if is_incomplete {
                    "incomplete"
                } else {
                    "ok"
                },
                what,
            )
        }
        (None, Some(tombstone)) => step("results", "deleted", format!("revision {}", tombstone.revision)),
        (None, None) if has_letter => step("results", "refused", "no row"),
        (None, None) => step("results", "absent", "no row"),
    }
}

fn of_hash(facts: &OrderFacts) -> Step {
    let Some(look) = facts.redis.get() else { return step("hash", "unknown", "Redis did not answer") };
    let revision = match &look.hash {
        Seen::Hash(hash) => hash.version.as_deref().and_then(hash::revision).map(|revision| format!("revision {revision}")),
        Seen::Absent | Seen::Foreign => None,
    };
    let stored = facts.postgres.get();
    let row = stored.and_then(|stored| stored.row.as_ref());
    let grave = stored.and_then(|stored| stored.tombstone.as_ref());
    let state = match (row, grave) {
        (Some(row), _) => Some(hash::of(&row.row, &look.hash)),
        (None, grave) => grave.map(|grave| hash::standing(grave.revision, &look.hash)),
    };
    let (state, note) = match (state, &look.hash) {
        (_, Seen::Absent) => ("absent", "no hash"),
        (_, Seen::Foreign) => ("old", "none of this program"),
        (_, Seen::Hash(hash)) if row.is_none() && hash.deleted_at.is_some() => ("deleted", "deleted"),
        (Some(HashState::Same), _) => ("ok", "as the row"),
        (Some(HashState::Changed), _) => ("old", "changed by hand"),
        (Some(HashState::Ahead), _) => ("old", "keeps the row out"),
        (Some(HashState::Old), _) => ("old", "behind"),
        (Some(HashState::Absent | HashState::Foreign) | None, _) => ("unknown", "there is no row to compare with"),
    };
    step("hash", state, [revision.as_deref(), Some(note)].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
