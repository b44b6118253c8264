//! Compares the customers of orders with Redis a second time, after the orders were committed (P2).

use std::collections::HashMap;

use redis::{Pipeline, Value};

use super::OrderCache;
use crate::orders::enrich::Enrichment;
use crate::orders::row::{OrderState, ResultRow};
use crate::redis::customers::key_arg;
use crate::redis::link::{On, RedisError};

impl OrderCache {
    /// The orders whose customer has another version by now. Customers that were deleted or have come into being count too.
    pub(super) async fn outdated(&self, states: &[OrderState]) -> Result<Vec<i64>, RedisError> {
        let rows: Vec<(&ResultRow, &str)> = states.iter().filter_map(comparable).collect();
        let mut place = HashMap::new();
        let mut request = Pipeline::new();
        for (_, customer_id) in &rows {
            let next = place.len();
            if *place.entry(*customer_id).or_insert(next) == next {
                request.add_command(read_version(customer_id));
            }
        }
        if place.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.link.call(On::Read, &request, None).await?.into_iter().map(version).collect::<Result<Vec<_>, _>>()?;
        let is_outdated = |(row, customer_id): &&(&ResultRow, &str)| {
            let current = place.get(customer_id).and_then(|&at| now.get(at)).and_then(Option::as_deref);
            current != row.customer.version.as_deref().map(str::as_bytes)
        };
        Ok(rows.iter().filter(is_outdated).map(|(row, _)| row.order_id).collect())
    }
}

/// A row with the id of the customer that the row names; `None` if there is nothing to compare. A pending row is due anyway, and a deleted
/// order and a guest's order have no customer.
fn comparable(state: &OrderState) -> Option<(&ResultRow, &str)> {
    match state {
        OrderState::Live(row) if row.enrichment != Enrichment::Pending => Some((row, row.customer_id.as_deref()?)),
        _ => None,
    }
}

fn read_version(customer_id: &str) -> redis::Cmd {
    let mut command = redis::cmd("HGET");
    key_arg(&mut command, customer_id);
    command.arg("version");
    command
}

/// The version in a reply. A key that holds something else than a hash counts as a customer that does not exist, as in the lookup.
fn version(reply: Value) -> Result<Option<Vec<u8>>, RedisError> {
    match reply {
        Value::BulkString(version) => Ok(Some(version)),
        Value::Nil => Ok(None),
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Ok(None),
        Value::ServerError(error) => Err(RedisError::from_reply(&error)),
        _ => Err(RedisError::Unexpected("a version")),
    }
}
