//! What can be degraded of the source, all at once: each line has its section in docs/operations.md.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use change::fate::Fates;
use orderstream::health::{
    Comparison, ConnectorHealth, ConnectorReading, Controls, Dependency, Health, HeldState, Hold, OrdersWithoutRedis, Pause, Rules,
    RunState, SlotReading, SlotsHealth, SlotsReading, SourceRules, TaskReading, readiness,
};
use orderstream::reconcile::report::Report;
use orderstream::reconcile::verdict::{Difference, Verdict};

/// A process that knows everything of its source, and nothing is as it should be.
pub(crate) fn degraded() -> Health {
    let long_ago = Instant::now().checked_sub(Duration::from_secs(600)).unwrap();
    let (source, compare_every) = (SourceRules::default(), Some(Duration::from_secs(60)));
    let health = Health::new(Rules {
        stall: Duration::from_secs(30),
        poll_silence: Duration::from_secs(60),
        without_redis: OrdersWithoutRedis::Pending,
        compare_every,
        source,
    });
    Dependency::ALL.into_iter().for_each(|server| health.up(server));
    health.reads("shop.public.orders");
    health.last_event(&"shop.public.orders".into(), 0, long_ago);
    let slot = SlotReading { name: "s".into(), is_active: false, is_lost: false, retained_bytes: 1 << 40, lag_bytes: 0 };
    health.source(|source| {
        source.heartbeat = Some(long_ago);
        let task = TaskReading { id: 0, state: RunState::Failed, error: None };
        let reading = ConnectorReading::Known { state: RunState::Failed, tasks: vec![task] };
        source.connector = Some(ConnectorHealth { name: "shop".into(), reading, since: long_ago, asked: None });
        source.slots = Some(SlotsHealth { reading: SlotsReading::Known(vec![slot]), since: long_ago, asked: None });
    });
    held(&health);
    let mut report = Report { orders: 9, ..Report::default() };
    report.add(0, 1, &Difference::Missing, Verdict::Finding);
    let differences = report.by_kind().into_iter().map(|(kind, count)| (kind.to_owned(), i64::try_from(count).unwrap())).collect();
    let (ended, took, by) = (long_ago, Duration::ZERO, String::new());
    health.group(|group| {
        group.processes = Some((Instant::now(), Vec::new()));
        group.comparison = Some(Comparison { ended, took, orders: 9, ended_early: false, differences, not_judged: 0, repaired: 0, by });
    });
    health
}

/// An operator has paused a partition, and holds the breaker.
fn held(health: &Health) {
    let (topic, ends, until) = ("shop.public.orders".into(), Instant::now() + Duration::from_secs(60), chrono::Utc::now());
    let pause = Pause { ends, until, by: "ann".into(), reason: String::new() };
    let hold = Hold { state: HeldState::Open, ends, until, by: "ann".into(), reason: String::new() };
    health.claiming(&topic, 0);
    health.claimed(&topic, 0, 1, Fates::default());
    health.controls(Controls { pauses: BTreeMap::from([((topic, 0), pause)]), hold: Some(hold) });
}

/// The beginnings of all lines, up to the first name or number in them.
pub(crate) fn beginnings() -> Vec<String> {
    let health = degraded();
    let mut lines = lines(&health);
    let no_task = ConnectorReading::Known { state: RunState::Running, tasks: Vec::new() };
    for reading in [ConnectorReading::Absent, ConnectorReading::Away("connection"), no_task] {
        health.source(|source| source.connector.as_mut().unwrap().reading = reading);
        lines.extend(self::lines(&health));
    }
    for reading in [SlotsReading::Known(Vec::new()), SlotsReading::Away("connection")] {
        health.source(|source| source.slots.as_mut().unwrap().reading = reading);
        lines.extend(self::lines(&health));
    }
    health.group(|group| {
        let comparison = group.comparison.as_mut().unwrap();
        (comparison.ended_early, comparison.differences) = (true, BTreeMap::new());
    });
    lines.extend(self::lines(&health));
    let two_days = Instant::now() + Duration::from_secs(172_800);
    lines.extend(readiness(&health.snapshot(), health.rules(), two_days).degraded);
    let is_name = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) || ["shop", "s", "ann"].contains(&word);
    let beginning = |line: &String| {
        line.replace("shop.public.orders-0:", "<topic>-<partition>:")
            .split(' ')
            .take_while(|word| !is_name(word))
            .take(5)
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    lines.iter().map(beginning).collect()
}

fn lines(health: &Health) -> Vec<String> {
    readiness(&health.snapshot(), health.rules(), Instant::now()).degraded
}
