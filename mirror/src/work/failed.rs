//! What is done with a batch that Postgres did not take: another look at its table, a wait, halves, or at last one dead letter (P6, P7).

use std::sync::Arc;
use std::time::{Duration, Instant};

use change::record::Record;
use ledger::{Class, StoreError};
use service::retry::Backoff;
use worker::{Stopped, delay};

use super::Worker;
use super::piece::{Conflict, Piece};
use crate::batch::Batch;
use crate::catalog::TableName;
use crate::letters::{Refusal, refused, refused_with};
use crate::prepare::Blocked;
use crate::store::ApplyError;

/// The time for which a row may wait for a value that another row still has.
const CONFLICT: Duration = Duration::from_secs(10);

/// Two events of one statement wrote one row: a defect of the batch, which its halves do not have.
const ONE_ROW_TWICE: &str = "21000";
/// A unique index does not allow a value.
const UNIQUE: &str = "23505";

/// The batch that Postgres did not take.
pub(super) struct Attempt<'a> {
    /// Its first record.
    pub(super) first: &'a Record,
    pub(super) batch: &'a Batch,
    /// How many records it has.
    pub(super) taken: usize,
}

impl Worker {
    /// Finds out what is to be done. The answer is what the piece is divided into; `None` if the piece is to be tried again as it is now.
    pub(super) async fn failed(
        &self,
        error: ApplyError,
        piece: &mut Piece,
        attempt: &Attempt<'_>,
        backoff: &mut Backoff,
    ) -> Result<Option<Vec<Piece>>, Stopped> {
        match error {
            ApplyError::Fenced => Err(Stopped::Fenced),
            ApplyError::OtherSpace(found) => Err(Stopped::OtherSpace(found)),
            ApplyError::Rounded(table) => {
                if let Some(written) = attempt.batch.tables.iter().find(|written| written.layout.source == table) {
                    self.unblock(attempt.first, Blocked::Narrow(Arc::clone(&written.layout))).await?;
                }
                Ok(None)
            }
            ApplyError::Outdated(code) => {
                if self.has_changed(attempt.first, attempt.batch).await? {
                    self.tenure.pause(backoff.next_delay()).await?;
                    return Ok(None);
                }
                // The tables are as they were read, so that it is a value of a row that the server refuses in this way.
                let pieces = self.halves(piece, attempt, &code);
                if pieces.is_none() {
                    piece.refusals.insert(0, Refusal { rejection: refused_with(&code), table: table_of(attempt.batch) });
                }
                Ok(pieces)
            }
            ApplyError::Store(error) | ApplyError::Unknown { error, .. } => self.not_stored(&error, piece, attempt, backoff).await,
            ApplyError::Unresolved(..) => Ok(None),
        }
    }

    /// Finds the row that Postgres refuses, or waits until the server takes the batch.
    async fn not_stored(
        &self,
        error: &StoreError,
        piece: &mut Piece,
        attempt: &Attempt<'_>,
        backoff: &mut Backoff,
    ) -> Result<Option<Vec<Piece>>, Stopped> {
        if self.waits_for_value(piece, error, backoff).await? {
            return Ok(None);
        }
        self.shared.troubled(&self.partition, error);
        let sqlstate = error.sqlstate().unwrap_or_default();
        let is_of_row = error.class() == Class::Row;
        if is_of_row || error.is_too_slow() || sqlstate == ONE_ROW_TWICE {
            let pieces = self.halves(piece, attempt, &sqlstate);
            if pieces.is_some() {
                return Ok(pieces);
            }
            if is_of_row {
                if !self.has_changed(attempt.first, attempt.batch).await? {
                    piece.refusals.insert(0, Refusal { rejection: refused(error), table: table_of(attempt.batch) });
                }
                return Ok(None);
            }
        }
        self.tenure.pause(delay(error, backoff.next_delay())).await?;
        Ok(None)
    }

    /// Whether the batch is to be tried again because a unique index of the target does not allow a value: at once with all rows taken away first,
    /// and then for some time, because the row that has the value may be about to change in another partition.
    async fn waits_for_value(&self, piece: &mut Piece, error: &StoreError, backoff: &mut Backoff) -> Result<bool, Stopped> {
        if error.sqlstate().as_deref() != Some(UNIQUE) {
            return Ok(false);
        }
        match piece.conflict {
            Conflict::None => piece.conflict = Conflict::Since(Instant::now()),
            Conflict::Since(since) if since.elapsed() < CONFLICT => {
                self.shared.health.waiting(&self.partition, format!("another row still has a value of a unique index: {error}"));
                self.tenure.pause(backoff.next_delay()).await?;
            }
            Conflict::Since(_) => {
                piece.conflict = Conflict::Lasting;
                return Ok(false);
            }
            Conflict::Lasting => return Ok(false),
        }
        Ok(true)
    }

    /// Halves the batch, to find the rows that Postgres refuses; `None` if it has one record.
    fn halves(&self, piece: &Piece, attempt: &Attempt<'_>, sqlstate: &str) -> Option<Vec<Piece>> {
        let halves = piece.halves(attempt.taken)?;
        self.shared.metrics.store.bisected();
        tracing::debug!(records = attempt.taken, sqlstate, "A batch is halved to find the rows that Postgres refuses");
        Some(halves)
    }
}

/// The table of a batch that writes only one.
fn table_of(batch: &Batch) -> Option<TableName> {
    batch.tables.first().map(|table| table.layout.source.clone())
}
