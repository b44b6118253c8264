//! Records of a worker that are to be stored together, as far as Postgres lets them.

use std::ops::Range;
use std::time::Instant;

use crate::letters::Refusals;
use crate::store::Order;

/// Records that are to be stored, with what is known of them by now.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) records: Range<usize>,
    pub(super) refusals: Refusals,
    /// How long the piece has been waiting for a value of a unique index that another row still has.
    pub(super) conflict: Conflict,
}

/// What is known of a value that another row has, which a unique index of the target does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// There was none.
    None,
    /// The other row may be in this batch, or its change may be on its way in another partition.
    Since(Instant),
    /// The other row has kept its value, so that one of the records is a dead letter.
    Lasting,
}

impl Piece {
    /// These records, of which nothing is known yet.
    pub(super) fn of(records: Range<usize>) -> Self {
        Self { records, refusals: Refusals::new(), conflict: Conflict::None }
    }

    /// The order in which the rows are written.
    pub(super) fn order(&self) -> Order {
        if self.conflict == Conflict::None { Order::InPlace } else { Order::ClearFirst }
    }

    /// What is left once the records below `from` are stored.
    pub(super) fn rest(&self, from: usize) -> Vec<Self> {
        vec![Self::of(from..self.records.end)]
    }

    /// Halves the first `taken` records, so that each half is a transaction of its own, with what is left behind them; `None` if there is only one.
    pub(super) fn halves(&self, taken: usize) -> Option<Vec<Self>> {
        let (start, middle) = (self.records.start, taken / 2);
        if middle == 0 {
            return None;
        }
        let part = |range: Range<usize>| {
            let refusals = self.refusals.iter().filter(|(index, _)| range.contains(&(start + **index)));
            let refusals = refusals.map(|(index, refusal)| (start + index - range.start, refusal.clone())).collect();
            Self { records: range, refusals, conflict: self.conflict }
        };
        let border = start + middle;
        Some([start..border, border..start + taken, start + taken..self.records.end].into_iter().map(part).collect())
    }
}
