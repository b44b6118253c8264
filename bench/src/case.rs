//! The cases of the benchmark, the most important first.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, anyhow};

/// One thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// A backlog of orders that were created, from an empty table.
    DrainCreate,
    /// The rows of drain-create by raw means and nothing else, which no program can do faster.
    Floor,
    /// Orders that are created and changed, thousands at a time.
    DrainMixed,
    /// A thousand orders that are changed all the time.
    HotKeys,
    /// Drain-create with one poison record in a hundred.
    Poison,
    /// Drain-create while Redis is stopped, and how long the repair takes afterwards.
    RedisDown,
    /// Drain-create while Redis is paused, so that connections stand and nothing answers, and how long the repair takes afterwards.
    RedisHung,
    /// A backlog that waits for Postgres: memory meanwhile, and how soon the work goes on. The case takes minutes, so it runs only when it
    /// is asked for.
    Outage,
    /// Drain-create with time added to every round trip to Postgres and Redis.
    RoundTrips,
    /// Drain-create while metrics and traces are taken.
    Observed,
    /// Drain-create while ten pages are open.
    Pages,
    /// Drain-create while each change of a row is recorded.
    AuditedCreate,
    /// Drain-mixed while each change of a row is recorded.
    AuditedMixed,
    /// Drain-create while the process compares with the shop, and without.
    Compared,
    /// A steady stream of inserts through the real Debezium: how long until row and hash are there.
    Latency,
    /// One large insert through the real Debezium.
    Burst,
    /// The time from the start of the process to its first record, and its memory when it is idle.
    Start,
    /// Everything stands still: processor time and memory.
    Idle,
    /// Twelve partitions, shared by one, two and four processes.
    Scaling,
    /// A backlog of Debezium's events becomes tables of another database, beside the JDBC sink with PEER=jdbc-sink.
    Mirror,
    /// A thousand tables are made and filled by one process.
    MirrorTables,
}

impl Case {
    /// All cases, in the order in which they run.
    pub(crate) const ALL: [Self; 21] = [
        Self::DrainCreate,
        Self::Floor,
        Self::DrainMixed,
        Self::HotKeys,
        Self::Poison,
        Self::RedisDown,
        Self::RedisHung,
        Self::Outage,
        Self::RoundTrips,
        Self::Observed,
        Self::Pages,
        Self::AuditedCreate,
        Self::AuditedMixed,
        Self::Compared,
        Self::Latency,
        Self::Burst,
        Self::Start,
        Self::Idle,
        Self::Scaling,
        Self::Mirror,
        Self::MirrorTables,
    ];

    /// Whether the case measures rates and costs of a backlog.
    pub(crate) fn drains(self) -> bool {
        !matches!(self, Self::Outage | Self::Latency | Self::Burst | Self::Start | Self::Idle | Self::Mirror | Self::MirrorTables)
    }

    /// The name of the case in `CASE`, in the table and in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DrainCreate => "drain-create",
            Self::Floor => "floor",
            Self::DrainMixed => "drain-mixed",
            Self::HotKeys => "hot-keys",
            Self::Poison => "poison",
            Self::RedisDown => "redis-down",
            Self::RedisHung => "redis-hung",
            Self::Outage => "outage",
            Self::RoundTrips => "round-trips",
            Self::Observed => "observed",
            Self::Pages => "pages",
            Self::AuditedCreate => "audited-create",
            Self::AuditedMixed => "audited-mixed",
            Self::Compared => "compared",
            Self::Latency => "latency",
            Self::Burst => "burst",
            Self::Start => "start",
            Self::Idle => "idle",
            Self::Scaling => "scaling",
            Self::Mirror => "mirror",
            Self::MirrorTables => "mirror-tables",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Case {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|case| case.name() == name).ok_or_else(|| anyhow!("there is no case {name}; there are {names}"))
    }
}
