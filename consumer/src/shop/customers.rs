//! Reads the shop's customers, for a comparison with Redis.

use smol_str::SmolStr;

use super::{SourceDatabase, SourceDatabaseError};
use crate::orders::customer::Customer;

/// Customers in the order of the primary key's own index, whatever its collation.
const AFTER: &str = "select id::text, name::text, email::text, tier::text, country::text from customers where id > $1 order by id limit $2";
const FIRST: &str = "select id::text, name::text, email::text, tier::text, country::text from customers order by id limit $1";
const OF: &str = "select id::text, name::text, email::text, tier::text, country::text from customers where id = any($1)";
const WHICH: &str = "select id::text from customers where id = any($1)";
const COUNT: &str = "select count(*) from customers";

/// The id and the columns of a customer.
type Row = (String, Option<String>, Option<String>, Option<String>, Option<String>);

impl SourceDatabase {
    /// Up to `limit` customers in the source's order: those after the id `after`, or the first ones if there is none.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn customers_after(&self, after: Option<&str>, limit: i64) -> Result<Vec<(String, Customer)>, SourceDatabaseError> {
        let query = match after {
            Some(after) => sqlx::query_as(AFTER).bind(after).bind(limit),
            None => sqlx::query_as(FIRST).bind(limit),
        };
        let rows: Vec<Row> = self.connections.lease().await?.ask(|on| query.fetch_all(on)).await?;
        Ok(rows.into_iter().map(customer).collect())
    }

    /// The customers among these ids that the source has.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn customers_of(&self, ids: &[&str]) -> Result<Vec<(String, Customer)>, SourceDatabaseError> {
        let rows: Vec<Row> = self.connections.lease().await?.ask(|on| sqlx::query_as(OF).bind(ids).fetch_all(on)).await?;
        Ok(rows.into_iter().map(customer).collect())
    }

    /// The ids among these that the source has a customer for.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn which_customers(&self, ids: &[&str]) -> Result<Vec<String>, SourceDatabaseError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.connections.lease().await?.ask(|on| sqlx::query_scalar(WHICH).bind(ids).fetch_all(on)).await?)
    }

    /// How many customers the source has.
    ///
    /// # Errors
    /// If the source is away or refuses.
    pub async fn count_customers(&self) -> Result<i64, SourceDatabaseError> {
        Ok(self.connections.lease().await?.ask(|on| sqlx::query_scalar(COUNT).fetch_one(on)).await?)
    }
}

fn customer((id, name, email, tier, country): Row) -> (String, Customer) {
    let [name, email, tier, country] = [name, email, tier, country].map(|text| text.map(SmolStr::from));
    (id, Customer { name, email, tier, country })
}
