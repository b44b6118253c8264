//! What is known of a customer: the hash, its version, the orders that wait for it, letters; and a verdict in one sentence.

use chrono::{DateTime, Utc};
use kafka::partitioner::partition_of;
use serde::Serialize;

use super::facts::{Asked, Ends, Settings};
use crate::health::plural;
use crate::redis::cache::look::Seen;
use crate::redis::customers::look::CustomerLook;
use crate::results::traces::{StoredCustomer, StoredPartition};

pub mod report;
pub mod text;

/// Everything that is known of a customer.
#[derive(Debug, Clone)]
pub struct CustomerFacts {
    /// The customer.
    pub id: String,
    /// When the servers were asked.
    pub at: DateTime<Utc>,
    /// What the verdict depends on beside the answers.
    pub settings: Settings,
    /// The answer of Postgres.
    pub postgres: Asked<StoredCustomer>,
    /// The answer of Redis.
    pub redis: Asked<CustomerLook>,
    /// The answer of Kafka; `None` without a customers topic.
    pub kafka: Option<Asked<Ends>>,
}

/// The kinds of sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CustomerCode {
    /// Redis has the customer, and every order has it too.
    Known,
    /// Redis has the customer, and orders are still to follow.
    OrdersFollow,
    /// A change of the customer is an open letter.
    LetterOpen,
    /// The customer was deleted.
    Deleted,
    /// Redis has lost customers, and is being made whole.
    Lost,
    /// Nothing is known of the customer, and events are not read yet.
    NotYetRead,
    /// Nothing is known of the customer.
    NeverSeen,
    /// Redis did not answer.
    Unknown,
}

/// The verdict on a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CustomerVerdict {
    /// The kind of the sentence.
    pub code: CustomerCode,
    /// The sentence.
    pub text: String,
}

impl CustomerFacts {
    /// The partitions of customers in the present epoch, as the ledger has them.
    fn partitions(&self) -> impl Iterator<Item = &StoredPartition> {
        let all = self.postgres.get().into_iter().flat_map(|stored| &stored.partitions);
        all.filter(|known| known.epoch == self.settings.epoch && Some(&known.topic) == self.settings.customers_topic.as_ref())
    }

    /// How many records of the partition that the customer's key leads to are not read yet, and the number of that partition.
    fn not_read(&self) -> Option<(i32, i64)> {
        let ends = self.kafka.as_ref()?.get()?;
        let key = serde_json::json!({ "id": self.id }).to_string();
        let partition = partition_of(key.as_bytes(), ends.keys().max()? + 1)?;
        let next = self.partitions().find(|known| known.partition == partition)?.next_offset;
        Some((partition, (ends.get(&partition)?.high - next).max(0)))
    }

    /// Whether Redis reflects everything that Postgres has of the customers' topic; `None` if one of them did not answer.
    fn redis_is_whole(&self) -> Option<bool> {
        let (look, _) = (self.redis.get()?, self.postgres.get()?);
        let covers = |known: &StoredPartition| {
            let point = look.progress.get(&format!("{}:{}", known.topic, known.partition));
            point.is_some_and(|point| (point.epoch, point.next_offset) >= (known.epoch, known.next_offset))
        };
        Some(self.partitions().all(covers))
    }
}

/// The verdict on a customer. The function is pure.
#[must_use]
pub fn verdict(facts: &CustomerFacts) -> CustomerVerdict {
    let (code, text) = judged(facts);
    CustomerVerdict { code, text }
}

fn judged(facts: &CustomerFacts) -> (CustomerCode, String) {
    let stored = facts.postgres.get();
    let orders = stored.map_or("Postgres did not answer, so nothing is known of the orders".to_owned(), waiting);
    if let Some(letter) = stored.and_then(|stored| stored.letters.iter().find(|letter| letter.resolved_at.is_none())) {
        let (id, reason) = (&letter.id, &letter.reason);
        return (CustomerCode::LetterOpen, format!("A change of the customer was refused: letter {id} is open ({reason}); {orders}."));
    }
    let Some(look) = facts.redis.get() else {
        return (CustomerCode::Unknown, format!("Not known: Redis, which has the customers, did not answer; {orders}."));
    };
    match &look.hash {
        Seen::Hash(hash) if hash.deleted_at.is_none() => {
            let version = hash.version.as_deref().map_or("without a version".to_owned(), |version| format!("version {version}"));
            let code = if stored.is_some_and(is_followed) { CustomerCode::Known } else { CustomerCode::OrdersFollow };
            (code, format!("In Redis ({version}); {orders}."))
        }
        Seen::Hash(hash) => {
            let at = hash.deleted_at.as_deref().unwrap_or("an unknown time");
            (CustomerCode::Deleted, format!("Deleted at {at}; {orders}."))
        }
        Seen::Foreign => (
            CustomerCode::Lost,
            format!("The key holds no hash, so the customer counts as missing; the customer's next event writes it; {orders}."),
        ),
        Seen::Absent => absent(facts, &orders),
    }
}

fn absent(facts: &CustomerFacts, orders: &str) -> (CustomerCode, String) {
    if facts.settings.customers_topic.is_none() {
        return (CustomerCode::NeverSeen, format!("Not in Redis, where another program keeps the customers; {orders}."));
    }
    if facts.redis_is_whole() == Some(false) {
        return (CustomerCode::Lost, format!("Not in Redis, which does not reflect all customers and is being made whole; {orders}."));
    }
    match facts.not_read() {
        Some((partition, 0)) => (
            CustomerCode::NeverSeen,
            format!(
                "Not in Redis: never seen, or deleted more than an hour ago. Everything of partition {partition} is read, where the key leads to; {orders}."
            ),
        ),
        Some((partition, lag)) => (
            CustomerCode::NotYetRead,
            format!(
                "Not in Redis: {lag} {} of partition {partition}, where the key leads to, {} not read yet; {orders}.",
                plural(lag, "record", "records"),
                plural(lag, "is", "are")
            ),
        ),
        None => (CustomerCode::NeverSeen, format!("Not in Redis, and whether everything is read is not known; {orders}.")),
    }
}

/// Whether no order has to follow the customer any more.
fn is_followed(stored: &StoredCustomer) -> bool {
    stored.due.is_none() && stored.rows.due == 0 && stored.rows.pending == 0
}

fn waiting(stored: &StoredCustomer) -> String {
    let rows = &stored.rows;
    let counted = if rows.counted > 1_000 { "more than 1000".to_owned() } else { rows.counted.to_string() };
    let parts = [(rows.missing, "without the customer"), (rows.pending, "waiting for Redis"), (rows.due, "on the list of the sweep")];
    let parts: String = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    let marked = if stored.due.is_some() { ", and its orders are being looked through after its last change" } else { "" };
    let refusal = rows.refusal.as_ref().map_or(String::new(), |why| format!("; Postgres refuses to complete one: {why}"));
    format!("{counted} {}{parts}{marked}{refusal}", plural(rows.counted, "order", "orders"))
}

#[cfg(test)]
mod tests;
