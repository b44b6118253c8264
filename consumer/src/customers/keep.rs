//! Customers kept live from their topic.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use redis::{Cmd, Pipeline, Value};

use super::{Customers, key_arg, position_text};
use crate::cache::columns;
use crate::order::{Customer, CustomerChange, Effect};
use crate::position::Position;
use crate::progress::{Advance, Of};
use crate::redis_link::{On, RedisError, Script, each_ok, text};

static PUT_CUSTOMERS: Script = Script::new(include_str!("../../../redis/put_customers.lua"));

/// Changes per script call: long enough to be cheap, short enough that no lookup waits noticeably behind one.
const CHANGES_PER_CALL: usize = 50;

/// How long a deleted customer's position is remembered, so that an older change that is sent again does not bring the customer back (P5).
pub(super) const DELETED_FOR_SECONDS: u32 = 7 * 24 * 3600;

/// A customer that a batch of changes spoke of, as Redis has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedCustomer {
    /// The customer's id.
    pub id: String,
    /// The version of the customer in Redis; `None` if the customer is deleted.
    pub version: Option<String>,
}

/// What became of a batch of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the progress may be behind"]
pub struct PutCustomers {
    /// Each customer once. Also those whose change was not newer: after a crash between Redis and Postgres the batch comes again, finds its
    /// own versions, and the customers' orders still have to be marked (P2).
    pub customers: Vec<ChangedCustomer>,
    /// What became of the progress.
    pub progress: Advance,
}

impl Customers {
    /// Writes a batch of changes of one partition, then moves the partition's progress from `from` to `to` (P8). The transaction that marks
    /// the customers' orders and moves the offset in Postgres comes after this.
    ///
    /// # Errors
    /// Any [`RedisError`]; the same batch may be written again (P5). Without a customers topic these hashes are not ours to write:
    /// [`RedisError::Refused`].
    pub async fn put_customers(
        &self,
        changes: &[CustomerChange],
        partition: i32,
        epoch: i32,
        from: i64,
        to: i64,
    ) -> Result<PutCustomers, RedisError> {
        let Some(topic) = &self.topic else {
            return Err(RedisError::Refused("no customers topic is configured".to_owned()));
        };
        let mut in_order: Vec<&CustomerChange> = changes.iter().collect();
        in_order.sort_by_key(|change| change.position.offset);
        let run = self.link.run().await?;
        let customers = self.write(&in_order).await?;
        let progress = self.progress.advance(Of { topic, partition, epoch }, from, to, Some(run)).await?;
        Ok(PutCustomers { customers, progress })
    }

    /// Writes customers without moving the progress: a rebuild, which sets it when it is through.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn rebuild_customers(&self, changes: &[CustomerChange]) -> Result<Vec<ChangedCustomer>, RedisError> {
        self.write(&changes.iter().collect::<Vec<_>>()).await
    }

    pub(super) async fn write(&self, changes: &[&CustomerChange]) -> Result<Vec<ChangedCustomer>, RedisError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let now = Utc::now();
        let mut request = Pipeline::new();
        for chunk in changes.chunks(CHANGES_PER_CALL) {
            request.add_command(put_call(chunk, now));
        }
        let replies = self.link.call(On::Write, &request, Some(&PUT_CUSTOMERS)).await?;
        each_ok(&replies)?;
        versions_now(changes, replies)
    }
}

fn put_call(changes: &[&CustomerChange], now: DateTime<Utc>) -> Cmd {
    let mut call = PUT_CUSTOMERS.call(changes.len(), 1 + 11 * changes.len(), 320 * changes.len());
    for change in changes {
        key_arg(&mut call, &change.id);
    }
    call.arg(DELETED_FOR_SECONDS);
    for change in changes {
        let Position { epoch, partition, offset, .. } = change.position;
        call.arg(position_text(&change.position)).arg(format!("{epoch}.{partition}.{offset}"));
        match &change.effect {
            Effect::Put(customer) => columns_that_are_not_null(&mut call, customer),
            Effect::Delete => {
                let mut deleted_at = Vec::new();
                columns::instant(&mut deleted_at, now);
                call.arg("d").arg(deleted_at);
            }
        }
    }
    call
}

fn columns_that_are_not_null(call: &mut Cmd, customer: &Customer) {
    let Customer { name, email, tier, country } = customer;
    let columns = [("name", name), ("email", email), ("tier", tier), ("country", country)];
    call.arg(2 * columns.iter().filter(|(_, value)| value.is_some()).count());
    for (name, value) in columns {
        if let Some(value) = value {
            call.arg(name).arg(value.as_str());
        }
    }
}

/// The last version reported for each id, ids in the order of their first change.
fn versions_now(changes: &[&CustomerChange], replies: Vec<Value>) -> Result<Vec<ChangedCustomer>, RedisError> {
    let mut customers: Vec<ChangedCustomer> = Vec::with_capacity(changes.len());
    let mut place: HashMap<&str, usize> = HashMap::with_capacity(changes.len());
    let mut versions = replies.into_iter().flat_map(|reply| match reply {
        Value::Array(versions) => versions,
        other => vec![other],
    });
    for change in changes {
        let version = versions.next().map_or(Err(RedisError::Unexpected("a version per change")), text)?.filter(|v| !v.is_empty());
        match place.get(change.id.as_str()) {
            Some(&at) => customers[at].version = version,
            None => {
                place.insert(&change.id, customers.len());
                customers.push(ChangedCustomer { id: change.id.clone(), version });
            }
        }
    }
    Ok(customers)
}
