//! Changes customers for an operator's command, outside of the order of their topic (P2, P5).
//!
//! Such a change has no offset that could move, so the change ends with a mark of its own in the progress: see [`CustomersToken`]. Redis
//! keeps the mark as safe as its append-only file is. What Redis loses in its last second is found by `orderstream reconcile`.
//!
//! [`CustomersToken`]: super::CustomersToken

use change::position_text;
use redis::{Pipeline, Value};

use super::{Customers, key_arg};
use crate::orders::customer::{ChangedCustomer, CustomerChange};
use crate::redis::link::{On, RedisError, text};

/// What became of a change that was sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedCustomer {
    /// The customer as Redis has it now.
    pub customer: ChangedCustomer,
    /// Whether Redis has this change, and not something newer.
    pub took_effect: bool,
}

impl Customers {
    /// Writes changes with their original positions, in the order given. An older change never overwrites a newer one (P5). The transaction
    /// that marks the customers' orders comes after this.
    ///
    /// # Errors
    /// Any [`RedisError`]; the same changes may be written again.
    pub async fn replay(&self, changes: &[CustomerChange]) -> Result<Vec<ReplayedCustomer>, RedisError> {
        let Some(topic) = &self.topic else {
            return Err(RedisError::Refused("no customers topic is configured".to_owned()));
        };
        let customers = self.write(&changes.iter().collect::<Vec<_>>()).await?.customers;
        self.progress.changed_by_hand(topic).await?;
        let ids: Vec<&str> = changes.iter().map(|change| change.id.as_str()).collect();
        let positions = self.positions(&ids).await?;
        let of = |(change, position): (&CustomerChange, Option<String>)| {
            let customer = customers.iter().find(|customer| customer.id == change.id)?.clone();
            Some(ReplayedCustomer { customer, took_effect: position.is_some_and(|stored| position_text::is_of(&stored, &change.position)) })
        };
        Ok(changes.iter().zip(positions).filter_map(of).collect())
    }

    /// The position in each customer's hash, also in that of a deleted customer; `None` where there is no hash.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn positions(&self, ids: &[&str]) -> Result<Vec<Option<String>>, RedisError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut request = Pipeline::with_capacity(ids.len());
        for id in ids {
            let mut command = redis::cmd("HGET");
            key_arg(&mut command, id);
            command.arg("position");
            request.add_command(command);
        }
        self.link.call(On::Read, &request, None).await?.into_iter().map(position).collect()
    }
}

/// The position in a reply. A value of another type is no hash and has no position: the script replaces the value.
fn position(reply: Value) -> Result<Option<String>, RedisError> {
    match reply {
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Ok(None),
        other => text(other),
    }
}
