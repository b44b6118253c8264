//! The transaction of a batch of customers: their hashes are in Redis already; it moves the offset and marks whose orders are outdated (P2).

use sqlx::postgres::PgConnection;

use super::batch::LetterRow;
use super::{ApplyError, Results, fence, letters, marked, overtaken};
use crate::orders::customer::ChangedCustomer;
use crate::orders::customer::CustomerChange;
use change::fate::Fates;
use change::record::Landmark;
use ledger::Claim;

/// The records from one offset to another of the customers' topic.
#[derive(Debug)]
pub struct CustomerBatch<'a> {
    /// The next offset before.
    pub from: i64,
    /// The next offset afterwards.
    pub to: i64,
    /// The last of these records.
    pub last: Option<Landmark>,
    /// Behind the last of them that is no dead letter; `None`: all are.
    pub clean_to: Option<i64>,
    /// The fates of its records.
    pub fates: Fates,
    /// Their changes.
    pub changes: &'a [CustomerChange],
    /// Customers whose hash changed, each once.
    pub changed: &'a [ChangedCustomer],
    /// Every dead letter among these records.
    pub letters: &'a [LetterRow],
    /// Whether complete rows follow their customer, or only incomplete ones do.
    pub refresh: bool,
}

impl Results {
    /// Moves the offset and marks the customers that have rows with another version of them.
    ///
    /// # Errors
    /// [`ApplyError`]; except for `Unknown`, nothing was written.
    pub async fn apply_customers(&self, claim: &Claim, batch: &CustomerBatch<'_>) -> Result<(), ApplyError> {
        let mut lease = self.lease().await?;
        lease.begin().await?;
        lease.ask(|on| write(on, claim, batch)).await?;
        Ok(lease.commit().await?)
    }
}

async fn write(connection: &mut PgConnection, claim: &Claim, batch: &CustomerBatch<'_>) -> Result<(), ApplyError> {
    let step = fence::Step { from: batch.from, to: batch.to, last: batch.last, clean_to: batch.clean_to };
    let has_letters = fence::move_offset(connection, claim, step, batch.fates, fence::Changed::Customers).await?;
    marked::mark(connection, claim.partition, batch.changed, batch.refresh).await?;
    letters::insert(connection, claim, batch.letters).await?;
    if has_letters || !batch.letters.is_empty() {
        overtaken::close_of_customers(connection, &overtaken::standing(batch.changes, batch.changed)).await?;
    }
    Ok(())
}
