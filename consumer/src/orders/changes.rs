//! Makes records of orders into writes: decode, reject, fill in, collapse, enrich. The functions are pure, and run again with more
//! rejections when Postgres refuses a row.

use change::collapse::{Collapsed, collapse};
use change::effect::Effect;
use change::envelope::Layouts;
use change::position::Position;
use change::record::{Ended, Record};
use change::rejection::{Reason, Rejection, Stage};
use foldhash::{HashMap, HashMapExt};

use crate::orders::absent::Tally;
use crate::orders::decode::{Decoded, Decoder};
use crate::orders::enrich::{Lookup, enrich};
use crate::orders::order::{Order, OrderChange};
use crate::orders::refusal::{Refusal, Refusals};
use crate::orders::write::{Delete, Put, Round};

/// Which orders become dead letters because they cannot be enriched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strictness {
    /// Whether `enrichment.when_customer_is_missing` is `dead_letter`.
    pub refuse_missing: bool,
    /// Whether `enrichment.when_redis_is_down` is `dead_letter`.
    pub refuse_unavailable: bool,
}

/// The changes of a batch, in order of their records.
#[derive(Debug, Default)]
pub struct Changes {
    changes: Vec<OrderChange>,
    /// For each change, the index of its record.
    records: Vec<usize>,
    /// The number of tombstones and heartbeats.
    pub ignored: u64,
    /// The positions of the truncates.
    pub truncates: Vec<Position>,
    /// The columns that the events do not have.
    pub absent: Tally,
}

/// Decodes all records except those that are refused already. Records that cannot be decoded are added to `refusals`. `before` tells of the
/// record before the first.
#[must_use]
pub fn decode(decoder: &Decoder, records: &[Record], before: &Ended, refusals: &mut Refusals) -> Changes {
    let mut out = Changes { changes: Vec::with_capacity(records.len()), records: Vec::with_capacity(records.len()), ..Changes::default() };
    let mut layouts = Layouts::default();
    for (index, record) in records.iter().enumerate() {
        if refusals.contains_key(&index) {
            continue;
        }
        if record.value.is_none() && ended(records, index, before, &out).is_followed_by(record) {
            out.ignored += 1;
            continue;
        }
        match decoder.order_among(record, &mut layouts) {
            Ok(Decoded::Change(change)) => {
                if let Effect::Put(order) = &change.effect {
                    out.absent.add(order.absent);
                }
                out.changes.push(change);
                out.records.push(index);
            }
            Ok(Decoded::Truncate(position)) => out.truncates.push(position),
            Ok(Decoded::Ignored) => out.ignored += 1,
            Err(rejection) => {
                refusals.insert(index, Refusal::of_order(rejection, decoder.order_of_key(record)).at(decoder.position(record)));
            }
        }
    }
    out
}

/// The row that the record before `index` has ended. A delete has ended its row, and a refused record may have been a delete.
fn ended(records: &[Record], index: usize, before: &Ended, decoded: &Changes) -> Ended {
    let Some(last) = index.checked_sub(1) else { return before.clone() };
    let is_put =
        decoded.records.last() == Some(&last) && matches!(decoded.changes.last().map(|change| &change.effect), Some(Effect::Put(_)));
    if is_put { Ended::default() } else { Ended::by(&records[last]) }
}

/// Fills in what an event leaves out from the previous change of the same order, if the batch has one.
fn fill_unchanged(changes: &mut [OrderChange]) {
    if !changes.iter().any(|change| matches!(&change.effect, Effect::Put(order) if order.is_partial())) {
        return;
    }
    let mut last: HashMap<i64, Option<Order>> = HashMap::new();
    for change in changes {
        match &mut change.effect {
            Effect::Put(order) => {
                if let Some(Some(before)) = last.get(&change.id) {
                    order.fill_from(before);
                }
                last.insert(change.id, Some(order.clone()));
            }
            Effect::Delete => {
                last.insert(change.id, None);
            }
        }
    }
}

