//! Writes the changes of the customers topic to Redis.

use std::collections::HashMap;

use change::effect::Effect;
use change::lsn_space::OtherSpace;
use change::position::Position;
use change::position_text;
use chrono::{DateTime, Utc};
use redis::{Cmd, Pipeline, Value};

use super::{Customers, key_arg};
use crate::orders::customer::{ChangedCustomer, CustomerChange, CustomerRow};
use crate::redis::cache::columns;
use crate::redis::link::{On, RedisError, Script, each_ok, text};
use crate::redis::progress::{Advance, Of};

static PUT_CUSTOMERS: Script = Script::new(include_str!("../../../../redis/put_customers.lua"));

/// Changes per script call. A call is long enough to be cheap, and short enough that no lookup waits noticeably behind it.
const CHANGES_PER_CALL: usize = 50;

/// How long a deleted customer's position is remembered, so that an older change that is sent again does not bring the customer back (P5).
pub(super) const CUSTOMER_TRACE_SECONDS: u32 = 7 * 24 * 3600;

/// What became of a batch of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the progress may be behind"]
pub struct PutCustomers {
    /// Each customer once, also a customer whose change was not newer. After a crash between Redis and Postgres the batch comes again and
    /// finds its own versions, and the customers' orders still have to be marked (P2).
    pub customers: Vec<ChangedCustomer>,
    /// What became of the progress.
    pub progress: Advance,
}

/// Why a batch of changes was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Redis failed. The same batch may be put again (P5).
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The source database is another one than before. The progress did not move. The changes of the batch that were newer than their hash
    /// may be written.
    #[error(transparent)]
    OtherSpace(Box<OtherSpace>),
}

/// What Redis made of some changes.
#[derive(Debug, Default)]
pub(super) struct Wrote {
    /// Each customer once.
    pub(super) customers: Vec<ChangedCustomer>,
    /// The indices of the changes that were not newer, and of deletes, of which Redis does not say whether they were.
    pub(super) doubtful: Vec<usize>,
}

impl Customers {
    /// Writes a batch of changes of one partition, then moves the partition's progress from `from` to `to` (P8). The transaction that marks
    /// the customers' orders and moves the offset in Postgres comes after this.
    ///
    /// # Errors
    /// [`PutError`]; [`RedisError::Refused`] without a customers topic, because another program writes the hashes then.
    pub async fn put_customers(
        &self,
        changes: &[CustomerChange],
        partition: i32,
        epoch: i32,
        from: i64,
        to: i64,
    ) -> Result<PutCustomers, PutError> {
        let Some(topic) = &self.topic else {
            return Err(RedisError::Refused("no customers topic is configured".to_owned()).into());
        };
        let mut in_order: Vec<&CustomerChange> = changes.iter().collect();
        in_order.sort_by_key(|change| change.position.offset);
        let run = self.link.run().await?;
        let customers = self.write_within_space(&in_order).await?;
        let progress = self.progress.advance(Of { topic, partition, epoch }, from, to, Some(run)).await?;
        Ok(PutCustomers { customers, progress })
    }

    /// Writes a batch of changes without moving the progress, because a rebuild is under way, which moves the progress when it is done.
    ///
    /// # Errors
    /// [`PutError`]
    pub async fn put_customers_only(&self, changes: &[CustomerChange]) -> Result<Vec<ChangedCustomer>, PutError> {
        self.write_within_space(&changes.iter().collect::<Vec<_>>()).await
    }

    /// Writes changes, and looks at those that were refused: a change that is older by its LSN and clearly newer by the clock comes from
    /// another database (P5).
    async fn write_within_space(&self, changes: &[&CustomerChange]) -> Result<Vec<ChangedCustomer>, PutError> {
        let Wrote { customers, doubtful } = self.write(changes).await?;
        let doubtful: Vec<&CustomerChange> = doubtful.into_iter().filter_map(|index| changes.get(index).copied()).collect();
        let ids: Vec<&str> = doubtful.iter().map(|change| change.id.as_str()).collect();
        for (change, stored) in doubtful.iter().zip(self.positions(&ids).await?) {
            if let Some(stored) = stored.and_then(|text| position_text::parse(&text)).filter(|stored| change.position.contradicts(stored)) {
                // The text does not say which customer, because the text comes to logs and endpoints, and an id may be an e-mail address
                // (P11). The offset identifies the change.
                let row = "a customer".to_owned();
                return Err(PutError::OtherSpace(Box::new(OtherSpace { row, incoming: change.position, stored })));
            }
        }
        Ok(customers)
    }

