//! Tests of the text that Prometheus reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use service::traces::Spans;

use super::*;
use crate::health::{
    BreakerReading, Breakers, ConnectorHealth, ConnectorReading, Dependency, OrdersWithoutRedis, REVISION, Rules, RunState, SlotReading,
    SlotsHealth, SlotsReading, SourceRules, TaskReading, VERSION,
};
use change::fate::Fates;
use change::rejection::Reason;

fn setup() -> (Health, Metrics) {
    let rules = Rules {
        stall: Duration::from_secs(30),
        poll_silence: Duration::from_secs(60),
        without_redis: OrdersWithoutRedis::Pending,
        compare_every: None,
        source: SourceRules::default(),
    };
    let health = Health::new(rules);
    (health.clone(), Metrics::new(health, Spans::default()))
}

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
}

#[test]
fn what_happened_is_counted() {
    let (_health, metrics) = setup();
    metrics.records_settled("orders", 2, Fates { applied: 5, dead_lettered: 1, ..Fates::default() });
    metrics.records_settled("orders", 2, Fates { applied: 1, ..Fates::default() });
    metrics.dead_letter(Reason::Invalid);
    metrics.customers_looked_up(3, 1);
    metrics.order_hashes(4, 2);
    metrics.redis_behind("orders", 2, 9);
    metrics.rebuilding(1, 0);
    metrics.postgres_error("contention");
    metrics.rows_due(7);
    let text = metrics.encode().unwrap();
    has(&text, r#"orderstream_records_total{topic="orders",partition="2",fate="applied"} 6"#);
    has(&text, r#"orderstream_records_total{topic="orders",partition="2",fate="stale"} 0"#);
    has(&text, r#"orderstream_dead_letters_total{reason="invalid"} 1"#);
    has(&text, r#"orderstream_dead_letters_total{reason="too_large"} 0"#);
    has(&text, r#"orderstream_customer_lookups_total{outcome="missing"} 1"#);
    has(&text, r#"orderstream_redis_hashes_total{of="orders",outcome="skipped"} 2"#);
    has(&text, r#"orderstream_redis_behind_records{topic="orders",partition="2"} 9"#);
    has(&text, r#"orderstream_rebuilding{of="customers"} 1"#);
    has(&text, r#"orderstream_postgres_errors_total{class="contention"} 1"#);
    has(&text, "orderstream_due_rows 7");
    metrics.rebuilding(0, 0);
    has(&metrics.encode().unwrap(), r#"orderstream_rebuilding{of="customers"} 0"#);
}

#[test]
fn durations_and_sizes_carry_their_unit() {
    let (_health, metrics) = setup();
    metrics.stage_took(Step::Commit, Duration::from_millis(20));
    metrics.batch_received(100, 2000);
    metrics.event_committed(Duration::from_millis(5));
    let text = metrics.encode().unwrap();
    has(&text, r#"orderstream_stage_duration_seconds_sum{stage="commit"} 0.02"#);
    has(&text, r#"orderstream_stage_duration_seconds_count{stage="decode"} 0"#);
    has(&text, "orderstream_batch_size_bytes_sum 2000.0");
    has(&text, "orderstream_batch_records_sum 100.0");
    has(&text, "orderstream_event_age_seconds_count 1");
}

#[test]
fn partitions_servers_and_readiness_are_read_from_health() {
    let (health, metrics) = setup();
    let topic: Arc<str> = "orders".into();
    health.up(Dependency::Postgres);
    health.claiming(&topic, 1);
    health.claimed(&topic, 1, 10, Fates::default());
    health.high_watermark(&topic, 1, 15, Instant::now());
    let text = metrics.encode().unwrap();
    has(&text, r#"orderstream_ready{probe="readyz"} 0"#);
    has(&text, r#"orderstream_dependency_up{dependency="postgres"} 1"#);
    has(&text, r#"orderstream_dependency_up{dependency="kafka"} 0"#);
    has(&text, r#"orderstream_partition_lag_records{topic="orders",partition="1"} 5"#);
    has(&text, r#"orderstream_partition_next_offset{topic="orders",partition="1"} 10"#);
    has(&text, r#"orderstream_partition_state{topic="orders",partition="1",state="running"} 1"#);
    health.revoked(&topic, 1);
    assert!(!metrics.encode().unwrap().contains("orderstream_partition_lag_records{"));
}

#[test]
fn the_breaker_is_read_when_somebody_asks() {
    let (health, metrics) = setup();
    let reading = |failed| BreakerReading {
        state: "open",
        states: vec!["closed", "open"],
        failed,
        transitions: vec![("closed", "open", 1)],
        ..BreakerReading::default()
    };
    health.watch_breakers(move || Breakers { server: reading(4), writes: reading(5) });
    let text = metrics.encode().unwrap();
    has(&text, r#"orderstream_breaker_state{state="open"} 1"#);
    has(&text, r#"orderstream_breaker_state{state="closed"} 0"#);
    has(&text, r#"orderstream_breaker_calls_total{outcome="failed"} 4"#);
    has(&text, r#"orderstream_breaker_transitions_total{from="closed",to="open"} 1"#);
    has(&text, r#"orderstream_writes_breaker_state{state="open"} 1"#);
    has(&text, r#"orderstream_writes_breaker_calls_total{outcome="failed"} 5"#);
}

#[test]
fn the_process_tells_its_version_start_memory_and_processor_time() {
    let text = setup().1.encode().unwrap();
    has(&text, &format!(r#"orderstream_build_info{{version="{VERSION}",revision="{REVISION}"}} 1"#));
    for name in
        ["orderstream_process_start_time_seconds", "orderstream_process_resident_memory_bytes", "orderstream_process_cpu_seconds_total"]
    {
        assert!(text.lines().any(|line| line.starts_with(&format!("{name} "))), "{text}");
    }
}

#[test]
fn what_is_known_of_the_source_and_of_the_group_has_series_and_what_is_not_has_none() {
    let (health, metrics) = setup();
    let text = metrics.encode().unwrap();
    for name in ["heartbeat_age_seconds", "connect_up", "connector_tasks", "slot_active", "slot_retained_bytes", "processes{"] {
        assert!(!text.lines().any(|line| line.starts_with(&format!("orderstream_{name}"))), "{name}: {text}");
    }
    let now = Instant::now();
    health.reads("orders");
    health.last_event(&"orders".into(), 0, now);
    health.source(|source| {
        source.heartbeat = Some(now);
        let task = TaskReading { id: 0, state: RunState::Failed, error: None };
        let mut connector = ConnectorHealth::new("shop".into());
        connector.answered(ConnectorReading::Known { state: RunState::Running, tasks: vec![task] }, now);
        source.connector = Some(connector);
        let slot = |name: &str, retained_bytes| SlotReading {
            name: name.into(),
            is_active: retained_bytes < 100,
            is_lost: false,
            retained_bytes,
            lag_bytes: 7,
        };
        let mut slots = SlotsHealth::new();
        slots.answered(SlotsReading::Known(vec![slot("one", 50), slot("two", 200)]), now);
        source.slots = Some(slots);
    });
    health.group(|group| group.processes = Some((now, Vec::new())));
    let text = metrics.encode().unwrap();
    for line in [
        "orderstream_connect_up 1",
        r#"orderstream_connector_tasks{state="failed"} 1"#,
        r#"orderstream_connector_tasks{state="running"} 0"#,
        "orderstream_slot_active 1",
        "orderstream_slot_retained_bytes 200",
        "orderstream_slot_lag_bytes 7",
        r#"orderstream_processes{state="silent"} 0"#,
    ] {
        has(&text, line);
    }
    for name in [r#"orderstream_newest_event_age_seconds{topic="orders"} "#, "orderstream_heartbeat_age_seconds "] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}: {text}");
    }
}
