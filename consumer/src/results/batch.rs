//! A batch of orders: what one transaction writes for the records from one offset to another.

use std::collections::HashMap;
use std::time::Duration;

use change::position::Position;
use change::record::Landmark;
use change::rejection::Rejection;
use chrono::{DateTime, Utc};

use super::Applied;
use crate::orders::order::Order;
use crate::orders::row::{DeletedRow, OrderState};
use crate::orders::write::Round;

/// The row of a dead letter that the broker has acknowledged.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// The letter's id: topic-partition-offset-epoch.
    pub id: String,
    /// The offset of the record.
    pub offset: i64,
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, if the record could be read that far.
    pub customer_id: Option<String>,
    /// The position of the order's change.
    pub position: Option<Position>,
    /// Why the record was refused.
    pub rejection: Rejection,
    /// How often the record was replayed before.
    pub replays: i32,
    /// The dead letter topic.
    pub dlq_topic: String,
    /// The partition of the dead letter topic that holds the letter.
    pub dlq_partition: i32,
    /// The letter's offset in that partition.
    pub dlq_offset: i64,
}

/// The records from one offset to another and what becomes of them.
#[derive(Debug)]
pub struct Batch {
    /// The next offset before this batch.
    pub from: i64,
    /// The next offset after this batch.
    pub to: i64,
    /// The last of the batch's records.
    pub last: Option<Landmark>,
    /// The offset behind the last record that is no dead letter; `None` if all records are dead letters.
    pub clean_to: Option<i64>,
    /// The writes, in order.
    pub rounds: Vec<Round>,
    /// Changes that arrived after a newer change of the same order in the same batch.
    pub stale: u64,
    /// The number of tombstones and heartbeats.
    pub ignored: u64,
    /// The positions of the truncates among these records.
    pub truncates: Vec<Position>,
    /// Every dead letter among these records.
    pub letters: Vec<LetterRow>,
    /// Whether Redis is away. If so, all orders of the batch go on the list of the sweep.
    pub redis_away: bool,
    /// The value of `results.processed_at`.
    pub now: DateTime<Utc>,
}

/// The orders of a round whose event leaves something out, each completed with what is stored.
pub type Filled = foldhash::HashMap<i64, Order>;

/// A write that took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The order's id.
    pub order_id: i64,
    pub(super) round: usize,
    pub(super) revision: i64,
    pub(super) inserted: bool,
    pub(super) deleted: bool,
    /// Whether a later change of the order is an open dead letter. If so, the row keeps its mark `refused`.
    pub(super) refused: bool,
}

impl Batch {
    /// The time between the batch's oldest write in the source and `now`, by the clocks of both; `None` if no event tells.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> Option<Duration> {
        let of_round = |round: &Round| {
            let (puts, deletes) =
                (round.puts.iter().map(|put| put.position.ts_ms), round.deletes.iter().map(|delete| delete.position.ts_ms));
            puts.chain(deletes).flatten().min()
        };
        let oldest = self.rounds.iter().filter_map(of_round).min()?;
        Some(Duration::from_millis(u64::try_from(now.timestamp_millis().saturating_sub(oldest)).unwrap_or(0)))
    }

    /// A batch from one offset to another with nothing to write yet.
    #[must_use]
    pub fn empty(from: i64, to: i64, now: DateTime<Utc>) -> Self {
        let (rounds, truncates, letters) = (Vec::new(), Vec::new(), Vec::new());
        Self { from, to, last: None, clean_to: None, rounds, stale: 0, ignored: 0, truncates, letters, redis_away: false, now }
    }

    /// The lowest and the highest id of the orders that are to be written or removed.
    #[must_use]
    pub fn range(&self) -> Option<(i64, i64)> {
        // Both lists of a round are ascending.
        let ends = |round: &Round| {
            let puts = [round.puts.first(), round.puts.last()].into_iter().flatten().map(|put| put.order_id);
            let deletes = [round.deletes.first(), round.deletes.last()].into_iter().flatten().map(|delete| delete.order_id);
            puts.chain(deletes).collect::<Vec<_>>()
        };
        let ends = || self.rounds.iter().flat_map(ends);
        ends().min().zip(ends().max())
    }

    /// The ids of the orders that are to be written or removed, and of the orders of the dead letters.
    #[must_use]
    pub fn order_ids(&self) -> Vec<i64> {
        let of_round = |round: &Round| {
            let puts = round.puts.iter().map(|put| put.order_id);
            puts.chain(round.deletes.iter().map(|delete| delete.order_id)).collect::<Vec<_>>()
        };
        self.rounds.iter().flat_map(of_round).chain(self.letters.iter().filter_map(|letter| letter.order_id)).collect()
    }

    /// The state of each written order for its hash. Orders whose row the batch does not know completely are left out: the sweep reads
    /// their rows. `written` is in the order of rounds, and within a round by ascending id.
    #[must_use]
    pub fn into_states(self, applied: Applied) -> Vec<OrderState> {
        let Applied { written, mut filled, .. } = applied;
        let later: HashMap<i64, usize> = written.iter().filter(|w| w.round > 0).map(|w| (w.order_id, w.round)).collect();
        let mut rounds: Vec<_> = self.rounds.into_iter().map(|round| round.puts.into_iter()).collect();
        let mut states = Vec::with_capacity(written.len());
        for write in written.iter().filter(|w| later.get(&w.order_id).is_none_or(|last| *last == w.round)) {
            let (order_id, revision) = (write.order_id, write.revision);
            if write.deleted {
                states.push(OrderState::Deleted(DeletedRow { order_id, deleted_at: self.now, revision }));
            } else {
                let put = rounds[write.round].find(|put| put.order_id == order_id).filter(|_| !write.refused);
                let filled = filled[write.round].remove(&order_id);
                states.extend(put.and_then(|put| put.into_row(filled, revision, self.now)).map(OrderState::Live));
            }
        }
        states
    }
}
