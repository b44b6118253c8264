//! The verdict on an order that has a row.

use chrono::{DateTime, TimeDelta, Utc};

use super::words::{at, behind, listed, of_letter, waits};
use super::{Code, Verdict, open_letter, other_epoch};
use crate::orders::enrich::Enrichment;
use crate::redis::cache::look::{Seen, SeenHash};
use crate::redis::customers::look::SeenCustomerHash;
use crate::results::traces::{StoredOrder, StoredRow};
use crate::trace::facts::OrderFacts;
use crate::trace::hash::{self, HashState};
use crate::trace::place::Place;

pub(super) fn of_row(facts: &OrderFacts, stored: &StoredOrder, row: &StoredRow, place: Option<&Place>) -> Verdict {
    if row.position.epoch != facts.settings.epoch {
        return other_epoch(facts, "The row", row.position.epoch, place);
    }
    if let Some(truncate) = stored.truncates.iter().find(|truncate| truncate.covers_row) {
        let swept = truncate.swept_to.map_or("all orders".to_owned(), |to| format!("order {to}"));
        let text = format!(
            "In results, but the shop was emptied by a truncate at {}@{}, which removes the row: it has come to {swept}.",
            truncate.partition, truncate.offset
        );
        return Verdict::new(Code::Truncating, text);
    }
    if let Some(letter) = open_letter(stored) {
        return Verdict::new(
            Code::LetterOpen,
            format!("In results, but a change of it was refused, so the row may be older than the shop: {}.", of_letter(letter)),
        );
    }
    if let Some(refusal) = stored.due.as_ref().and_then(|due| due.refusal.as_ref()) {
        let next = waits(stored.due.as_ref(), facts.at);
        return Verdict::new(Code::CompletionRefused, format!("In results, but not with the customer as it is now: {refusal}; {next}."));
    }
    match row.row.enrichment {
        Enrichment::Pending => pending(facts, stored),
        Enrichment::Missing => missing(facts, stored),
        Enrichment::Complete | Enrichment::None => {
            changed_customer(facts, stored, row).unwrap_or_else(|| of_hash(facts, stored, row, place))
        }
    }
}

fn pending(facts: &OrderFacts, stored: &StoredOrder) -> Verdict {
    let redis = match &facts.redis.answer {
        Err(_) => "Redis does not answer now either",
        Ok(_) => "Redis answers now",
    };
    let next = waits(stored.due.as_ref(), facts.at);
    Verdict::new(
        Code::Pending,
        format!("In results without its customer, who is looked up as soon as Redis can be asked: {redis}; {next}."),
    )
}

fn missing(facts: &OrderFacts, stored: &StoredOrder) -> Verdict {
    let next = waits(stored.due.as_ref(), facts.at);
    let customer = match facts.customer_hash() {
        Some(Seen::Hash(SeenCustomerHash { version: Some(_), .. })) => "the customer is in Redis by now",
        Some(_) => "Redis has no such customer",
        None => "whether Redis has the customer by now is not known",
    };
    Verdict::new(
        Code::MissingCustomer,
        format!(
            "In results without its customer, because there was none of that id: {customer}; the customer's event completes the row, and {next}."
        ),
    )
}

/// The verdict if the row's customer has another version by now.
fn changed_customer(facts: &OrderFacts, stored: &StoredOrder, row: &StoredRow) -> Option<Verdict> {
    let of_row = row.row.customer.version.as_deref();
    let marked = stored.due_customer.as_ref().map(|mark| mark.version.as_deref());
    let in_redis = match facts.customer_hash() {
        Some(Seen::Hash(hash)) => Some(hash.version.as_deref()),
        Some(Seen::Absent | Seen::Foreign) | None => None,
    };
    let is_kept = !facts.settings.refresh || facts.settings.customers_topic.is_none() || row.row.customer_id.is_none();
    let now = marked.or(in_redis).filter(|now| *now != of_row && !is_kept)?;
    let (before, now) = (of_row.unwrap_or("none"), now.unwrap_or("none: deleted"));
    let next = match (marked, listed(stored.due.as_ref(), facts.at)) {
        (_, Some(list)) => list,
        (Some(_), None) => "the customer's orders are being looked through".to_owned(),
        (None, None) => {
            "a change of a moment ago marks its orders; if it stays so, `orderstream reconcile --repair` refreshes the row".to_owned()
        }
    };
    let text = format!("In results, with the customer of before (version {before}; now {now}); {next}.");
    Some(Verdict { code: Code::CustomerChanged, text })
}

