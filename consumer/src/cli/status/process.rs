//! Reads what a running process says of itself at `/status`.

use serde::Deserialize;

use crate::cli::http::{self, Answer, foreign};
use crate::health::SourceView;

/// The body of `/status`, as far as it is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Process {
    #[serde(skip)]
    address: String,
    version: String,
    uptime_seconds: u64,
    status: String,
    reasons: Vec<String>,
    partitions: Vec<StatusPartition>,
    breaker: Option<StatusBreaker>,
    /// Processes of an earlier version say nothing of these.
    #[serde(default)]
    degraded: Vec<String>,
    #[serde(default)]
    redis_server: Option<String>,
    pub(super) source: Option<SourceView>,
}

#[derive(Debug, Deserialize)]
struct StatusPartition {
    topic: String,
    partition: i32,
    state: String,
    reason: Option<String>,
    lag_seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct StatusBreaker {
    state: String,
}

/// Asks the process that listens where this configuration says. The error says why there is no answer.
pub(super) async fn ask(listen: Option<&str>) -> Result<Process, String> {
    let Answer { address, body, .. } = http::ask(listen, "/status").await?;
    let process: Process = serde_json::from_str(&body).map_err(|_| foreign(&address))?;
    Ok(Process { address, ..process })
}

impl Process {
    pub(super) fn heading(&self) -> String {
        let Self { address, version, uptime_seconds, status, .. } = self;
        let breaker = self.breaker.as_ref().map_or("unknown", |breaker| &breaker.state);
        let redis = self.redis_server.as_ref().map(|server| format!(", master of Redis {server}")).unwrap_or_default();
        let mut text = format!(
            "process    {status}, orderstream {version} at {address}, up {uptime_seconds} s, breaker around Redis {breaker}{redis}\n"
        );
        self.reasons.iter().chain(&self.degraded).for_each(|reason| text.push_str(&format!("           {reason}\n")));
        text
    }

    /// For how long the oldest record of a partition has waited; `None` if the process does not know.
    pub(super) fn lag_seconds(&self, topic: &str, partition: i32) -> Option<i64> {
        self.partitions.iter().find(|known| known.topic == topic && known.partition == partition)?.lag_seconds
    }

    /// What the process does with a partition; `None` if the process does not have the partition.
    pub(super) fn state(&self, topic: &str, partition: i32) -> Option<String> {
        let known = self.partitions.iter().find(|known| known.topic == topic && known.partition == partition)?;
        Some(known.reason.as_ref().map_or(known.state.clone(), |reason| format!("{}: {reason}", known.state)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::health::{Health, OrdersWithoutRedis, Rules, SourceRules, StatusView, readiness};

    #[test]
    fn the_body_of_status_is_read() {
        let rules = Rules {
            stall: Duration::ZERO,
            poll_silence: Duration::ZERO,
            without_redis: OrdersWithoutRedis::Pending,
            compare_every: None,
            source: SourceRules::default(),
        };
        let (health, now) = (Health::new(rules), std::time::Instant::now());
        health.claiming(&"orders".into(), 3);
        health.served_by(crate::health::Dependency::Redis, "10.0.0.1:6379".into());
        let view = StatusView::new(&health.snapshot(), readiness(&health.snapshot(), health.rules(), now), None, now);
        let process: Process = serde_json::from_str(&serde_json::to_string(&view).unwrap()).unwrap();
        assert_eq!(process.state("orders", 3).as_deref(), Some("claiming"));
        assert_eq!(process.state("orders", 4), None);
        let heading = process.heading();
        assert!(heading.contains("not_ready") && heading.contains("master of Redis 10.0.0.1:6379"), "{heading}");
    }
}
