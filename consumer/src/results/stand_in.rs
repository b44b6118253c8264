//! Values of customers that their events leave out, taken from the rows of their orders.
//!
//! A customer's hash keeps the columns that an event leaves out. Where there is no hash (Redis has lost it, and the topic is compacted to
//! events that all lack the column), only the rows still have the values.

use std::collections::HashMap;

use change::effect::Effect;
use ledger::StoreError;
use smol_str::SmolStr;

use super::Results;
use crate::orders::customer::{Customer, CustomerChange, CustomerRow};

/// Reads one row of each customer by the index on customers, because all rows of a customer say the same. The function is in sql/results,
/// which says why it is a function.
const STORED: &str = "select id, name, email, tier, country from customers_in_rows($1::text[])";

/// The id and the columns of a customer.
type Row = (String, Option<String>, Option<String>, Option<String>, Option<String>);

impl Results {
    /// Looks up what the rows hold of the customers whose events lack a column. Nothing is asked if no event lacks one.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn stand_in(&self, changes: &mut [CustomerChange]) -> Result<(), StoreError> {
        let mut ids: Vec<String> = changes.iter_mut().filter_map(|change| lacking(change).map(|(id, _)| id.clone())).collect();
        if ids.is_empty() {
            return Ok(());
        }
        ids.sort_unstable();
        ids.dedup();
        let rows: Vec<Row> = self.lease().await?.ask(|on| sqlx::query_as(STORED).bind(ids).fetch_all(on)).await?;
        let stored: HashMap<String, Customer> = rows.into_iter().map(customer).collect();
        for (id, row) in changes.iter_mut().filter_map(lacking) {
            row.stored = stored.get(id).cloned();
        }
        Ok(())
    }
}

fn lacking(change: &mut CustomerChange) -> Option<(&String, &mut CustomerRow)> {
    match &mut change.effect {
        Effect::Put(row) if !row.absent().is_empty() => Some((&change.id, row)),
        Effect::Put(_) | Effect::Delete => None,
    }
}

fn customer((id, name, email, tier, country): Row) -> (String, Customer) {
    let [name, email, tier, country] = [name, email, tier, country].map(|text| text.map(SmolStr::from));
    (id, Customer { name, email, tier, country })
}
