//! Parts of the verdict's sentences.

use chrono::{DateTime, Utc};

use crate::health::plural;
use crate::results::traces::{DueOrder, StoredLetter};
use crate::trace::place::Place;

/// A time, to the second.
pub(super) fn at(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A letter, and how it is tried again.
pub(super) fn of_letter(letter: &StoredLetter) -> String {
    let StoredLetter { id, reason, message, replays, .. } = letter;
    let tried = if *replays > 0 { format!(", replayed {replays} {} in vain", plural(*replays, "time", "times")) } else { String::new() };
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("letter {id} is open ({reason}{message}{tried}); `orderstream dlq replay` tries it again")
}

/// Since when or until when the order is on the list of the sweep; `None` if it is not on it.
pub(super) fn listed(due: Option<&DueOrder>, now: DateTime<Utc>) -> Option<String> {
    let due = due?;
    Some(match (now - due.due_at).num_seconds() {
        waited @ 0.. => format!("it is on the list of the sweep, due since {waited} s"),
        left => format!("it is on the list of the sweep, tried next in {} s", -left),
    })
}

/// When the sweep looks at the order next.
pub(super) fn waits(due: Option<&DueOrder>, now: DateTime<Utc>) -> String {
    let tried = due.map_or(0, |due| due.attempts);
    let tried = if tried > 0 { format!(" after {tried} {}", plural(tried, "try", "tries")) } else { String::new() };
    listed(due, now).map_or("it is on no list, so `orderstream reconcile --repair` has to put it there".to_owned(), |list| list + &tried)
}

/// What is not read of the order's partition, as an addition in brackets; nothing where all is read.
pub(super) fn behind(place: Option<&Place>) -> String {
    match place.and_then(Place::lag) {
        Some(lag @ 1..) => format!(", with {lag} {} of its partition not read yet", plural(lag, "record", "records")),
        _ => String::new(),
    }
}

/// Where the order would be.
pub(super) fn partition(place: Option<&Place>) -> String {
    match place {
        Some(place) if place.is_seen => format!("it is in partition {}", place.partition),
        Some(place) => format!("it would be in partition {}", place.partition),
        None => "nothing tells which partition it would be in".to_owned(),
    }
}
