//! The verdict on an order: facts to one of the sentences of this file. The function is pure.
//!
//! What is worst comes first: a row that is older than the shop before a hash that is older than the row. A sentence says what is, since
//! when, and what happens by itself or is to be done.

use serde::Serialize;

use super::facts::OrderFacts;
use super::place::{self, Place};
use crate::health::plural;
use crate::redis::cache::look::{Seen, SeenHash};
use crate::results::traces::{StoredLetter, StoredOrder, Tombstone};

mod row;
mod words;

use row::of_row;
use words::{at, behind, listed, of_letter, partition};

/// The kinds of sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceCode"))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Row and hash are right.
    Right,
    /// Row and hash are right, and a letter of the order was overtaken by what came later.
    RightLetterOvertaken,
    /// The row is right, and nothing is known of the hash.
    RightRedisUnknown,
    /// The hash is behind and on the list of the sweep.
    HashOldListed,
    /// The hash is behind and on no list.
    HashOld,
    /// There is no hash, and the order is on the list of the sweep.
    HashAbsentListed,
    /// There is no hash, because its time was over.
    HashExpired,
    /// There is no hash, because Redis has lost it and is being made whole.
    HashLost,
    /// There is no hash, and nothing says why.
    HashAbsent,
    /// Somebody has changed the hash.
    HashChanged,
    /// The hash keeps every later state out.
    HashAhead,
    /// The customer is not known yet, because Redis could not be asked.
    Pending,
    /// There is no such customer.
    MissingCustomer,
    /// The customer has changed, and the row follows.
    CustomerChanged,
    /// Postgres refuses to complete the row.
    CompletionRefused,
    /// A newer change of the order is an open letter, so the row is older than the shop.
    LetterOpen,
    /// All that is known of the order are open letters.
    LetterOpenWithoutRow,
    /// All that is known of the order are closed letters.
    LetterClosedWithoutRow,
    /// The order was deleted.
    Deleted,
    /// The order was deleted, and its hash does not say so yet.
    DeletedHashOld,
    /// The order was deleted, and a change of it is an open letter.
    DeletedLetterOpen,
    /// A truncate of the shop has removed the order.
    Truncated,
    /// A truncate of the shop is about to remove the order.
    Truncating,
    /// What is known is of another epoch.
    OtherEpoch,
    /// The partition of the order was stopped.
    PartitionStopped,
    /// Nothing is known of the order, and records of its partition are not read yet.
    NotYetRead,
    /// Nothing is known of the order, and everything in its partition is read.
    NeverSeen,
    /// Nothing is known of the order, and whether everything is read is not known either.
    NeverSeenLagUnknown,
    /// Redis has a hash of an order that nothing else is known of.
    HashWithoutRow,
    /// Postgres did not answer.
    Unknown,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "TraceVerdict"))]
pub struct Verdict {
    /// The kind of the sentence.
    pub code: Code,
    /// The sentence.
    pub text: String,
}