    /// Writes customers for a rebuild, which moves the progress itself when it is done.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn rebuild_customers(&self, changes: &[CustomerChange]) -> Result<Vec<ChangedCustomer>, RedisError> {
        Ok(self.write(&changes.iter().collect::<Vec<_>>()).await?.customers)
    }

    pub(super) async fn write(&self, changes: &[&CustomerChange]) -> Result<Wrote, RedisError> {
        if changes.is_empty() {
            return Ok(Wrote::default());
        }
        let now = Utc::now();
        let mut request = Pipeline::new();
        for chunk in changes.chunks(CHANGES_PER_CALL) {
            request.add_command(put_call(chunk, now));
        }
        let replies = self.link.call(On::Write, &request, Some(&PUT_CUSTOMERS)).await?;
        each_ok(&replies)?;
        let wrote = versions_now(changes, replies)?;
        self.count(changes, &wrote.doubtful);
        Ok(wrote)
    }

    /// Counts the hashes written and skipped. Deletes are left out, because nothing tells whether there was a hash.
    fn count(&self, changes: &[&CustomerChange], doubtful: &[usize]) {
        let is_put = |change: &CustomerChange| matches!(change.effect, Effect::Put(_));
        let puts = changes.iter().filter(|change| is_put(change)).count();
        let skipped = doubtful.iter().filter(|index| changes.get(**index).is_some_and(|change| is_put(change))).count();
        self.metrics.iter().for_each(|metrics| metrics.customer_hashes((puts - skipped) as u64, skipped as u64));
    }
}

fn put_call(changes: &[&CustomerChange], now: DateTime<Utc>) -> Cmd {
    let mut call = PUT_CUSTOMERS.call(changes.len(), 1 + 20 * changes.len(), 320 * changes.len());
    for change in changes {
        key_arg(&mut call, &change.id);
    }
    call.arg(CUSTOMER_TRACE_SECONDS);
    for change in changes {
        let Position { epoch, partition, offset, .. } = change.position;
        call.arg(position_text::write(&change.position)).arg(version(epoch, partition, offset));
        match &change.effect {
            Effect::Put(customer) => {
                columns_that_are_not_null(&mut call, customer);
                absent_columns(&mut call, customer);
            }
            Effect::Delete => {
                let mut deleted_at = Vec::new();
                columns::instant(&mut deleted_at, now);
                call.arg("d").arg(deleted_at);
            }
        }
    }
    call
}

/// The version of a customer, by the event that wrote it.
pub(super) fn version(epoch: i32, partition: i32, offset: i64) -> String {
    format!("{epoch}.{partition}.{offset}")
}

fn columns_that_are_not_null(call: &mut Cmd, customer: &CustomerRow) {
    let columns = customer.columns();
    let values = columns.iter().filter_map(|(column, text)| Some((column.as_str(), text.value()?)));
    call.arg(2 * values.clone().count());
    for (name, value) in values {
        call.arg(name).arg(value);
    }
}

/// Appends each column that the event does not have, with the value that `results` has: an equals sign and the value, or an empty text.
fn absent_columns(call: &mut Cmd, customer: &CustomerRow) {
    let absent = customer.absent();
    call.arg(2 * absent.iter().count());
    for column in absent.iter() {
        let stored = customer.stored.as_ref().and_then(|stored| stored.column(column));
        call.arg(column.as_str()).arg(stored.map_or_else(String::new, |value| format!("={value}")));
    }
}

/// Reads the replies: the last version reported for each id, in the order of the ids' first changes.
fn versions_now(changes: &[&CustomerChange], replies: Vec<Value>) -> Result<Wrote, RedisError> {
    let (mut customers, mut doubtful): (Vec<ChangedCustomer>, _) = (Vec::with_capacity(changes.len()), Vec::new());
    let mut place: HashMap<&str, usize> = HashMap::with_capacity(changes.len());
    let mut versions = replies.into_iter().flat_map(|reply| match reply {
        Value::Array(versions) => versions,
        other => vec![other],
    });
    for (index, change) in changes.iter().enumerate() {
        let now = versions.next().map_or(Err(RedisError::Unexpected("a version per change")), text)?.filter(|v| !v.is_empty());
        let Position { epoch, partition, offset, .. } = change.position;
        if now.as_deref() != Some(version(epoch, partition, offset).as_str()) {
            doubtful.push(index);
        }
        match place.get(change.id.as_str()) {
            Some(&at) => customers[at].version = now,
            None => {
                place.insert(&change.id, customers.len());
                customers.push(ChangedCustomer { id: change.id.clone(), version: now });
            }
        }
    }
    Ok(Wrote { customers, doubtful })
}
