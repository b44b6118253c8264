//! The settings of how events are read, and of how orders and customers come together.

use serde::Deserialize;

use service::settings::{Problem, Secret, Values};

/// The shape of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Debezium's envelope.
    Envelope,
    /// Rows flattened by the unwrap transform. A null value is the delete.
    Flat,
}

/// The unit of integer times in events without a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// The size of the number tells the unit.
    Auto,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// How events are read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The URL of the shop's Postgres, which is only looked at. Nothing is processed through it.
    pub url: Option<Secret>,
    /// The topic of Debezium's heartbeats; `None` if they are not read.
    pub heartbeat_topic: Option<String>,
    /// The shape of the events.
    pub format: Format,
    /// The epoch, which is raised when the source database was restored or replaced.
    pub epoch: i32,
    /// The scale of base64 decimals without a schema.
    pub decimal_scale: Option<u32>,
    /// The unit of integer times without a schema.
    pub time_unit: TimeUnit,
    /// The limit of a record. Larger records become dead letters.
    pub max_record_bytes: usize,
}

impl Source {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.optional_secret("source.url")?,
            heartbeat_topic: heartbeat_topic(values.optional("source.heartbeat_topic")?, &values.text("kafka.orders_topic")?),
            format: values.choice("source.format")?,
            epoch: values.number("source.epoch")?,
            decimal_scale: values.optional_number("source.decimal_scale")?,
            time_unit: values.choice("source.time_unit")?,
            max_record_bytes: values.number("source.max_record_bytes")?,
        })
    }
}

/// The topic of heartbeats. Debezium names its topics `prefix.schema.table`, and the prefix may have dots.
fn heartbeat_topic(setting: Option<String>, orders_topic: &str) -> Option<String> {
    match setting.as_deref() {
        Some("auto") => orders_topic.rsplitn(3, '.').nth(2).map(|prefix| format!("__debezium-heartbeat.{prefix}")),
        _ => setting,
    }
}

/// What becomes of an order while Redis is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenRedisIsDown {
    /// The order is written as `pending` and completed later.
    Degrade,
    /// The partition of the order waits.
    Hold,
    /// The order becomes a dead letter.
    DeadLetter,
}

/// What becomes of an order whose customer does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenCustomerIsMissing {
    /// The order is written as `missing` and completed later.
    Degrade,
    /// The order becomes a dead letter.
    DeadLetter,
}

/// What becomes of a customer's orders when the customer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenCustomerChanges {
    /// The orders are refreshed.
    Refresh,
    /// The orders keep the customer as of their last event.
    Keep,
}

/// How orders and customers come together.
#[derive(Debug, Clone, Copy)]
pub struct Enrichment {
    /// What becomes of an order while Redis is away.
    pub when_redis_is_down: WhenRedisIsDown,
    /// What becomes of an order whose customer does not exist.
    pub when_customer_is_missing: WhenCustomerIsMissing,
    /// What becomes of a customer's orders when the customer changes.
    pub when_customer_changes: WhenCustomerChanges,
}

impl Enrichment {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            when_redis_is_down: values.choice("enrichment.when_redis_is_down")?,
            when_customer_is_missing: values.choice("enrichment.when_customer_is_missing")?,
            when_customer_changes: values.choice("enrichment.when_customer_changes")?,
        })
    }
}

/// The settings of how many dead letters a partition may have before it stops.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters {
    /// The share of the last records that may be dead letters; 1 means no cap.
    pub max_share: f64,
    /// The number of last records of which the share is taken.
    pub window_records: u64,
}

impl DeadLetters {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { max_share: values.share("dead_letters.max_share")?, window_records: values.number("dead_letters.window_records")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_heartbeats_follows_from_that_of_orders_unless_it_is_named() {
        let topic = |setting: &str, orders| heartbeat_topic(Some(setting.to_owned()).filter(|text| !text.is_empty()), orders);
        assert_eq!(topic("auto", "shop.public.orders").as_deref(), Some("__debezium-heartbeat.shop"));
        assert_eq!(topic("auto", "eu.shop.public.orders").as_deref(), Some("__debezium-heartbeat.eu.shop"));
        assert_eq!(topic("auto", "orders"), None);
        assert_eq!(topic("beats", "shop.public.orders").as_deref(), Some("beats"));
        assert_eq!(topic("", "shop.public.orders"), None);
    }
}
