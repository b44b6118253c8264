//! The typed sections that the other modules receive.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Problem;
use super::secret::{Properties, Secret};
use super::values::Values;

/// How to reach Kafka, and its topics.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// Brokers to start with.
    pub bootstrap_servers: String,
    /// Consumer group.
    pub group_id: String,
    /// Change events of `orders`.
    pub orders_topic: String,
    /// Change events of `customers`; `None`: somebody else keeps the hashes.
    pub customers_topic: Option<String>,
    /// Where dead letters go.
    pub dead_letter_topic: String,
    /// librdkafka's `security.protocol`.
    pub security_protocol: String,
    /// librdkafka's `sasl.mechanism`.
    pub sasl_mechanism: Option<String>,
    /// User name at the brokers.
    pub sasl_username: Option<String>,
    /// Password at the brokers.
    pub sasl_password: Option<Secret>,
    /// Certificates that the brokers' are checked against.
    pub ssl_ca_location: Option<String>,
    /// The client's own certificate.
    pub ssl_certificate_location: Option<String>,
    /// The key of that certificate.
    pub ssl_key_location: Option<String>,
    /// The password of that key.
    pub ssl_key_password: Option<Secret>,
    /// Further librdkafka properties, none of which the promises rest on.
    pub properties: Properties,
}

impl Kafka {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            bootstrap_servers: values.text("kafka.bootstrap_servers")?,
            group_id: values.text("kafka.group_id")?,
            orders_topic: values.text("kafka.orders_topic")?,
            customers_topic: values.optional("kafka.customers_topic")?,
            dead_letter_topic: values.text("kafka.dead_letter_topic")?,
            security_protocol: values.text("kafka.security_protocol")?,
            sasl_mechanism: values.optional("kafka.sasl_mechanism")?,
            sasl_username: values.optional("kafka.sasl_username")?,
            sasl_password: values.optional_secret("kafka.sasl_password")?,
            ssl_ca_location: values.optional("kafka.ssl_ca_location")?,
            ssl_certificate_location: values.optional("kafka.ssl_certificate_location")?,
            ssl_key_location: values.optional("kafka.ssl_key_location")?,
            ssl_key_password: values.optional_secret("kafka.ssl_key_password")?,
            properties: values.properties("kafka.properties")?,
        })
    }

    /// What a connection needs as librdkafka properties: brokers, security, and the further properties, which come last.
    #[must_use]
    pub fn connection_properties(&self) -> Vec<(&str, &str)> {
        let optional = [
            ("sasl.mechanism", self.sasl_mechanism.as_deref()),
            ("sasl.username", self.sasl_username.as_deref()),
            ("sasl.password", self.sasl_password.as_ref().map(Secret::expose)),
            ("ssl.ca.location", self.ssl_ca_location.as_deref()),
            ("ssl.certificate.location", self.ssl_certificate_location.as_deref()),
            ("ssl.key.location", self.ssl_key_location.as_deref()),
            ("ssl.key.password", self.ssl_key_password.as_ref().map(Secret::expose)),
        ];
        [("bootstrap.servers", self.bootstrap_servers.as_str()), ("security.protocol", &self.security_protocol)]
            .into_iter()
            .chain(optional.into_iter().filter_map(|(name, value)| Some((name, value?))))
            .chain(self.properties.iter())
            .collect()
    }
}

/// The shape of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Debezium's envelope.
    Envelope,
    /// Rows flattened by the unwrap transform; a null value is the delete.
    Flat,
}

/// How events are read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The shape of the events.
    pub format: Format,
    /// Raised when the source database was restored or replaced.
    pub epoch: i32,
    /// Scale of base64 decimals without a schema.
    pub decimal_scale: Option<u32>,
    /// Larger records become dead letters.
    pub max_record_bytes: usize,
}

impl Source {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            format: values.choice("source.format")?,
            epoch: values.number("source.epoch")?,
            decimal_scale: values.optional_number("source.decimal_scale")?,
            max_record_bytes: values.number("source.max_record_bytes")?,
        })
    }
}

