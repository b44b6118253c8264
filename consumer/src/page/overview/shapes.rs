//! The shapes of `/api/overview`, which is also what each second's event holds. The page's TypeScript has the same types. What is not known is
//! null and never zero; numbers of 64 bits are texts; moments are milliseconds since 1970.

use serde::Serialize;

use crate::health::{BreakerReading, EdgeDetail, Hold, Pause};
use crate::page::actions::state::Action;
use crate::page::alerts::Alert;

/// Everything that Flow, Partitions, Redis and Alerts show.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Overview {
    /// When it was made.
    pub at: i64,
    /// One more each second.
    pub seq: u64,
    /// The name of this start of the process.
    pub instance: String,
    /// The version of the program.
    pub version: &'static str,
    /// The revision of the program.
    pub revision: &'static str,
    /// Whether all is well.
    pub verdict: Verdict,
    /// How far behind.
    pub lag: Lag,
    /// How old changes of the shop are at their commit, in the slowest process.
    pub age_ms: Quantiles,
    /// The step that holds up the others.
    pub bottleneck: Option<Bottleneck>,
    /// What passes between the servers.
    pub edges: Edges,
    /// The servers.
    pub nodes: Nodes,
    /// The list of the sweep.
    pub due: Option<Due>,
    /// Dead letters by reason.
    pub letters: Option<Vec<LetterCount>>,
    /// All partitions, of all processes.
    pub partitions: Vec<Partition>,
    /// All processes.
    pub processes: Vec<Process>,
    /// The newest orders.
    pub latest: Option<Vec<LatestOrder>>,
    /// Redis.
    pub redis: RedisNow,
    /// What is wrong now, the worst first.
    pub alerts: Vec<Alert>,
    /// The actions that run now, and the last one that has ended; null: not asked yet.
    pub actions: Option<Vec<Action>>,
    /// When each block was read.
    pub as_of: AsOf,
}

/// Whether all is well.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Verdict {
    /// `ready`, `degraded` or `not_ready`.
    #[cfg_attr(test, ts(type = "\"ready\" | \"degraded\" | \"not_ready\""))]
    pub state: &'static str,
    /// The one sentence.
    pub headline: String,
    /// Why the process is not ready.
    pub reasons: Vec<String>,
    /// What does not work but does no harm yet.
    pub degraded: Vec<String>,
}

/// How far behind.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Lag {
    /// Records that are not committed.
    pub records: Option<u64>,
    /// Whether the lag of some partition is not known.
    pub at_least: bool,
    /// How long the oldest of them has waited.
    pub seconds: Option<u64>,
    /// `falling`, `steady` or `rising`.
    #[cfg_attr(test, ts(type = "\"falling\" | \"steady\" | \"rising\" | null"))]
    pub trend: Option<&'static str>,
    /// When there will be none at this rate.
    pub eta_s: Option<u64>,
}

/// Half of them, and 99 of 100, were not above.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Quantiles {
    /// The middle.
    pub p50: Option<f64>,
    /// 99 of 100.
    pub p99: Option<f64>,
}

/// The step that holds up the others.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Bottleneck {
    /// The step, as in `edges`.
    #[cfg_attr(test, ts(type = "keyof Edges"))]
    pub edge: &'static str,
    /// The share of time that it takes.
    pub busy: f64,
    /// For how long.
    pub for_s: u64,
}

/// What passes between the servers, over all processes that report.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Edges {
    /// Kafka to orderstream.
    pub read: Edge,
    /// Bytes to changes.
    pub decode: Edge,
    /// Customers from Redis.
    pub lookup: Edge,
    /// Rows to Postgres.
    pub commit: Edge,
    /// Hashes to Redis.
    pub write_back: Edge,
    /// Dead letters to Kafka.
    pub dead_letter: Edge,
    /// Rows that the sweep completed.
    pub sweep: Edge,
}

/// What passes at one place.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Edge {
    /// How many a second.
    pub per_s: Option<f64>,
    /// The share of an average partition's time, 0 to 1.
    pub busy: Option<f64>,
    /// 99 of 100 batches took no longer.
    pub p99_ms: Option<f64>,
    /// How many fail a second.
    pub errors_per_s: Option<f64>,
}

