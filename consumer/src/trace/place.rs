//! The partition that an order belongs to, and what is not read of it yet.

use kafka::partitioner::partition_of;

use super::facts::OrderFacts;
use crate::results::traces::StoredPartition;

/// Where an order's events are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// Whether an event of the order has told the partition; otherwise its key would lead there.
    pub is_seen: bool,
    /// The first offset without a fate, and the end of the log.
    pub next: Option<i64>,
    /// The offset after the last record; `None` if Kafka did not answer.
    pub end: Option<i64>,
    /// Why the partition was stopped.
    pub stopped: Option<String>,
}

impl Place {
    /// How many records are not read yet.
    #[must_use]
    pub fn lag(&self) -> Option<i64> {
        Some((self.end? - self.next?).max(0))
    }
}

/// The place of an order: that of its row, tombstone or newest letter, or else the one that its key leads to. `None` if neither is known.
#[must_use]
pub fn of(facts: &OrderFacts) -> Option<Place> {
    let seen = seen(facts);
    let partition = seen.or_else(|| likely(facts))?;
    let known: Option<&StoredPartition> = facts.partitions().find(|known| known.partition == partition);
    Some(Place {
        partition,
        is_seen: seen.is_some(),
        next: known.map(|known| known.next_offset),
        end: facts.kafka.get().and_then(|ends| Some(ends.get(&partition)?.high)),
        stopped: known.and_then(|known| known.stopped.clone()),
    })
}

/// The partition that an event of the order in the present epoch came from.
fn seen(facts: &OrderFacts) -> Option<i32> {
    let stored = facts.postgres.get()?;
    let row = stored.row.as_ref().map(|row| row.position);
    let of_state = row.or_else(|| stored.tombstone.as_ref().map(|tombstone| tombstone.position));
    let of_state = of_state.filter(|position| position.epoch == facts.settings.epoch).map(|position| position.partition);
    let is_ours = |topic: &str, epoch| topic == facts.settings.orders_topic && epoch == facts.settings.epoch;
    of_state.or_else(|| stored.letters.iter().find(|letter| is_ours(&letter.topic, letter.epoch)).map(|letter| letter.partition))
}

/// The partition that Debezium's key of an order leads to. Other converters write other keys, and partitions may have been added, so the
/// orders with ids near this one have to lie where their keys lead to.
fn likely(facts: &OrderFacts) -> Option<i32> {
    let stored = facts.postgres.get()?;
    let of_ledger = facts.partitions().map(|known| known.partition + 1).max();
    let partitions = facts.kafka.get().and_then(|ends| ends.keys().max().map(|last| last + 1)).or(of_ledger)?;
    let leads_to = |id: i64| partition_of(format!(r#"{{"id":{id}}}"#).as_bytes(), partitions);
    let mut near = stored.neighbours.iter().filter(|near| near.epoch == facts.settings.epoch);
    near.all(|near| leads_to(near.order_id) == Some(near.partition)).then(|| leads_to(facts.id)).flatten()
}