/// The Postgres that holds `results`.
#[derive(Debug, Clone)]
pub struct Database {
    /// `postgres://..`, with the password.
    pub url: Secret,
    /// Size of the pool.
    pub max_connections: u32,
    /// Longest a statement may run.
    pub statement_timeout: Duration,
    /// Longest a statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl Database {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.secret("database.url")?,
            max_connections: values.number("database.max_connections")?,
            statement_timeout: values.millis("database.statement_timeout_ms")?,
            lock_timeout: values.millis("database.lock_timeout_ms")?,
        })
    }
}

/// The Redis that holds `customer:<id>` and `order:<id>`.
#[derive(Debug, Clone)]
pub struct Redis {
    /// `redis://..`, with the password.
    pub url: Secret,
    /// Longest a batch waits for its customers.
    pub lookup_deadline: Duration,
    /// Longest a write-back may take.
    pub write_deadline: Duration,
    /// Time to live of `order:<id>`.
    pub order_ttl: Duration,
}

impl Redis {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.secret("redis.url")?,
            lookup_deadline: values.millis("redis.lookup_deadline_ms")?,
            write_deadline: values.millis("redis.write_deadline_ms")?,
            order_ttl: values.seconds("redis.order_ttl_seconds")?,
        })
    }
}

/// When the circuit breaker around Redis opens and closes.
#[derive(Debug, Clone, Copy)]
pub struct Breaker {
    /// How far back calls count.
    pub window: Duration,
    /// Calls in the window before the share counts.
    pub minimum_calls: u32,
    /// Share of failed calls that opens it.
    pub failure_share: f64,
    /// Failures in a row that open it; 0 turns this off.
    pub failures_in_a_row: u32,
    /// Calls that take so long count as failures in the share.
    pub slow_call: Option<Duration>,
    /// Longest it first stays open.
    pub open_base: Duration,
    /// Longest it stays open between probes.
    pub open_max: Duration,
    /// Calls that must succeed before it closes.
    pub probes: u32,
}

impl Breaker {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            window: values.millis("breaker.window_ms")?,
            minimum_calls: values.number("breaker.minimum_calls")?,
            failure_share: values.share("breaker.failure_share")?,
            failures_in_a_row: values.number("breaker.failures_in_a_row")?,
            slow_call: values.optional_millis("breaker.slow_call_ms")?,
            open_base: values.millis("breaker.open_base_ms")?,
            open_max: values.millis("breaker.open_max_ms")?,
            probes: values.number("breaker.probes")?,
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
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            when_redis_is_down: values.choice("enrichment.when_redis_is_down")?,
            when_customer_is_missing: values.choice("enrichment.when_customer_is_missing")?,
            when_customer_changes: values.choice("enrichment.when_customer_changes")?,
        })
    }
}

/// How much goes into one transaction (P10).
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    /// Most records.
    pub max_records: usize,
    /// Most bytes; one record is always taken.
    pub max_bytes: usize,
}

impl Batch {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { max_records: values.number("batch.max_records")?, max_bytes: values.number("batch.max_bytes")? })
    }
}

/// Where the endpoints answer.
#[derive(Debug, Clone)]
pub struct Http {
    /// `address:port`; `None`: nowhere.
    pub listen: Option<String>,
}

impl Http {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { listen: values.optional("http.listen")? })
    }
}

/// When silence counts as a stall (P9).
#[derive(Debug, Clone, Copy)]
pub struct HealthRules {
    /// Lag and nothing committed for this long is a stall.
    pub stall: Duration,
}

impl HealthRules {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { stall: values.seconds("health.stall_seconds")? })
    }
}

/// How the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// Longest the batches in flight may take after SIGTERM.
    pub deadline: Duration,
}

impl Shutdown {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { deadline: values.millis("shutdown.deadline_ms")? })
    }
}

/// The shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// A level, or directives by comma.
    pub level: String,
    /// The shape of the lines.
    pub format: LogFormat,
}

impl Log {
    pub(super) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { level: values.text("log.level")?, format: values.choice("log.format")? })
    }
}
