//! Tests of the alerts.

use std::collections::BTreeSet;

use super::*;
use crate::health::{FindingKind, Letters, ProcessReport};

const AT: i64 = 1_796_094_000_000;

fn finding(kind: FindingKind, subject: &str, stops: bool, since: Option<Instant>) -> Finding {
    Finding { kind, subject: subject.to_owned(), stops, since, what: format!("{subject}: something") }
}

/// What there is, as of ten minutes after `start`.
struct World {
    start: Instant,
    findings: Vec<Finding>,
    group: Group,
    rising: BTreeMap<String, Run>,
    not_shrinking: Option<NotShrinking>,
}

impl World {
    fn new() -> Self {
        let (findings, rising) = (Vec::new(), BTreeMap::new());
        Self { start: Instant::now(), findings, group: Group::default(), rising, not_shrinking: None }
    }

    fn alerts(&self) -> Vec<Alert> {
        alerts(&Known {
            findings: &self.findings,
            group: &self.group,
            instance: "mine",
            rising: &self.rising,
            not_shrinking: self.not_shrinking,
            now: self.start + Duration::from_secs(600),
            at: AT,
        })
    }

    fn ids(&self) -> Vec<String> {
        self.alerts().into_iter().map(|alert| alert.id).collect()
    }
}

#[test]
fn nothing_wrong_is_no_alert() {
    assert_eq!(World::new().alerts(), []);
}

#[test]
fn a_finding_is_an_alert_with_its_time_on_the_wall_and_its_texts() {
    let mut world = World::new();
    world.findings = vec![finding(FindingKind::PartitionStopped, "orders-0", true, Some(world.start))];
    let [alert] = &world.alerts()[..] else { panic!("one") };
    let advice = AlertKind::Found(FindingKind::PartitionStopped).advice();
    let expected = Alert {
        id: "partition_stopped:orders-0".into(),
        severity: Severity::Critical,
        since: Some(AT - 600_000),
        what: "orders-0: something".into(),
        evidence: None,
        self_heals: advice.self_heals,
        to_do: advice.to_do,
        runbook: "docs/operations.md#stopped",
    };
    assert_eq!(*alert, expected);
    let json = serde_json::to_value(alert).unwrap();
    assert_eq!((&json["severity"], &json["do"]), (&"critical".into(), &advice.to_do.into()));
}

#[test]
fn the_worst_stands_first_and_of_equal_harm_the_oldest() {
    let mut world = World::new();
    let later = world.start + Duration::from_secs(5);
    world.findings = vec![
        finding(FindingKind::PartitionClaiming, "orders-3", true, Some(world.start)),
        finding(FindingKind::ServerDown, "redis", false, Some(world.start)),
        finding(FindingKind::PartitionWaiting, "orders-1", true, Some(later)),
        finding(FindingKind::NoAssignment, "customers", true, None),
        finding(FindingKind::PartitionStopped, "orders-0", true, Some(world.start)),
        finding(FindingKind::HeartbeatOld, "source", false, Some(world.start)),
        finding(FindingKind::SlotLost, "shop", false, None),
    ];
    let expected = [
        "slot_lost:shop",
        "partition_stopped:orders-0",
        "partition_waiting:orders-1",
        "no_assignment:customers",
        "heartbeat_old:source",
        "redis_away:redis",
        "partition_claiming:orders-3",
    ];
    assert_eq!(world.ids(), expected);
}

#[test]
fn a_redis_that_orders_wait_for_is_worse_than_one_that_they_go_on_without() {
    let mut world = World::new();
    let severity = |stops, world: &mut World| {
        world.findings = vec![finding(FindingKind::ServerDown, "redis", stops, None)];
        world.alerts()[0].severity
    };
    assert_eq!((severity(true, &mut world), severity(false, &mut world)), (Severity::Critical, Severity::Warning));
}

#[test]
fn where_orders_become_dead_letters_the_alerts_say_so_and_to_replay_them() {
    let mut world = World::new();
    for kind in [FindingKind::RedisDownLetters, FindingKind::BreakerHeldLetters] {
        world.findings = vec![finding(kind, "redis", true, None)];
        let [alert] = &world.alerts()[..] else { panic!("one") };
        assert!(alert.self_heals.contains("become dead letters") && alert.to_do.contains("replay"), "{alert:?}");
    }
}

