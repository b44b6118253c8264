//! The error for two positions of different source databases: the source was restored or replaced, and its LSNs began anew (P5).

use crate::position::Position;

/// An event that is older than what is stored by its LSN, and clearly newer by the source's clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{row}: the event at offset {} of partition {} has a lower LSN ({}) than what is stored ({}), but was committed {} s later by the \
     source's clock: the source database was restored or replaced, and its LSNs began anew. It was not applied. Raise source.epoch to {next}, and \
     with SOURCE_EPOCH={next} let each partition begin at the first event of the new database: orderstream offsets reset --topic <topic> \
     --partition {} --to {} --execute; then take a snapshot of the source",
    incoming.offset, incoming.partition, shown(incoming.lsn), shown(stored.lsn), later_by(incoming, stored), incoming.partition, incoming.offset,
    next = i64::from(incoming.epoch) + 1
)]
pub struct OtherSpace {
    /// The row, in words: which order, or that it is a customer.
    pub row: String,
    /// The position of the event.
    pub incoming: Position,
    /// The position of the event whose state is stored.
    pub stored: Position,
}

/// An LSN as Postgres writes it.
fn shown(lsn: Option<i64>) -> String {
    lsn.map_or_else(|| "none".to_owned(), |lsn| format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF))
}

fn later_by(incoming: &Position, stored: &Position) -> i64 {
    incoming.ts_ms.unwrap_or(0).saturating_sub(stored.ts_ms.unwrap_or(0)) / 1000
}
