//! How events are read, and how orders and customers come together.

use serde::Deserialize;

use service::settings::{Problem, Secret, Values};

/// The shape of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Debezium's envelope.
    Envelope,
    /// Rows flattened by the unwrap transform; a null value is the delete.
    Flat,
}

/// What integer times count whose events carry no schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// What their size says.
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
    /// The shop's Postgres, to be looked at; nothing is processed through it.
    pub url: Option<Secret>,
    /// The shape of the events.
    pub format: Format,
    /// Raised when the source database was restored or replaced.
    pub epoch: i32,
    /// Scale of base64 decimals without a schema.
    pub decimal_scale: Option<u32>,
    /// Unit of integer times without a schema.
    pub time_unit: TimeUnit,
    /// Larger records become dead letters.
    pub max_record_bytes: usize,
}

impl Source {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.optional_secret("source.url")?,
            format: values.choice("source.format")?,
            epoch: values.number("source.epoch")?,
            decimal_scale: values.optional_number("source.decimal_scale")?,
            time_unit: values.choice("source.time_unit")?,
            max_record_bytes: values.number("source.max_record_bytes")?,
        })
    }
}

/// What becomes of an order while Redis is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenRedisIsDown {
    /// It is written as `pending` and completed later.
    Degrade,
    /// Its partition waits.
    Hold,
    /// It becomes a dead letter.
    DeadLetter,
}

/// What becomes of an order whose customer does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenCustomerIsMissing {
    /// It is written as `missing` and completed later.
    Degrade,
    /// It becomes a dead letter.
    DeadLetter,
}

/// What becomes of a customer's orders when the customer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenCustomerChanges {
    /// They are refreshed.
    Refresh,
    /// They keep the customer as of their last event.
    Keep,
}

/// How orders and customers come together.
#[derive(Debug, Clone, Copy)]
pub struct Enrichment {
    /// While Redis is away.
    pub when_redis_is_down: WhenRedisIsDown,
    /// Where the customer does not exist.
    pub when_customer_is_missing: WhenCustomerIsMissing,
    /// When the customer changes.
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

/// How many dead letters a partition may have before it stops.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters {
    /// Share of the last records; 1 is no cap.
    pub max_share: f64,
    /// How many records the share is of.
    pub window_records: u64,
}

impl DeadLetters {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { max_share: values.share("dead_letters.max_share")?, window_records: values.number("dead_letters.window_records")? })
    }
}
