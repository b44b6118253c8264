//! A position as fixed-width text, which the script in Redis compares. Without I/O, so that it can be tried on arbitrary positions.

use crate::position::Position;

/// A position as the script reads it. Numbers of Kafka and Postgres are not negative.
#[must_use]
pub fn position_text(position: &Position) -> String {
    let Position { epoch, partition, offset, kind, commit, lsn, ts_ms: _ } = position;
    let number = |n: &Option<i64>| n.map_or_else(|| "0".repeat(21), |n| format!("1{:020}", n.max(0)));
    let (epoch, partition, offset) = ((*epoch).max(0), (*partition).max(0), (*offset).max(0));
    format!("{epoch:010}{partition:010}{offset:020}{}{}{}", kind.code(), number(commit), number(lsn))
}
