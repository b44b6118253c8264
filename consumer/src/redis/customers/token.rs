//! The token of a lookup: which state of all customers the lookup saw (P2).

use redis::Value;

use crate::redis::progress::{self, Point};

/// The progress of the customers topic, as a lookup read it before the customers.
///
/// If the token is the same after an order was committed, no customer of the order can have changed unnoticed. A customer's change writes
/// the hash, then moves the progress, then makes the transaction that marks the customer's orders. A comparison that still sees the old
/// progress was made before that transaction began; the order was committed before the comparison; so the transaction sees the order and
/// marks it. A change by hand goes the same way, with a mark of its own instead of the progress.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomersToken(Option<Seen>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Seen {
    points: Vec<(i32, Point)>,
    /// The mark of the last change by hand.
    by_hand: Option<Vec<u8>>,
}

impl CustomersToken {
    /// The token of a lookup that learned nothing. No token is the same as this one.
    pub(super) const UNKNOWN: Self = Self(None);

    /// Reads the reply to [`read_command`](crate::redis::progress::read_command).
    pub(crate) fn from_reply(reply: &Value, topic: &str) -> Self {
        if !matches!(reply, Value::Array(_) | Value::Map(_)) {
            return Self::UNKNOWN;
        }
        let partition = |field: &str| field.strip_prefix(topic)?.strip_prefix(':')?.parse().ok();
        let mut points: Vec<_> = progress::entries(reply).filter_map(|(field, point)| Some((partition(field)?, point))).collect();
        points.sort_unstable();
        Self(Some(Seen { points, by_hand: progress::by_hand(reply, topic) }))
    }

    #[cfg(test)]
    pub(super) fn of(points: Vec<(i32, Point)>) -> Self {
        Self(Some(Seen { points, by_hand: None }))
    }

    /// Whether no customer changed between the two tokens.
    pub(crate) fn is_same_as(&self, later: &Self) -> bool {
        self.0.is_some() && self == later
    }

    /// Whether Redis has all that is committed (P8): no partition is absent, and none is behind.
    pub(super) fn covers(&self, committed: &[(i32, Point)]) -> bool {
        let points = self.0.as_ref().map(|seen| seen.points.as_slice()).unwrap_or_default();
        committed.iter().all(|(partition, point)| points.iter().any(|(p, stored)| p == partition && stored >= point))
    }
}
