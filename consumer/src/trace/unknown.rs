//! What is not known of an order, and why.

use super::events;
use super::facts::OrderFacts;
use super::moment::Moment;
use crate::redis::cache::look::Seen;
use crate::results::history::StoredHistory;
use crate::results::traces::StoredOrder;

/// What is not known, a sentence each.
#[must_use]
pub fn of(facts: &OrderFacts) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Some(stored) = facts.postgres.get() {
        unknown.extend(past(stored));
        let shown = stored.letters.len();
        if stored.letters_counted > i64::try_from(shown).unwrap_or(i64::MAX) {
            unknown.push(format!("letters beside the newest {shown}: `orderstream dlq list --all --key {}` lists them", facts.id));
        }
    }
    if facts.redis.get().is_some_and(|look| matches!(&look.hash, Seen::Hash(hash) if hash.ttl_seconds.is_none())) {
        unknown.push("when the hash goes: it stays, or the Redis user may not ask (PTTL)".to_owned());
    }
    unknown.push("what the shop has now: `orderstream reconcile` compares".to_owned());
    unknown
}

/// What is not known of the order's past.
fn past(stored: &StoredOrder) -> Vec<String> {
    let history = &stored.history;
    let stand = stored.row.as_ref().map(|row| row.position);
    let stand = stand.or_else(|| stored.tombstone.as_ref().map(|tombstone| tombstone.position));
    let mut unknown = Vec::new();
    match (history.changes.first(), stand) {
        (Some(first), _) if first.op == 'i' => {}
        (Some(first), _) => unknown.push(format!("what was before {}: {}", Moment(first.at), begins(history))),
        (None, Some(last)) => {
            unknown.push(format!("what was before {}: {}", events::place(last.partition, last.offset), begins(history)));
        }
        (None, None) => {}
    }
    unknown.extend(gaps(history));
    if stand.is_some() {
        unknown.push("events that changed nothing, because they were sent again or were older: `--search` finds them in Kafka".to_owned());
    }
    unknown
}

fn begins(history: &StoredHistory) -> String {
    match history.switches.iter().find(|switch| switch.is_on) {
        Some(began) => format!("changes are recorded since {}, and older months go", Moment(began.at)),
        None => "changes are not recorded (audit.history)".to_owned(),
    }
}

/// The times at which recording was off, after it had begun.
fn gaps(history: &StoredHistory) -> Vec<String> {
    let begun = history.switches.iter().skip_while(|switch| !switch.is_on);
    let switches: Vec<_> = begun.collect();
    let gap = |pair: &[&crate::results::history::Switch]| match pair {
        [off, on] if !off.is_on && on.is_on => Some(format!("changes from {} to {}: recording was off", Moment(off.at), Moment(on.at))),
        _ => None,
    };
    let mut gaps: Vec<String> = switches.windows(2).filter_map(gap).collect();
    gaps.extend(switches.last().filter(|last| !last.is_on).map(|off| format!("changes since {}: recording is off", Moment(off.at))));
    gaps
}