impl From<EdgeDetail> for Edge {
    fn from(detail: EdgeDetail) -> Self {
        let EdgeDetail { per_s, busy, p99_ms, errors_per_s } = detail;
        Self { per_s, busy, p99_ms, errors_per_s }
    }
}

/// The servers.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Nodes {
    /// The shop's Postgres; null without `source.url`.
    pub shop: Option<Shop>,
    /// The age of Debezium's last heartbeat.
    pub heartbeat_age_s: Option<u64>,
    /// Kafka Connect; null without `connect.url`.
    pub connect: Option<Connector>,
    /// Kafka.
    pub kafka: Server,
    /// The Postgres with `results`.
    pub postgres: Server,
    /// Redis.
    pub redis: Server,
}

/// The shop's Postgres.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Shop {
    /// The class of the error while it is away.
    pub error: Option<String>,
    /// Its replication slots.
    pub slots: Vec<Slot>,
}

/// A replication slot.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody is connected to it.
    pub active: bool,
    /// Bytes of the log that it keeps.
    pub retained_bytes: u64,
    /// Bytes of the log that its reader has not confirmed.
    pub lag_bytes: u64,
}

/// The connector.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Connector {
    /// Its name.
    pub name: String,
    /// `unknown`, `away`, `absent`, or the state that Connect gives it.
    pub state: String,
    /// Since when, with its tasks.
    pub for_s: u64,
    /// The class of the error while Connect is away.
    pub error: Option<String>,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

/// A task of the connector.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Task {
    /// Its number.
    pub id: i64,
    /// Its state.
    pub state: String,
    /// The classes of the exceptions that it has failed with.
    pub error: Option<String>,
}

/// A server.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Server {
    /// `unknown`, `up` or `down`.
    #[cfg_attr(test, ts(type = "\"unknown\" | \"up\" | \"down\""))]
    pub state: &'static str,
    /// Since when.
    pub for_s: Option<u64>,
    /// The class of the error while it is down.
    pub error: Option<&'static str>,
    /// The address in use, where others can take its place.
    pub server: Option<String>,
}

/// The list of the sweep.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Due {
    /// Orders on it.
    pub orders: u64,
    /// Those whose time has come.
    pub now: u64,
    /// Customers whose orders are still to be put on it.
    pub customers: u64,
}

/// Dead letters of one reason.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LetterCount {
    /// The reason.
    pub reason: String,
    /// Open ones.
    pub open: u64,
    /// Closed ones.
    pub resolved: u64,
}

/// A partition.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Partition {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// The process that has it; null if nobody reports it.
    pub owner: Option<String>,
    /// Since when the owner was not heard of.
    pub owner_heard_s: Option<u64>,
    /// `claiming`, `running`, `waiting`, `stopped`, `lost`, `paused`, or `unowned`.
    pub state: String,
    /// Why it waits or has stopped.
    pub reason: Option<String>,
    /// Since when it is in this state.
    pub for_s: Option<u64>,
    /// The next offset.
    pub next: Option<String>,
    /// The end.
    pub end: Option<String>,
    /// Records that are not committed.
    pub lag: Option<u64>,
    /// How long the oldest of them has waited.
    pub lag_s: Option<u64>,
    /// Records a second.
    pub per_s: Option<f64>,
    /// Its records so far.
    pub fates: Option<FateCounts>,
    /// Records that Redis does not reflect yet.
    pub redis_behind: Option<u64>,
    /// Since when nothing was committed.
    pub last_commit_s: Option<u64>,
    /// Who has paused it.
    pub paused: Option<Paused>,
}

/// A partition that an operator has paused.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Paused {
    /// When the pause ends by itself.
    pub until: i64,
    /// Who has paused it.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

/// The breaker that an operator holds.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Held {
    /// `open` or `closed`.
    #[cfg_attr(test, ts(type = "\"open\" | \"closed\""))]
    pub state: &'static str,
    /// When the hold ends by itself.
    pub until: i64,
    /// Who holds it.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