impl Changes {
    /// The row that the last of `records` has ended. The changes must be those of `records`.
    #[must_use]
    pub fn ended(&self, records: &[Record], before: &Ended) -> Ended {
        ended(records, records.len(), before, self)
    }

    /// The ids of the customers to look up, which the events themselves name, in the order of the records. An id may come more than once.
    #[must_use]
    pub fn customer_ids(&self) -> Vec<&str> {
        self.with_customer().map(|(_, _, customer_id)| customer_id).collect()
    }

    /// The answer about each customer of [`Self::customer_ids`], by index of the record. By index the answers stay right, whichever changes
    /// are refused or cut off later. Records that name no customer have no answer.
    #[must_use]
    pub fn by_record(&self, lookups: &mut impl Iterator<Item = Lookup>, records: usize) -> Vec<Lookup> {
        let mut by_record = vec![Lookup::Unavailable; records];
        for ((record, _, _), lookup) in self.with_customer().zip(lookups) {
            by_record[record] = lookup;
        }
        by_record
    }

    /// Refuses the orders that may not be written without a customer.
    pub fn refuse_unenriched(&self, lookups: &[Lookup], strictness: Strictness, refusals: &mut Refusals) {
        if !strictness.refuse_missing && !strictness.refuse_unavailable {
            return;
        }
        for (record, change, _) in self.with_customer() {
            let reason = match lookups[record] {
                Lookup::Missing if strictness.refuse_missing => Reason::CustomerMissing,
                Lookup::Unavailable if strictness.refuse_unavailable => Reason::RedisDown,
                _ => continue,
            };
            refusals.insert(record, Refusal::of_order(unenriched(reason), Some(change.id)).at(change.position));
        }
    }

    /// Record, change and customer id of each change whose event names a customer.
    fn with_customer(&self) -> impl Iterator<Item = (usize, &OrderChange, &str)> {
        self.changes.iter().zip(&self.records).filter_map(|(change, record)| match &change.effect {
            Effect::Put(order) => Some((*record, change, order.customer_id.value()?)),
            Effect::Delete => None,
        })
    }

    /// Fills in, collapses and enriches. Also returns the number of changes that arrived after a newer one in the batch.
    ///
    /// An order whose event does not name its customer (an unchanged TOAST column, an absent one) is pending: the sweep reads the stored
    /// id.
    #[must_use]
    pub fn into_rounds(mut self, lookups: &[Lookup], refusals: &Refusals) -> (Vec<Round>, u64) {
        fill_unchanged(&mut self.changes);
        let Collapsed { rounds, stale } = collapse(&self.changes, |at| refusals.contains_key(&self.records[at]));
        let mut changes: Vec<Option<OrderChange>> = self.changes.into_iter().map(Some).collect();
        let mut out = Vec::with_capacity(rounds.len());
        for slots in rounds {
            let mut round = Round { puts: Vec::with_capacity(slots.len()), deletes: Vec::new() };
            for slot in slots {
                let Some(change) = changes[slot.change].take() else { continue };
                let (order_id, position) = (change.id, change.position);
                let (record, members) = (self.records[slot.change], slot.members);
                match change.effect {
                    Effect::Put(order) => {
                        round.puts.push(Put { order_id, record, members, enriched: enrich(order, &lookups[record]), position });
                    }
                    Effect::Delete => round.deletes.push(Delete { order_id, record, members, position }),
                }
            }
            out.push(round);
        }
        (out, stale)
    }
}

fn unenriched(reason: Reason) -> Rejection {
    let message = match reason {
        Reason::RedisDown => "Redis could not be asked for the customer, and enrichment.when_redis_is_down is dead_letter",
        _ => "Redis has no such customer, and enrichment.when_customer_is_missing is dead_letter",
    };
    Rejection { reason, stage: Stage::Enrich, message: message.into() }
}

#[cfg(test)]
mod tests;
