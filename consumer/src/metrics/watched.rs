//! The metrics that are read when Prometheus asks: partitions, servers, readiness, the breaker. A partition that has moved away disappears
//! by itself.

use std::fmt;
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use service::metrics::series::{counters, gauge, gauges};
use service::traces::Spans;

use super::{ByPartition, source};
use crate::health::{BreakerReading, Breakers, DependencyState, Health, PartitionHealth, PartitionState, Snapshot, readiness};

#[derive(Debug)]
pub(super) struct Watched {
    health: Health,
    spans: Spans,
}

impl Watched {
    pub(super) fn new(health: Health, spans: Spans) -> Self {
        Self { health, spans }
    }
}

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let snapshot = self.health.snapshot();
        let is_ready = readiness(&snapshot, self.health.rules(), Instant::now()).is_yes();
        gauges(&mut encoder, "ready", "1 while /readyz answers 200", [([("probe", "readyz")], i64::from(is_ready))])?;
        servers(&mut encoder, &snapshot)?;
        partitions(&mut encoder, &snapshot)?;
        source::encode(&mut encoder, &snapshot, Instant::now())?;
        let spans = self.spans.by_outcome().map(|(outcome, count)| ([("outcome", outcome)], count));
        counters(&mut encoder, "spans", "Spans of traces by outcome: sent, failed to be taken, or dropped before that", spans)?;
        match self.health.breakers() {
            Some(Breakers { server, writes }) => {
                breaker(&mut encoder, &server)?;
                breaker_of_writes(&mut encoder, &writes)
            }
            None => Ok(()),
        }
    }
}

fn servers(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    let up = |state: &DependencyState| i64::from(matches!(state, DependencyState::Up { .. }));
    let series = snapshot.dependencies.iter().map(|(dependency, state)| ([("dependency", dependency.as_str())], up(state)));
    gauges(encoder, "dependency_up", "1 while the server answers", series)
}

fn partitions(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    let by = |value: fn(&PartitionHealth) -> Option<i64>| {
        snapshot.partitions.iter().filter_map(move |((topic, number), known)| Some((ByPartition::new(topic, *number), value(known)?)))
    };
    lags(encoder, snapshot, Instant::now())?;
    gauges(encoder, "partition_next_offset", "Where the next record is expected, as committed", by(|p| p.next_offset))?;
    gauges(encoder, "partition_end_offset", "The end of the partition", by(|p| p.end.map(|(offset, _)| offset)))?;
    let series = snapshot.partitions.iter().flat_map(|((topic, number), known)| {
        PartitionState::NAMES
            .map(|state| ((ByPartition::new(topic, *number), [("state", state)]), i64::from(known.state.as_str() == state)))
    });
    gauges(encoder, "partition_state", "1 for the state that the partition is in", series)
}

/// The lag of each partition, or NaN if it is not known. A series that vanished while Kafka is away would look like a partition that moved
/// to another process.
fn lags(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot, now: Instant) -> fmt::Result {
    let mut family = encoder.encode_descriptor(
        "partition_lag_records",
        "Records that are not committed yet; NaN: not known",
        None,
        MetricType::Gauge,
    )?;
    snapshot.partitions.iter().try_for_each(|((topic, number), known)| {
        let labels = ByPartition::new(topic, *number);
        let series = family.encode_family(&labels)?;
        match known.lag_at(now) {
            Some(lag) => ConstGauge::new(gauge(lag)).encode(series),
            None => ConstGauge::new(f64::NAN).encode(series),
        }
    })?;
    let lag_time = |known: &PartitionHealth| known.lag_time_at(now).map_or(f64::NAN, |time| time.as_secs_f64());
    let series = snapshot.partitions.iter().map(|((topic, number), known)| (ByPartition::new(topic, *number), lag_time(known)));
    let help = "How long the oldest record has waited that is not committed yet; NaN: not known";
    source::seconds(encoder, "lag", help, series)
}

fn breaker(encoder: &mut DescriptorEncoder<'_>, reading: &BreakerReading) -> fmt::Result {
    let states = reading.states.iter().map(|state| ([("state", *state)], i64::from(*state == reading.state)));
    gauges(encoder, "breaker_state", "1 for the state that the circuit breaker around Redis is in", states)?;
    let calls = [("succeeded", reading.succeeded), ("failed", reading.failed), ("rejected", reading.rejected)];
    counters(encoder, "breaker_calls", "Calls to Redis by outcome", calls.map(|(outcome, count)| ([("outcome", outcome)], count)))?;
    counters(encoder, "breaker_slow_calls", "Calls to Redis that were slow, whatever their outcome", [([("of", "calls")], reading.slow)])?;
    let probes = [("sent", reading.probes), ("expired", reading.probes_expired), ("late", reading.late)];
    counters(encoder, "breaker_probes", "Probes of the half-open breaker", probes.map(|(what, count)| ([("what", what)], count)))?;
    let transitions = reading.transitions.iter().map(|(from, to, count)| ([("from", *from), ("to", *to)], *count));
    counters(encoder, "breaker_transitions", "Times the breaker went from one state to another", transitions)
}

/// The breaker around writes, which opens for a Redis that is full or read-only, while the server's breaker stays closed.
fn breaker_of_writes(encoder: &mut DescriptorEncoder<'_>, reading: &BreakerReading) -> fmt::Result {
    let states = reading.states.iter().map(|state| ([("state", *state)], i64::from(*state == reading.state)));
    gauges(encoder, "writes_breaker_state", "1 for the state that the circuit breaker around writes to Redis is in", states)?;
    let calls = [("succeeded", reading.succeeded), ("failed", reading.failed), ("rejected", reading.rejected)];
    counters(encoder, "writes_breaker_calls", "Writes to Redis by outcome", calls.map(|(outcome, count)| ([("outcome", outcome)], count)))
}