impl From<&Pause> for Paused {
    fn from(pause: &Pause) -> Self {
        Self { until: pause.until.timestamp_millis(), by: pause.by.clone(), reason: pause.reason.clone() }
    }
}

impl From<&Hold> for Held {
    fn from(hold: &Hold) -> Self {
        let state = hold.state.as_str();
        Self { state, until: hold.until.timestamp_millis(), by: hold.by.clone(), reason: hold.reason.clone() }
    }
}

/// Records by fate.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FateCounts {
    /// Written.
    pub applied: u64,
    /// Overtaken.
    pub stale: u64,
    /// Without meaning.
    pub ignored: u64,
    /// Dead letters.
    pub dead_lettered: u64,
}

/// A process.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Process {
    /// Its host and number.
    pub process: String,
    /// The name of this start of it.
    pub instance: String,
    /// `ready`, `degraded`, `not_ready` or `silent`; `unknown` while this process cannot read the reports.
    pub state: String,
    /// Since when it was not heard of.
    pub heard_s: u64,
    /// Its version.
    pub version: String,
    /// How long it runs.
    pub uptime_s: u64,
    /// Its partitions.
    pub partitions: Vec<String>,
    /// What is wrong with it.
    pub reasons: Vec<String>,
    /// Whether it is the one that answers.
    pub is_this: bool,
}

/// A new order.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LatestOrder {
    /// The order.
    pub order_id: String,
    /// What was ordered.
    pub product_id: String,
    /// How many.
    pub quantity: i32,
    /// For how much.
    pub total: String,
    /// Its state in the shop.
    pub status: Option<String>,
    /// What is known of its customer.
    pub enrichment: String,
    /// When it was written.
    pub processed_at: i64,
}

/// Redis, as of now.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RedisNow {
    /// The breaker around the server.
    pub breaker: Option<BreakerNow>,
    /// The breaker around writes alone.
    pub breaker_of_writes: Option<BreakerNow>,
    /// Grows with each transition of a breaker of this process.
    pub transitions: u64,
    /// Lookups of customers.
    pub lookups: RedisLookups,
    /// Records that Redis does not reflect yet.
    pub behind: Option<u64>,
    /// Partitions of which it is being made whole.
    pub rebuilding: Option<Rebuilding>,
    /// Who holds the breaker.
    pub held: Option<Held>,
}

/// Lookups of customers.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RedisLookups {
    /// Customers that were there.
    pub found_per_s: Option<f64>,
    /// Customers that were not there.
    pub missing_per_s: Option<f64>,
    /// Customers that could not be asked for.
    pub unavailable_per_s: Option<f64>,
}

/// Partitions of which Redis is being made whole.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rebuilding {
    /// Of customers.
    pub customers: u64,
    /// Of orders.
    pub orders: u64,
}

/// A breaker of this process.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Breaker"))]
pub struct BreakerNow {
    /// `closed`, `open`, `half_open`, `forced_open` or `forced_closed`.
    #[cfg_attr(test, ts(type = "\"closed\" | \"open\" | \"half_open\" | \"forced_open\" | \"forced_closed\""))]
    pub state: &'static str,
    /// Calls that were answered, since the process started.
    pub succeeded: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Calls that were slow.
    pub slow: u64,
    /// Calls that were not made.
    pub rejected: u64,
}

impl From<&BreakerReading> for BreakerNow {
    fn from(reading: &BreakerReading) -> Self {
        Self { state: reading.state, succeeded: reading.succeeded, failed: reading.failed, slow: reading.slow, rejected: reading.rejected }
    }
}

/// When each block was read; null: never.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AsOf {
    /// What the processes report.
    pub group: Option<i64>,
    /// Letters, and the list of the sweep.
    pub letters: Option<i64>,
    /// The shop's Postgres.
    pub shop: Option<i64>,
    /// Kafka Connect.
    pub connect: Option<i64>,
    /// The newest orders.
    pub latest: Option<i64>,
}
