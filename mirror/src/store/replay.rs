//! The transaction of a replayed dead letter: its change, and what became of the letter. No offset moves and nothing is fenced: the record was settled when
//! it became a letter. The guards keep it from overwriting what is newer (P5), as they do for every batch.

use change::rejection::Rejection;
use ledger::letters::note_replayed;
use sqlx::postgres::PgConnection;

use super::{ApplyError, Order, Store, truncate, write_tables};
use crate::batch::Batch;

/// What became of a replayed letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// The change took effect.
    Applied,
    /// Something newer is stored.
    Stale,
    /// There was nothing to do.
    Ignored,
    /// Somebody else has closed the letter meanwhile.
    Closed,
}

impl Replayed {
    fn resolution(self) -> Option<&'static str> {
        match self {
            Self::Applied => Some("applied"),
            Self::Stale => Some("stale"),
            Self::Ignored => Some("ignored"),
            Self::Closed => None,
        }
    }
}

/// Takes the letter for this transaction, so that two replays never write it twice: rows of a table without a key have no guard.
const TAKE: &str = "select id from dead_letters where id = $1 and resolved_at is null for update";
/// Waits for whoever changes the shape of the table, and for truncates, as each batch does.
const SHARED: &str = "select pg_advisory_xact_lock_shared(7365020, $1)";

impl Store {
    /// Writes the batch of one letter and closes the letter: both or neither.
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written, except perhaps after a lost answer. The call may be repeated either way.
    pub async fn replay(&self, letter: &str, batch: &Batch, order: Order) -> Result<Replayed, ApplyError> {
        let mut lease = self.ledger.lease().await?;
        self.begin(&mut lease).await?;
        let replayed = lease.ask(|on| write(on, letter, batch, order)).await?;
        lease.commit().await?;
        Ok(replayed)
    }

    /// Notes that the letter was refused again. It stays open.
    ///
    /// # Errors
    /// If Postgres is away or refuses. Nothing was written, except perhaps after a lost answer.
    pub async fn refused_again(&self, letter: &str, rejection: &Rejection) -> Result<(), ApplyError> {
        let refused = [(letter, rejection)];
        Ok(self.ledger.lease().await?.ask(|on| note_replayed(on, Vec::new(), &refused)).await?)
    }
}

async fn write(on: &mut PgConnection, letter: &str, batch: &Batch, order: Order) -> Result<Replayed, ApplyError> {
    let taken: Option<String> = sqlx::query_scalar(TAKE).bind(letter).fetch_optional(&mut *on).await?;
    if taken.is_none() {
        return Ok(Replayed::Closed);
    }
    if let Some((layout, position)) = &batch.truncate {
        truncate::carry_out(on, layout, position).await?;
    }
    for layout in batch.layouts() {
        sqlx::query(SHARED).bind(layout.id).execute(&mut *on).await?;
    }
    let tables = write_tables(on, batch, order).await?;
    let applied: u64 = tables.iter().map(|(_, written)| written.upserts + written.deletes).sum();
    let stale = batch.stale + tables.iter().map(|(_, written)| written.stale).sum::<u64>();
    let replayed = match (batch.truncate.is_some(), applied > 0, stale > 0) {
        (true, ..) | (_, true, _) => Replayed::Applied,
        (_, _, true) => Replayed::Stale,
        _ => Replayed::Ignored,
    };
    let resolved = replayed.resolution().map(|resolution| (letter, resolution)).into_iter().collect();
    note_replayed(on, resolved, &[]).await?;
    Ok(replayed)
}
