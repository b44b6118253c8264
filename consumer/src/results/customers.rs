//! The transaction of a batch of customers: moves the offset and marks the customers whose orders are outdated (P2). The customers' hashes
//! are in Redis already.

use change::fate::Fates;
use change::record::Landmark;
use ledger::Claim;
use ledger::fence::Advance;
use sqlx::postgres::PgConnection;

use super::batch::LetterRow;
use super::{ApplyError, Results, fence, letters, marked, overtaken};
use crate::orders::customer::{ChangedCustomer, CustomerChange};

/// The records of the customers' topic from one offset to another, and what becomes of them.
#[derive(Debug)]
pub struct CustomerBatch<'a> {
    /// The next offset before this batch.
    pub from: i64,
    /// The next offset after this batch.
    pub to: i64,
    /// The last of the batch's records.
    pub last: Option<Landmark>,
    /// The offset behind the last record that is no dead letter; `None` if all records are dead letters.
    pub clean_to: Option<i64>,
    /// The fates of the records.
    pub fates: Fates,
    /// The changes that the records hold.
    pub changes: &'a [CustomerChange],
    /// Customers whose hash changed, each once.
    pub changed: &'a [ChangedCustomer],
    /// Every dead letter among these records.
    pub letters: &'a [LetterRow],
    /// Whether complete rows follow their customer, or only incomplete ones do.
    pub refresh: bool,
}

impl Results {
    /// Moves the offset and marks the customers of whom rows hold another version.
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written, except perhaps with `Unknown`.
    pub async fn apply_customers(&self, claim: &Claim, batch: &CustomerBatch<'_>) -> Result<(), ApplyError> {
        let mut lease = self.lease().await?;
        lease.begin().await?;
        lease.ask(|on| write(on, claim, batch)).await?;
        Ok(lease.commit().await?)
    }
}

async fn write(connection: &mut PgConnection, claim: &Claim, batch: &CustomerBatch<'_>) -> Result<(), ApplyError> {
    let step = Advance { from: batch.from, to: batch.to, last: batch.last, clean_to: batch.clean_to };
    let has_letters = fence::move_offset(connection, claim, step, batch.fates, fence::Changed::Customers).await?;
    marked::mark(connection, claim.partition, batch.changed, batch.refresh).await?;
    letters::insert(connection, claim, batch.letters).await?;
    if has_letters || !batch.letters.is_empty() {
        overtaken::close_of_customers(connection, &overtaken::standing(batch.changes, batch.changed)).await?;
    }
    Ok(())
}
