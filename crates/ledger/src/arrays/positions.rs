//! Positions as columns, by which a statement decides which of two events is newer (P5).

use change::position::{Origin, Position};
use sqlx::error::BoxDynError;

use super::Array;

/// The columns of positions.
#[derive(Debug)]
pub struct Positions {
    /// `epoch int`
    pub epoch: Array<i32>,
    /// `partition int`
    pub partition: Array<i32>,
    /// `"offset" bigint`
    pub offset: Array<i64>,
    /// `kind "char"`
    pub kind: Array<i8>,
    /// `commit_lsn bigint`
    pub commit: Array<Option<i64>>,
    /// `lsn bigint`
    pub lsn: Array<Option<i64>>,
    /// `source_ms bigint`
    pub source_ms: Array<Option<i64>>,
}

impl Positions {
    /// Empty columns with room for `rows`.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            epoch: Array::with_capacity(rows),
            partition: Array::with_capacity(rows),
            offset: Array::with_capacity(rows),
            kind: Array::with_capacity(rows),
            commit: Array::with_capacity(rows),
            lsn: Array::with_capacity(rows),
            source_ms: Array::with_capacity(rows),
        }
    }

    /// Adds a position.
    ///
    /// # Errors
    /// If a number cannot be written in the form that Postgres reads.
    pub fn push(&mut self, position: &Position) -> Result<(), BoxDynError> {
        self.epoch.push(position.epoch)?;
        self.partition.push(position.partition)?;
        self.offset.push(position.offset)?;
        self.kind.push(kind_code(position.kind))?;
        self.commit.push(position.commit)?;
        self.lsn.push(position.lsn)?;
        self.source_ms.push(position.ts_ms)
    }
}

/// The kind that [`kind_code`] stored. A code that was never stored means an unknown origin.
#[must_use]
pub fn kind_of(code: i8) -> Origin {
    [Origin::Snapshot, Origin::Stream, Origin::Incremental, Origin::Tombstone]
        .into_iter()
        .find(|kind| kind_code(*kind) == code)
        .unwrap_or(Origin::Unknown)
}

/// The code of a kind. Postgres' `"char"` is a signed byte on the wire.
#[must_use]
pub fn kind_code(kind: Origin) -> i8 {
    match kind {
        Origin::Snapshot => b's' as i8,
        Origin::Stream => b'w' as i8,
        Origin::Incremental => b'i' as i8,
        Origin::Unknown => b'u' as i8,
        Origin::Tombstone => b't' as i8,
    }
}
