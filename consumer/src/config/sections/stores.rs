//! The settings of Postgres, of Redis, and of the breaker around Redis.

use std::time::Duration;

use serde::Deserialize;

use service::settings::{Problem, Renewable, Values};
use service::tls::Files;

/// The Postgres that holds `results`.
#[derive(Debug, Clone)]
pub struct Database {
    /// The URL `postgres://..`, with the password.
    pub url: Renewable,
    /// The highest number of connections.
    pub max_connections: u32,
    /// The longest time that a statement may run.
    pub statement_timeout: Duration,
    /// The longest time that a statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl Database {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.renewable("database.url")?,
            max_connections: values.number("database.max_connections")?,
            statement_timeout: values.millis("database.statement_timeout_ms")?,
            lock_timeout: values.millis("database.lock_timeout_ms")?,
        })
    }
}

/// The Redis that holds `customer:<id>` and `order:<id>`.
#[derive(Debug, Clone)]
pub struct Redis {
    /// The URL `redis://..`, with the password.
    pub url: Renewable,
    /// The Sentinels that name the server; `None` if the URL does.
    pub sentinels: Option<Sentinels>,
    /// The files for TLS.
    pub tls: Files,
    /// The longest time that a batch waits for its customers.
    pub lookup_deadline: Duration,
    /// The longest time that a write-back may take.
    pub write_deadline: Duration,
    /// The time to live of `order:<id>`.
    pub order_ttl: Duration,
}

/// The Sentinels that name the master of Redis.
#[derive(Debug, Clone)]
pub struct Sentinels {
    /// Where they listen: `host:port,..`.
    pub addresses: String,
    /// The name of the master.
    pub master: String,
    /// The user at the Sentinels.
    pub user: Option<String>,
    /// The password at the Sentinels.
    pub password: Option<Renewable>,
}

impl Sentinels {
    fn read(values: &Values) -> Result<Option<Self>, Problem> {
        let Some(addresses) = values.optional("redis.sentinels")? else { return Ok(None) };
        let has_password = values.optional("redis.sentinel_password")?.is_some();
        Ok(Some(Self {
            addresses,
            master: values.text("redis.sentinel_master")?,
            user: values.optional("redis.sentinel_user")?,
            password: has_password.then(|| values.renewable("redis.sentinel_password")).transpose()?,
        }))
    }
}

impl Redis {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            url: values.renewable("redis.url")?,
            sentinels: Sentinels::read(values)?,
            tls: Files {
                authority: values.optional("redis.ssl_ca_location")?,
                own: values.optional("redis.ssl_certificate_location")?.zip(values.optional("redis.ssl_key_location")?),
            },
            lookup_deadline: values.millis("redis.lookup_deadline_ms")?,
            write_deadline: values.millis("redis.write_deadline_ms")?,
            order_ttl: values.seconds("redis.order_ttl_seconds")?,
        })
    }
}

/// Whether an operator holds the breaker in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The breaker opens and closes by itself.
    No,
    /// The breaker stays open: Redis is not asked.
    Open,
    /// The breaker stays closed: every call is tried.
    Closed,
}

/// When the circuit breaker around Redis opens and closes.
#[derive(Debug, Clone, Copy)]
pub struct BreakerSettings {
    /// Whether an operator holds the breaker in a state.
    pub held: Held,
    /// The time for which calls count.
    pub window: Duration,
    /// The number of calls in the window before the share counts.
    pub minimum_calls: u32,
    /// The share of failed calls that opens the breaker.
    pub failure_share: f64,
    /// The number of failures in a row that opens the breaker; 0 turns this rule off.
    pub failures_in_a_row: u32,
    /// Calls that take this long count as failures in the share.
    pub slow_call: Option<Duration>,
    /// The longest time that the breaker first stays open.
    pub open_base: Duration,
    /// The longest time that the breaker stays open between probes.
    pub open_max: Duration,
    /// The number of calls that must succeed before the breaker closes.
    pub probes: u32,
}

impl BreakerSettings {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            held: values.choice("breaker.held")?,
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

/// The settings of the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audit {
    /// Whether each change of a row of `results` is recorded.
    pub history: bool,
    /// How many months are kept beside the present one.
    pub keep_months: i32,
}

impl Audit {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { history: values.text("audit.history")? == "on", keep_months: values.number("audit.keep_months")? })
    }
}

/// The settings of how long tombstones and closed dead letters are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// How long tombstones of deleted orders are kept; `None` means for ever.
    pub deleted_orders: Option<Duration>,
    /// How long dead letters are kept after they were closed; `None` means for ever.
    pub closed_letters: Option<Duration>,
}

impl Retention {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            deleted_orders: values.optional_days("retention.deleted_orders_days")?,
            closed_letters: values.optional_days("retention.closed_letters_days")?,
        })
    }
}
