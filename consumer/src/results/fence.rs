//! The fence of this job (P4). Its answer also tells whether open dead letters may be about what the batch changes: the statement looks at
//! the end of an index that holds only open letters.

use change::fate::Fates;
use ledger::Claim;
use ledger::fence::{self, Advance};
use sqlx::postgres::PgConnection;

use super::ApplyError;

const FENCE: &str = ledger::fence!(
    "exists (select from dead_letters where resolved_at is null and order_id between $14 and $15) \
     or $16 and exists (select from dead_letters where resolved_at is null and customer_id is not null)"
);

/// What a batch changes, to find the dead letters that it may overtake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::results) enum Changed {
    /// Orders between these two ids; `None` if no order is changed.
    Orders(Option<(i64, i64)>),
    /// Customers.
    Customers,
}

/// The first statement of every transaction (P4). If it finds no row, this worker may not write. Returns whether there are open dead
/// letters that the batch may overtake.
pub(in crate::results) async fn move_offset(
    connection: &mut PgConnection,
    claim: &Claim,
    step: Advance,
    fates: Fates,
    changed: Changed,
) -> Result<bool, ApplyError> {
    let (orders, customers) = match changed {
        Changed::Orders(orders) => (orders, false),
        Changed::Customers => (None, true),
    };
    let moved: Option<bool> = fence::query(FENCE, claim, step, fates)
        .bind(orders.map(|(lowest, _)| lowest))
        .bind(orders.map(|(_, highest)| highest))
        .bind(customers)
        .fetch_optional(connection)
        .await?;
    moved.ok_or(ApplyError::Fenced)
}