fn of_hash(facts: &OrderFacts, stored: &StoredOrder, row: &StoredRow, place: Option<&Place>) -> Verdict {
    let (revision, behind) = (row.row.revision, behind(place));
    let Some(look) = facts.redis.get() else {
        let text = format!("In results and right (revision {revision}{behind}). Redis did not answer, so nothing is known of the hash.");
        return Verdict::new(Code::RightRedisUnknown, text);
    };
    let list = listed(stored.due.as_ref(), facts.at);
    let right = format!("In results and right (revision {revision}{behind}).");
    match hash::of(&row.row, &look.hash) {
        HashState::Same => match stored.letters.iter().find(|letter| letter.resolution.as_deref() == Some("overtaken")) {
            Some(letter) => Verdict::new(
                Code::RightLetterOvertaken,
                format!("{right} The hash is right too. Letter {} was overtaken by what came after it.", letter.id),
            ),
            None => Verdict::new(Code::Right, format!("{right} The hash is right too.")),
        },
        HashState::Changed => Verdict::new(
            Code::HashChanged,
            format!(
                "{right} The hash has the same revision and other values: somebody has changed row or hash, or Postgres was restored and gave the revision a second time. `orderstream reconcile --repair` writes it anew."
            ),
        ),
        HashState::Ahead | HashState::Foreign => Verdict::new(
            Code::HashAhead,
            format!(
                "{right} The hash has a version that keeps this row out, or is none of this program: it was changed by hand, or Postgres has lost commits. `orderstream reconcile --repair` writes it anew."
            ),
        ),
        HashState::Old => old(revision_of(&look.hash), row, &right, list, facts.at),
        HashState::Absent => absent(facts, row, &right, list),
    }
}

fn old(of_hash: Option<i64>, row: &StoredRow, right: &str, list: Option<String>, now: DateTime<Utc>) -> Verdict {
    let of_hash = of_hash.map_or(String::new(), |of_hash| format!(" (revision {of_hash} < {})", row.row.revision));
    match list {
        Some(list) => Verdict::new(Code::HashOldListed, format!("{right} The hash is behind{of_hash}; {list}.")),
        None if now - row.row.processed_at < WRITE_BACK => Verdict::new(
            Code::HashOld,
            format!("{right} The hash is behind{of_hash}; the row is a moment old, and its hash may be on its way."),
        ),
        None => Verdict::new(
            Code::HashOld,
            format!("{right} The hash is behind{of_hash} and on no list; `orderstream reconcile --repair` writes it anew."),
        ),
    }
}

fn revision_of(seen: &Seen<SeenHash>) -> Option<i64> {
    if let Seen::Hash(hash) = seen { hash.version.as_deref().and_then(hash::revision) } else { None }
}

/// How long a hash may be on its way after its row.
const WRITE_BACK: TimeDelta = TimeDelta::seconds(10);

fn absent(facts: &OrderFacts, row: &StoredRow, right: &str, list: Option<String>) -> Verdict {
    let age = facts.at - row.row.processed_at;
    let ttl = TimeDelta::from_std(facts.settings.order_ttl).unwrap_or(TimeDelta::MAX);
    if let Some(list) = list {
        return Verdict::new(Code::HashAbsentListed, format!("{right} There is no hash yet; {list}."));
    }
    if age >= ttl {
        let days = facts.settings.order_ttl.as_secs_f64() / 86_400.0;
        let since = at(row.row.processed_at + ttl);
        return Verdict::new(
            Code::HashExpired,
            format!("{right} There is no hash: its time (redis.order_ttl_seconds, {days:.1} days) was over at {since}."),
        );
    }
    if facts.redis_follows(row.position.partition) == Some(false) {
        return Verdict::new(
            Code::HashLost,
            format!("{right} There is no hash: Redis does not reflect partition {} yet, and is being made whole.", row.position.partition),
        );
    }
    if age < WRITE_BACK {
        return Verdict::new(
            Code::HashAbsent,
            format!("{right} There is no hash; the row is a moment old, and its hash may be on its way."),
        );
    }
    Verdict::new(
        Code::HashAbsent,
        format!(
            "{right} There is no hash although its time is not over: it was evicted or removed by hand. `orderstream rebuild cache` writes it anew."
        ),
    )
}