impl Verdict {
    fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The verdict on an order.
#[must_use]
pub fn verdict(facts: &OrderFacts) -> Verdict {
    let place = place::of(facts);
    match &facts.postgres.answer {
        Err(why) => Verdict::new(Code::Unknown, unanswered(facts, why)),
        Ok(stored) => match (&stored.row, &stored.tombstone) {
            (Some(row), _) => of_row(facts, stored, row, place.as_ref()),
            (None, Some(tombstone)) => of_tombstone(facts, stored, tombstone, place.as_ref()),
            (None, None) => of_nothing(facts, stored, place.as_ref()),
        },
    }
}

fn unanswered(facts: &OrderFacts, why: &str) -> String {
    let of_redis = match facts.redis.get().map(|look| &look.hash) {
        Some(Seen::Hash(SeenHash { deleted_at: Some(at), .. })) => format!("Redis says that the order was deleted at {at}"),
        Some(Seen::Hash(hash)) => format!("Redis has a hash of it, version {}", hash.version.as_deref().unwrap_or("unknown")),
        Some(Seen::Absent | Seen::Foreign) => "Redis has no hash of it".to_owned(),
        None => "Redis did not answer either".to_owned(),
    };
    format!("Not known: Postgres did not answer ({why}). {of_redis}.")
}

fn of_tombstone(facts: &OrderFacts, stored: &StoredOrder, tombstone: &Tombstone, place: Option<&Place>) -> Verdict {
    let (position, since) = (&tombstone.position, at(tombstone.deleted_at));
    if position.epoch != facts.settings.epoch {
        return other_epoch(facts, "The delete", position.epoch, place);
    }
    if let Some(letter) = open_letter(stored) {
        return Verdict::new(
            Code::DeletedLetterOpen,
            format!("Deleted at {since}, and a change of it was refused: {}.", of_letter(letter)),
        );
    }
    let place_of_delete = (position.epoch, position.partition, position.offset);
    if stored.truncates.iter().any(|truncate| (truncate.epoch, truncate.partition, truncate.offset) == place_of_delete) {
        return Verdict::new(
            Code::Truncated,
            format!("Removed at {since} by a truncate of the shop, {}@{}.", position.partition, position.offset),
        );
    }
    let deleted =
        format!("Deleted at {since} by {}@{} (revision {}{}).", position.partition, position.offset, tombstone.revision, behind(place));
    let Some(look) = facts.redis.get() else {
        return Verdict::new(Code::Deleted, format!("{deleted} Redis did not answer, so nothing is known of the hash."));
    };
    match &look.hash {
        Seen::Hash(hash) if hash.deleted_at.is_none() => {
            let next = listed(stored.due.as_ref(), facts.at)
                .unwrap_or_else(|| "it is on no list; `orderstream reconcile --repair` sets it right".to_owned());
            Verdict::new(Code::DeletedHashOld, format!("{deleted} The hash still shows the order; {next}."))
        }
        Seen::Hash(_) => Verdict::new(Code::Deleted, format!("{deleted} The hash says so too.")),
        Seen::Absent | Seen::Foreign => Verdict::new(Code::Deleted, format!("{deleted} There is no hash any more.")),
    }
}

fn of_nothing(facts: &OrderFacts, stored: &StoredOrder, place: Option<&Place>) -> Verdict {
    if let Some(letter) = open_letter(stored) {
        return Verdict::new(
            Code::LetterOpenWithoutRow,
            format!("Not in results: a change of it was refused, and no other is known: {}.", of_letter(letter)),
        );
    }
    if let Some(letter) = stored.letters.first() {
        let (id, resolution) = (&letter.id, letter.resolution.as_deref().unwrap_or("closed"));
        return Verdict::new(
            Code::LetterClosedWithoutRow,
            format!("Not in results: all that is known is letter {id}, which was closed ({resolution})."),
        );
    }
    let epoch = facts.settings.epoch;
    if let Some(Seen::Hash(_)) = facts.redis.get().map(|look| &look.hash) {
        let text = format!(
            "Not in results, but Redis has a hash of it: {}. `orderstream reconcile --repair` removes what the shop does not have.",
            partition(place)
        );
        return Verdict::new(Code::HashWithoutRow, text);
    }
    let where_to = partition(place);
    match place.map(|place| (place.stopped.as_ref(), place.lag())) {
        Some((Some(why), _)) => {
            Verdict::new(Code::PartitionStopped, format!("Never seen in epoch {epoch}: {where_to}, which was stopped: {why}."))
        }
        Some((None, Some(0))) => Verdict::new(
            Code::NeverSeen,
            format!(
                "Never seen in epoch {epoch}: {where_to}, of which everything is read. `orderstream reconcile` tells whether the shop has it."
            ),
        ),
        Some((None, Some(lag))) => Verdict::new(
            Code::NotYetRead,
            format!(
                "Never seen in epoch {epoch}: {where_to}, of which {lag} {} not read yet; it may be among them.",
                plural(lag, "record is", "records are")
            ),
        ),
        Some((None, None)) | None => Verdict::new(
            Code::NeverSeenLagUnknown,
            format!("Never seen in epoch {epoch}: {where_to}. Whether everything is read is not known."),
        ),
    }
}

fn other_epoch(facts: &OrderFacts, what: &str, of: i32, place: Option<&Place>) -> Verdict {
    let (epoch, behind) = (facts.settings.epoch, behind(place));
    Verdict::new(
        Code::OtherEpoch,
        format!("{what} is of epoch {of}, and this program reads epoch {epoch}{behind}: no event of that epoch has confirmed it yet."),
    )
}

fn open_letter(stored: &StoredOrder) -> Option<&StoredLetter> {
    stored.letters.iter().find(|letter| letter.resolved_at.is_none())
}

#[cfg(test)]
mod tests;
