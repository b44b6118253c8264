//! The settings of how the process works: batches, endpoints, stalls, its end, its log.

use std::time::Duration;

use service::logging::Log;
use service::settings::{Problem, Renewable, Values};
use service::traces::TraceSettings;

/// The limits of one transaction (P10).
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// The highest number of records.
    pub max_records: usize,
    /// The highest number of bytes. One record is always taken.
    pub max_bytes: usize,
}

impl BatchLimits {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { max_records: values.number("batch.max_records")?, max_bytes: values.number("batch.max_bytes")? })
    }
}

/// The settings of the HTTP endpoints.
#[derive(Debug, Clone)]
pub struct Http {
    /// The `address:port` to listen on; `None` if there are no endpoints.
    pub listen: Option<String>,
}

impl Http {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { listen: values.optional("http.listen")? })
    }
}

/// The settings of the page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Names beside those of this machine by which the page may be asked.
    pub hosts: Vec<String>,
    /// The known tokens, one a line.
    pub tokens: Renewable,
    /// Whether this machine reads without a token.
    pub trusts_loopback: bool,
    /// Whether failed tasks of the connector may be started again.
    pub restart_connector: bool,
}

impl Page {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        let hosts = values.optional("page.hosts")?.unwrap_or_default();
        Ok(Self {
            hosts: hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
            restart_connector: values.text("page.restart_connector")? == "on",
            tokens: values.renewable("page.tokens")?,
            trusts_loopback: values.text("page.loopback")? == "read",
        })
    }
}

/// The settings of the operator's port.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The `address:port` of this machine to listen on; `None` if there is no such port.
    pub listen: Option<String>,
}

impl Admin {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { listen: values.optional("admin.listen")? })
    }
}

/// The settings of when silence counts as a stall (P9).
#[derive(Debug, Clone, Copy)]
pub struct HealthRules {
    /// Lag without a commit for this long is a stall.
    pub stall: Duration,
    /// A heartbeat of Debezium that is older than this is told.
    pub heartbeat: Duration,
    /// A replication slot that keeps so many bytes of the shop's log is told.
    pub slot_retained_bytes: u64,
}

impl HealthRules {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            stall: values.seconds("health.stall_seconds")?,
            heartbeat: values.seconds("health.heartbeat_seconds")?,
            slot_retained_bytes: values.number::<u64>("health.slot_retained_mb")? << 20,
        })
    }
}

/// The settings of comparisons that the process makes by itself.
#[derive(Debug, Clone, Copy)]
pub struct Reconcile {
    /// The time from one comparison to the next; `None` if the process makes none.
    pub every: Option<Duration>,
    /// Whether differences are set right.
    pub repair: bool,
}

impl Reconcile {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        let every = values.optional_number("reconcile.every")?.map(Duration::from_secs);
        Ok(Self { every, repair: values.text("reconcile.repair")? == "true" })
    }
}

/// The settings of how the process ends.
#[derive(Debug, Clone, Copy)]
pub struct Shutdown {
    /// The longest time that the batches in flight may take after SIGTERM.
    pub deadline: Duration,
}

impl Shutdown {
    pub(in crate::config) fn read(values: &Values) -> Result<Self, Problem> {
        Ok(Self { deadline: values.millis("shutdown.deadline_ms")? })
    }
}

/// Reads the settings of traces; `None` if there is no receiver.
pub(in crate::config) fn traces(values: &Values) -> Result<Option<TraceSettings>, Problem> {
    let sample = values.share("traces.sample")?;
    Ok(values.optional("traces.endpoint")?.map(|endpoint| TraceSettings { endpoint, sample }))
}

/// Reads the settings of what is logged, and how.
pub(in crate::config) fn log(values: &Values) -> Result<Log, Problem> {
    Ok(Log { level: values.text("log.level")?, format: values.choice("log.format")? })
}
