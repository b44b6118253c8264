//! The metrics of the way from the shop to Kafka, of the processes of the group, and of the last comparison. What is not configured, or not known yet, has no series:
//! a zero would be a claim.

use std::fmt;
use std::time::{Instant, SystemTime};

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::health::{PROCESS_STATES, RunState, Snapshot};
use service::metrics::series::{gauge, gauges};

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot, now: Instant) -> fmt::Result {
    let source = &snapshot.source;
    let age = |since: &Instant| now.saturating_duration_since(*since).as_secs_f64();
    let newest = source.newest.iter().map(|(topic, at)| ([("topic", topic.as_str())], age(at)));
    seconds(encoder, "newest_event_age", "Since the newest event that a process of the group has processed", newest)?;
    let heartbeat = source.heartbeat.as_ref().map(age);
    alone(encoder, "heartbeat_age", "Since Debezium wrote its newest heartbeat", Some(&Unit::Seconds), heartbeat.map(ConstGauge::new))?;
    connector(encoder, snapshot)?;
    slots(encoder, snapshot)?;
    let count = |state| Some(([("state", state)], number(snapshot.group.count(state, now)?)));
    gauges(encoder, "processes", "Processes of the consumer group by state", PROCESS_STATES.into_iter().filter_map(count))?;
    comparison(encoder, snapshot, now)
}

/// The last comparison that a process has made by itself; the same at every process of a database.
fn comparison(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot, now: Instant) -> fmt::Result {
    let Some(comparison) = &snapshot.group.comparison else { return Ok(()) };
    let kinds = comparison.differences.iter().map(|(kind, count)| ([("kind", kind.as_str())], *count));
    gauges(encoder, "differences", "Differences between the shop and results or Redis that the last comparison has found", kinds)?;
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ended = today.saturating_sub(now.saturating_duration_since(comparison.ended)).as_secs_f64();
    alone(encoder, "compared_at", "When the last comparison ended", Some(&Unit::Seconds), Some(ConstGauge::new(ended)))?;
    alone(
        encoder,
        "compared_rows",
        "Orders of the shop that the last comparison has compared",
        None,
        Some(ConstGauge::new(comparison.orders)),
    )
}

fn connector(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    let Some(connector) = &snapshot.source.connector else { return Ok(()) };
    let up = ConstGauge::new(i64::from(connector.is_up()));
    alone(encoder, "connect_up", "1 while Kafka Connect answers", None, Some(up))?;
    let tasks = RunState::ALL.map(|state| ([("state", state.as_str())], number(connector.tasks_in(state))));
    gauges(encoder, "connector_tasks", "Tasks of the connector by state", tasks)
}

/// The slots of the shop's database. Of several slots the one counts that keeps the most of the log.
fn slots(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    let Some((slots, heaviest)) = snapshot.source.slots.as_ref().and_then(|slots| Some((slots, slots.heaviest()?))) else { return Ok(()) };
    let (active, bytes) = (i64::from(slots.is_read()), Some(&Unit::Bytes));
    let (retained, lag) = (ConstGauge::new(gauge(heaviest.retained_bytes)), ConstGauge::new(gauge(heaviest.lag_bytes)));
    alone(encoder, "slot_active", "1 while somebody reads a replication slot of the shop", None, Some(ConstGauge::new(active)))?;
    alone(encoder, "slot_retained", "Log that the shop's Postgres keeps because of a replication slot", bytes, Some(retained))?;
    alone(encoder, "slot_lag", "Log that the reader of the replication slot has not confirmed", bytes, Some(lag))
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A gauge without labels, if it has a value.
pub(super) fn alone(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: Option<impl EncodeMetric>,
) -> fmt::Result {
    let Some(value) = value else { return Ok(()) };
    value.encode(encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?)
}

/// Gauges in seconds; the name of the family gets the unit behind it.
pub(super) fn seconds<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (L, f64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
    series.into_iter().try_for_each(|(labels, value)| ConstGauge::new(value).encode(family.encode_family(&labels)?))
}
