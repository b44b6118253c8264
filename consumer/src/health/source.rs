//! What is known of the way from the shop to Kafka: the age of the newest event and of Debezium's heartbeat, the connector, the slots.
//!
//! A shop where nothing is ordered and a connector that has failed look the same from Kafka. The heartbeat, Kafka Connect and the
//! replication slots tell the two apart (P9).

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::finding::{Finding, FindingKind};
use super::verdict::seconds;

mod connector;
mod slots;
mod view;

pub use connector::{ConnectorHealth, ConnectorReading, RunState, TaskReading};
pub use slots::{SlotReading, SlotsHealth, SlotsReading};
pub use view::SourceView;

/// How long Kafka Connect or the shop's Postgres may be silent before that is told. A restart of either takes up to 20 s.
const SILENCE: Duration = Duration::from_secs(20);

/// When the source counts as degraded.
#[derive(Debug, Clone, Copy)]
pub struct SourceRules {
    /// A heartbeat of Debezium that is older than this is told.
    pub heartbeat: Duration,
    /// A replication slot that holds back so many bytes of the log is told, before the disk of the shop's Postgres is full.
    pub slot_retained_bytes: u64,
}

impl Default for SourceRules {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(60), slot_retained_bytes: 1 << 30 }
    }
}

/// What is known of the way from the shop to Kafka.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// By topic, when the newest event happened that a process of the group has processed, by Kafka's timestamp.
    pub newest: BTreeMap<String, Instant>,
    /// When Debezium wrote its newest heartbeat; `None` if none was read.
    pub heartbeat: Option<Instant>,
    /// The connector; `None` if `connect.url` is not set.
    pub connector: Option<ConnectorHealth>,
    /// The replication slots; `None` if `source.url` is not set.
    pub slots: Option<SlotsHealth>,
}

impl Source {
    /// What is not as it should be, with what to do.
    pub(super) fn findings(&self, rules: &SourceRules, now: Instant) -> Vec<Finding> {
        let silent = self.heartbeat.filter(|at| now.saturating_duration_since(*at) > rules.heartbeat).map(|at| {
            let what = format!(
                "source: Debezium's last heartbeat is {} s old: changes of the shop may not arrive; see the connector's state, `GET \
                 /connectors/<name>/status` at Kafka Connect",
                seconds(at, now)
            );
            Finding::degrades(FindingKind::HeartbeatOld, "source", what).since(at)
        });
        let connector = self.connector.iter().flat_map(|connector| connector.findings(now));
        let slots = self.slots.iter().flat_map(|slots| slots.findings(rules, now));
        silent.into_iter().chain(connector).chain(slots).collect()
    }
}

/// The instant of a time by another clock, in milliseconds since 1970. A time that is still to come is now.
#[must_use]
pub fn instant_of(timestamp_ms: i64) -> Instant {
    let (now, today) = (Instant::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let age = today.saturating_sub(Duration::from_millis(u64::try_from(timestamp_ms).unwrap_or(0)));
    now.checked_sub(age).unwrap_or(now)
}

#[cfg(test)]
mod tests;
