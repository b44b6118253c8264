//! Why it is not known how a table is written.

use ledger::StoreError;

use crate::catalog::{CatalogError, TableName};

/// Why it is not known how a table is written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A server is away, or a table was altered just now.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The events come in another topic than those before (P5).
    #[error(
        "events of {table} come in topic {topic}, and its rows were written from topic {before} in the same source.epoch, {epoch}: offsets of two \
         topics cannot be compared, and newer events would count as seen. If the connector was made anew, leave the old topics out of mirror.topics \
         and raise source.epoch. If a transform sends one table to several topics, let it use one"
    )]
    Elsewhere {
        /// The source's table.
        table: TableName,
        /// The topic of the event.
        topic: String,
        /// The topic of the events before.
        before: String,
        /// The epoch of both.
        epoch: i32,
    },
}

impl From<StoreError> for LookError {
    fn from(error: StoreError) -> Self {
        Self::Catalog(error.into())
    }
}
