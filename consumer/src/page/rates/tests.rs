use std::time::Duration;

use super::*;
use crate::health::{Health, OrdersWithoutRedis, Rules, SourceRules};
use crate::metrics::Metrics;

fn health() -> Health {
    let minute = Duration::from_secs(60);
    Health::new(Rules {
        stall: minute,
        poll_silence: minute,
        without_redis: OrdersWithoutRedis::Pending,
        compare_every: None,
        source: SourceRules::default(),
    })
}

fn fates(applied: u64) -> Fates {
    Fates { applied, ..Fates::default() }
}

#[test]
fn rates_are_what_came_between_two_readings_and_nothing_is_known_of_what_was_not_there_before() {
    let (health, topic): (Health, Arc<str>) = (health(), "orders".into());
    let metrics = Metrics::new(health.clone(), service::traces::Traces::default().spans().clone());
    health.claiming(&topic, 0);
    health.claimed(&topic, 0, 100, fates(1_000));
    let (start, first) = (Instant::now(), health.snapshot());
    let before = Reading::new(metrics.counts(), &first, start);
    assert_eq!(detail(None, &before, &first).edges["read"].per_s, None);

    health.committed(&topic, 0, 600, fates(500));
    metrics.stage_took(Step::Commit, Duration::from_millis(900));
    metrics.customers_looked_up(40, 10);
    metrics.event_committed(Duration::from_millis(20));
    health.claiming(&topic, 1);
    let second = health.snapshot();
    let now = Reading::new(metrics.counts(), &second, start + Duration::from_secs(5));
    let told = detail(Some(&before), &now, &second);
    assert_eq!(told.partitions.iter().map(|known| known.per_s).collect::<Vec<_>>(), [Some(100.0), None]);
    assert_eq!(told.edges["lookup"].per_s, Some(10.0));
    assert_eq!(told.lookups, [Some(8.0), Some(2.0), Some(0.0)]);
    // 0.9 s of 5 s, in one of two partitions.
    assert!((told.edges["commit"].busy.unwrap() - 0.09).abs() < 1e-9, "{told:?}");
    assert!((told.ages[0].unwrap() - 20.0).abs() < 3.0, "{told:?}");
    assert_eq!(told.edges["dead_letter"].p99_ms, None);
}
