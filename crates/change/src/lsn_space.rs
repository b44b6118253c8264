//! The error for two positions that cannot be compared: the source was restored or replaced, and its LSNs began anew, or the events come from another
//! topic, and their offsets began anew (P5).

use std::fmt;

use crate::position::Position;

/// An event that is older than what is stored by its LSN or its offset, and clearly newer by the source's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSpace {
    /// The row, in words: which order, or that it is a customer.
    pub row: String,
    /// The position of the event.
    pub incoming: Position,
    /// The position of the event whose state is stored.
    pub stored: Position,
}

impl std::error::Error for OtherSpace {}

impl fmt::Display for OtherSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, incoming, stored } = self;
        let (offset, partition, next) = (incoming.offset, incoming.partition, i64::from(incoming.epoch) + 1);
        let later = later_by(incoming, stored);
        write!(f, "{row}: the event at offset {offset} of partition {partition} ")?;
        if incoming.stands_before(stored) {
            write!(
                f,
                "does not stand behind the event of the same partition that is stored (offset {}), but was committed {later} s later by the source's \
                 clock: the topic was made anew, has lost its end, or has another name than before, and its offsets began anew. It was not \
                 applied. Raise source.epoch to {next}",
                stored.offset
            )?;
        } else {
            write!(
                f,
                "has a lower LSN ({}) than what is stored ({}), but was committed {later} s later by the source's clock: the source database was \
                 restored or replaced, and its LSNs began anew. It was not applied. Raise source.epoch to {next}, and with SOURCE_EPOCH={next} let \
                 each partition begin at the first event of the new database: orderstream offsets reset --topic <topic> --partition {partition} --to \
                 {offset} --execute",
                shown(incoming.lsn),
                shown(stored.lsn)
            )?;
        }
        write!(f, "; then take a snapshot of the source")
    }
}

/// An LSN as Postgres writes it.
fn shown(lsn: Option<i64>) -> String {
    lsn.map_or_else(|| "none".to_owned(), |lsn| format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF))
}

fn later_by(incoming: &Position, stored: &Position) -> i64 {
    incoming.ts_ms.unwrap_or(0).saturating_sub(stored.ts_ms.unwrap_or(0)) / 1000
}
