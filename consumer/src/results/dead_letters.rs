//! What the dead letters of the job `orders` are about.

use ledger::letters::{About, Statements};

pub use ledger::letters::{Count, Filter, Replayable};

/// A row of `dead_letters`.
pub type Letter = ledger::letters::Letter<OfShop>;

/// The order or the customer of a letter.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OfShop {
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, if the record could be read that far.
    pub customer_id: Option<String>,
}

impl About for OfShop {
    // A key that is a number may be an order's, and is compared as one, so that both indexes serve; `case` keeps a key that is none from being read
    // as one.
    const STATEMENTS: Statements = ledger::letters!(
        "customer_id = $3 or order_id = case when $3 ~ '^-?[0-9]{1,19}$' then \
         case when $3::numeric between -9223372036854775808 and 9223372036854775807 then $3::bigint end end"
    );

    fn key(&self) -> Option<String> {
        self.order_id.map(|id| id.to_string()).or_else(|| self.customer_id.clone())
    }
}
