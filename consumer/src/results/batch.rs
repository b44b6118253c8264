//! What one transaction writes.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Applied;
use crate::orders::order::Order;
use crate::orders::row::{DeletedRow, OrderState};
use crate::orders::write::Round;
use change::position::Position;
use change::record::Landmark;
use change::rejection::Rejection;

/// The row of a dead letter that the broker has acknowledged.
#[derive(Debug, Clone)]
pub struct LetterRow {
    /// topic-partition-offset-epoch.
    pub id: String,
    /// Offset of the record.
    pub offset: i64,
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, likewise.
    pub customer_id: Option<String>,
    /// Where the change of the order stands.
    pub position: Option<Position>,
    /// Why.
    pub rejection: Rejection,
    /// How often it was replayed before.
    pub replays: i32,
    /// Where it landed.
    pub dlq_topic: String,
    /// Partition of the dead letter topic.
    pub dlq_partition: i32,
    /// Offset in that partition.
    pub dlq_offset: i64,
}

/// The records from one offset to another and what becomes of them.
#[derive(Debug)]
pub struct Batch {
    /// The next offset before.
    pub from: i64,
    /// The next offset afterwards.
    pub to: i64,
    /// The last of these records.
    pub last: Option<Landmark>,
    /// Behind the last of these records that is no dead letter; `None`: all are.
    pub clean_to: Option<i64>,
    /// The writes, in order.
    pub rounds: Vec<Round>,
    /// Changes that one of the same batch had overtaken before they came.
    pub stale: u64,
    /// Tombstones and heartbeats.
    pub ignored: u64,
    /// Where the truncates among these records stand.
    pub truncates: Vec<Position>,
    /// Every dead letter among these records.
    pub letters: Vec<LetterRow>,
    /// Redis is away: all orders of the batch go on the list of the sweep.
    pub redis_away: bool,
    /// `results.processed_at`.
    pub now: DateTime<Utc>,
}

/// The orders of a round whose event leaves something out, each with what is stored in its place.
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
    /// A change that came later is an open letter: the row keeps its mark.
    pub(super) refused: bool,
}

impl Batch {
    /// How long before `now` the oldest of its writes was made in the source, by the clocks of both; `None` if no event tells.
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

    /// From one offset to another, with nothing to write yet.
    #[must_use]
    pub fn empty(from: i64, to: i64, now: DateTime<Utc>) -> Self {
        let (rounds, truncates, letters) = (Vec::new(), Vec::new(), Vec::new());
        Self { from, to, last: None, clean_to: None, rounds, stale: 0, ignored: 0, truncates, letters, redis_away: false, now }
    }

    /// The lowest and the highest of the orders that are to be written or removed.
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

    /// The orders that are to be written or removed, and those of the dead letters.
    #[must_use]
    pub fn order_ids(&self) -> Vec<i64> {
        let of_round = |round: &Round| {
            let puts = round.puts.iter().map(|put| put.order_id);
            puts.chain(round.deletes.iter().map(|delete| delete.order_id)).collect::<Vec<_>>()
        };
        self.rounds.iter().flat_map(of_round).chain(self.letters.iter().filter_map(|letter| letter.order_id)).collect()
    }

    /// The state of each written order for its hash. Orders whose row the batch does not know whole are left out: the sweep reads them.
    /// What was written is in order of rounds, within a round by ascending id.
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