#[test]
fn letters_that_rise_and_a_list_that_does_not_shrink_say_by_what_it_is_known() {
    let mut world = World::new();
    world.group.letters = Some(vec![Letters { reason: "invalid".into(), open: 1_180, resolved: 3 }]);
    world.rising.insert("invalid".into(), Run { since: AT - 5_000, letters: 3 });
    world.rising.insert("malformed".into(), Run { since: AT - 4_000, letters: MOST_OF_A_REASON });
    world.not_shrinking = Some(NotShrinking { since: world.start, before: 400, orders: 412, now: 7 });
    let told: Vec<_> = world.alerts().into_iter().map(|alert| (alert.id, alert.since, alert.evidence.unwrap())).collect();
    let expected = [
        (
            "due_not_shrinking:sweep".to_owned(),
            Some(AT - 600_000),
            "412 orders are on it, 7 of them due now; 10 minutes ago there were 400".to_owned(),
        ),
        (
            "letters_rising:invalid".to_owned(),
            Some(AT - 5_000),
            "3 came since 2026-12-01T02:59:55Z, none of them more than 10 minutes after the one before it".to_owned(),
        ),
        (
            "letters_rising:malformed".to_owned(),
            Some(AT - 4_000),
            "at least 10000 came since 2026-12-01T02:59:56Z, none of them more than 10 minutes after the one before it".to_owned(),
        ),
    ];
    assert_eq!(told, expected);
}

#[test]
fn other_processes_are_told_when_they_are_silent_or_not_ready_and_this_one_is_not() {
    let mut world = World::new();
    let now = world.start + Duration::from_secs(600);
    let heard = |instance: &str, state: &str, seconds| Heard {
        report: ProcessReport {
            instance: instance.into(),
            process: format!("{instance}/1"),
            state: state.into(),
            reasons: vec!["orders-2: stopped 9 s ago: gone".into()],
            partitions: vec!["orders-2".into()],
            ..ProcessReport::default()
        },
        age: Duration::from_secs(seconds),
    };
    let all = vec![heard("mine", "not_ready", 1), heard("well", "degraded", 9), heard("gone", "ready", 40), heard("sick", "not_ready", 2)];
    world.group.processes = Some((now, all));
    let told: Vec<_> = world.alerts().into_iter().map(|alert| (alert.id, alert.what, alert.evidence.unwrap(), alert.since)).collect();
    let expected = [
        ("process_not_ready:sick", "Process sick/1 is not ready", "orders-2: stopped 9 s ago: gone", None),
        ("process_silent:gone", "Process gone/1 was not heard of for 40 s", "it had orders-2", Some(AT - 40_000)),
    ];
    assert_eq!(told, expected.map(|(id, what, evidence, since)| (id.to_owned(), what.to_owned(), evidence.to_owned(), since)));
}

#[test]
fn while_the_reports_themselves_are_not_read_nothing_is_said_of_other_processes() {
    let mut world = World::new();
    let now = world.start + Duration::from_secs(600);
    let heard = |state: &str, seconds| {
        let report = ProcessReport { instance: format!("{state} {seconds}"), state: state.into(), ..ProcessReport::default() };
        Heard { report, age: Duration::from_secs(seconds) }
    };
    let mut told = |read_before| {
        let all = vec![heard("ready", 1), heard("ready", 40), heard("not_ready", 1)];
        world.group.processes = Some((now.checked_sub(Duration::from_secs(read_before)).unwrap(), all));
        world.ids()
    };
    assert_eq!(told(10), ["process_not_ready:not_ready 1", "process_silent:ready 40"]);
    assert_eq!(told(11), [""; 0]);
}

#[test]
fn there_is_a_limit_however_much_is_wrong() {
    let mut world = World::new();
    world.findings = (0..500).map(|number| finding(FindingKind::PartitionWaiting, &format!("orders-{number}"), true, None)).collect();
    assert_eq!(world.alerts().len(), MOST);
}

#[test]
fn each_kind_says_everything_that_an_alert_says() {
    let names: BTreeSet<&str> = AlertKind::all().map(AlertKind::as_str).collect();
    assert_eq!(names.len(), AlertKind::all().count());
    for kind in AlertKind::all() {
        let Advice { self_heals, to_do, runbook, .. } = kind.advice();
        let is_sentence = |text: &str| text.ends_with('.') && text.starts_with(|first: char| first.is_uppercase());
        assert!(is_sentence(self_heals) && is_sentence(to_do) && runbook.starts_with("docs/"), "{kind:?}");
    }
}
