//! Tests of the verdicts of liveness and readiness.

use std::sync::Arc;

use super::*;
use crate::health::{Controls, HeldState, Hold, Pause, ReaderHealth, StatusView};
use crate::orders::absent::{ColumnSet, ContractColumn};
use change::fate::Fates;
use chrono::DateTime;

const RULES: Rules = Rules {
    stall: Duration::from_secs(30),
    poll_silence: Duration::from_secs(60),
    without_redis: OrdersWithoutRedis::Pending,
    compare_every: None,
    source: SOURCE,
};
const SOURCE: SourceRules = SourceRules { heartbeat: Duration::from_secs(60), slot_retained_bytes: 1 << 30 };

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

fn topic() -> Arc<str> {
    Arc::from("orders")
}

/// All servers up, one partition claimed at offset 10 and caught up.
fn working(start: Instant) -> Snapshot {
    let mut snapshot = Snapshot::new(start);
    Dependency::ALL.iter().for_each(|dependency| snapshot.up(*dependency, start));
    *snapshot.reader("orders") = ReaderHealth { last_poll: Some(start), is_assigned: true };
    snapshot.claiming(&topic(), 0, start);
    snapshot.claimed(&topic(), 0, 10, Fates::default(), start);
    change(&mut snapshot, |partition| partition.high_watermark(10, start));
    snapshot
}

fn change(snapshot: &mut Snapshot, change: impl FnOnce(&mut PartitionHealth)) {
    snapshot.update(&topic(), 0, change);
}

fn reasons(snapshot: &Snapshot, now: Instant) -> Vec<String> {
    readiness(snapshot, &RULES, now).reasons
}

#[test]
fn a_process_that_just_started_lives_and_is_not_ready() {
    let start = Instant::now();
    let snapshot = Snapshot::new(start);
    assert!(liveness(&snapshot, &RULES, after(start, 3600)).is_yes());
    let expected = ["kafka: not connected yet", "postgres: not connected yet", "Kafka is not read yet"];
    assert_eq!(reasons(&snapshot, start), expected);
}

#[test]
fn a_process_that_caught_up_is_ready_however_long_nothing_comes() {
    let start = Instant::now();
    let mut snapshot = working(start);
    let later = after(start, 86_400);
    snapshot.reader("orders").last_poll = Some(later);
    change(&mut snapshot, |partition| partition.high_watermark(10, later));
    assert_eq!(readiness(&snapshot, &RULES, later), Verdict::default());
}

#[test]
fn a_process_without_partitions_is_ready() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.revoked(&topic(), 0);
    assert!(reasons(&snapshot, start).is_empty());
}

#[test]
fn a_silent_poll_thread_is_dead() {
    let start = Instant::now();
    let mut snapshot = working(start);
    assert!(!liveness(&snapshot, &RULES, after(start, 61)).is_yes());
    snapshot.stopping();
    assert!(liveness(&snapshot, &RULES, after(start, 61)).is_yes());
    assert_eq!(reasons(&snapshot, start), ["shutting down"]);
}

#[test]
fn a_process_that_is_about_to_end_says_why_and_the_first_reason_stays() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.failed("the process ends: the sweep has panicked".into());
    snapshot.failed("the process ends: nobody is left".into());
    snapshot.stopping();
    assert_eq!(reasons(&snapshot, start), ["the process ends: the sweep has panicked", "shutting down"]);
}

#[test]
fn the_reader_of_each_topic_has_to_live_and_to_be_assigned() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.reader("customers");
    assert_eq!(reasons(&snapshot, start), ["customers: the consumer group has given no assignment"]);
    *snapshot.reader("customers") = ReaderHealth { last_poll: Some(start), is_assigned: true };
    assert!(reasons(&snapshot, start).is_empty());
    let later = after(start, 61);
    snapshot.reader("orders").last_poll = Some(later);
    assert_eq!(liveness(&snapshot, &RULES, later).reasons, ["customers: Kafka was not polled for 61 s"]);
}

#[test]
fn columns_that_events_do_not_have_are_told_and_do_no_harm() {
    let start = Instant::now();
    let mut snapshot = working(start);
    change(&mut snapshot, |partition| partition.absent = ColumnSet::default().with(ContractColumn::Status, true));
    let verdict = readiness(&snapshot, &RULES, start);
    assert_eq!(
        (verdict.is_yes(), verdict.degraded),
        (true, vec!["orders: the events do not have the columns status; stored values stay".to_owned()])
    );
}

#[test]
fn kafka_and_postgres_are_needed_and_redis_only_where_orders_wait_for_it() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.down(Dependency::Redis, "timeout", start);
    snapshot.down(Dependency::Redis, "refused", after(start, 3));
    let now = after(start, 5);
    let verdict = readiness(&snapshot, &RULES, now);
    assert_eq!((verdict.is_yes(), verdict.degraded), (true, vec!["redis: down for 5 s (refused)".to_owned()]));
    assert!(!readiness(&snapshot, &Rules { without_redis: OrdersWithoutRedis::Wait, ..RULES }, now).is_yes());
    snapshot.down(Dependency::Postgres, "connection", now);
    assert_eq!(reasons(&snapshot, now), ["postgres: down for 0 s (connection)"]);
}

#[test]
fn lag_without_a_commit_is_a_stall_although_all_connections_are_up() {
    let start = Instant::now();
    let mut snapshot = working(start);
    let idle = after(start, 1000);
    snapshot.reader("orders").last_poll = Some(idle);
    change(&mut snapshot, |partition| partition.high_watermark(15, idle));
    assert!(reasons(&snapshot, after(idle, 30)).is_empty(), "an hour without records is no stall");
    change(&mut snapshot, |partition| partition.high_watermark(20, after(idle, 20)));
    assert_eq!(reasons(&snapshot, after(idle, 31)), ["orders-0: stalled: 10 records behind and nothing committed for 31 s"]);
    change(&mut snapshot, |partition| partition.hindered("the disk is full".into()));
    let stalled = "orders-0: stalled: 10 records behind and nothing committed for 31 s (the disk is full)";
    assert_eq!(reasons(&snapshot, after(idle, 31)), [stalled]);
    change(&mut snapshot, |partition| partition.committed(12, Fates::default(), after(idle, 31)));
    assert!(reasons(&snapshot, after(idle, 60)).is_empty(), "slow is not stalled");
    change(&mut snapshot, |partition| assert_eq!(partition.hindrance(), None, "it was overcome"));
}

#[test]
fn a_gap_at_the_end_is_no_lag() {
    let start = Instant::now();
    let mut snapshot = working(start);
    change(&mut snapshot, |partition| {
        partition.high_watermark(16, start);
        partition.end_reached(15, 16, start);
    });
    let lag = |snapshot: &Snapshot| snapshot.partitions[&(topic(), 0)].lag();
    assert_eq!(lag(&snapshot), Some(6), "records 10 to 14 are not committed");
    change(&mut snapshot, |partition| partition.committed(15, Fates::default(), start));
    assert_eq!(lag(&snapshot), Some(0));
    change(&mut snapshot, |partition| partition.high_watermark(18, start));
    assert_eq!(lag(&snapshot), Some(2));
}

#[test]
fn a_partition_that_is_claimed_waits_or_stopped_is_named_with_its_reason() {
    let start = Instant::now();
    let mut snapshot = working(start);
    for (state, expected) in [
        (PartitionState::Claiming, "orders-0: being claimed for 2 s"),
        (PartitionState::Waiting("table missing".into()), "orders-0: waiting for 2 s: table missing"),
        (PartitionState::Stopped("offset 10 is gone".into()), "orders-0: stopped 2 s ago: offset 10 is gone"),
    ] {
        change(&mut snapshot, |partition| partition.enter(state, start));
        assert_eq!(reasons(&snapshot, after(start, 2)), [expected]);
    }
}

#[test]
fn a_partition_whose_end_is_no_longer_told_is_not_ready() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.reader("orders").last_poll = Some(after(start, 61));
    assert_eq!(reasons(&snapshot, after(start, 61)), ["orders-0: Kafka told no end of the partition for 61 s"]);
}

#[test]
fn a_claim_that_is_told_before_the_assignment_counts_all_the_same() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.revoked(&topic(), 0);
    snapshot.claimed(&topic(), 0, 10, Fates { applied: 7, ..Fates::default() }, start);
    assert!(snapshot.partitions.is_empty(), "not ours yet");
    snapshot.claiming(&topic(), 0, start);
    change(&mut snapshot, |partition| partition.enter(PartitionState::Running, start));
    change(&mut snapshot, |partition| partition.high_watermark(12, start));
    let known = &snapshot.partitions[&(topic(), 0)];
    assert_eq!((known.lag(), known.fates.applied, known.behind_since()), (Some(2), 7, Some(start)));
}

#[test]
fn a_partition_at_work_whose_position_nobody_told_is_not_ready() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.revoked(&topic(), 0);
    snapshot.claiming(&topic(), 0, start);
    change(&mut snapshot, |partition| partition.enter(PartitionState::Running, start));
    assert_eq!(reasons(&snapshot, after(start, 31)), ["orders-0: at work for 31 s, and nobody told where it began"]);
}

#[test]
fn news_of_a_revoked_partition_are_dropped() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.revoked(&topic(), 0);
    change(&mut snapshot, |partition| partition.enter(PartitionState::Stopped("late".into()), start));
    assert!(snapshot.partitions.is_empty());
}

#[test]
fn what_the_group_has_lost_is_not_ready_until_an_assignment_tells_and_its_lag_is_not_known() {
    let start = Instant::now();
    let mut snapshot = working(start);
    let status = |snapshot: &Snapshot, now| StatusView::new(snapshot, readiness(snapshot, &RULES, now), None, now);
    assert_eq!(status(&snapshot, start).lag, Some(0));
    let later = after(start, 11);
    assert_eq!(status(&snapshot, later).lag, None, "Kafka told the end too long ago");
    change(&mut snapshot, |partition| partition.high_watermark(10, later));
    snapshot.lost("orders", &topic(), 0, later);
    assert_eq!(status(&snapshot, later).lag, None);
    assert_eq!(
        reasons(&snapshot, later),
        [
            "orders: the consumer group has given no assignment",
            "orders-0: lost 0 s ago: Kafka's coordinator of the consumer group was out of reach for too long"
        ]
    );
    snapshot.assigned("orders");
    assert!(reasons(&snapshot, later).is_empty() && snapshot.partitions.is_empty(), "others have them all");
    assert_eq!(status(&snapshot, later).lag, Some(0));
}

#[test]
fn what_a_worker_still_reports_of_a_lost_partition_does_not_bring_the_partition_back() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.lost("orders", &topic(), 0, start);
    change(&mut snapshot, |partition| partition.committed(11, Fates::default(), start));
    snapshot.claimed(&topic(), 0, 11, Fates::default(), start);
    assert_eq!(snapshot.partitions[&(topic(), 0)].state, PartitionState::Lost);
    snapshot.assigned("orders");
    snapshot.reader("orders").last_poll = Some(after(start, 60));
    assert!(reasons(&snapshot, after(start, 60)).is_empty(), "another process has the partition");
}

#[test]
fn a_partition_that_came_back_is_known_by_its_new_claim_whichever_is_reported_first() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.lost("orders", &topic(), 0, start);
    snapshot.claimed(&topic(), 0, 20, Fates::default(), start);
    snapshot.assigned("orders");
    snapshot.claiming(&topic(), 0, start);
    assert_eq!(snapshot.partitions[&(topic(), 0)].next_offset, Some(20));
}

#[test]
fn the_lag_in_seconds_is_the_age_of_the_oldest_record_that_waits_and_not_the_silence_before_it() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.last_event(&topic(), 0, start);
    let lag = |snapshot: &Snapshot, seconds| snapshot.partitions[&(topic(), 0)].lag_time_at(after(start, seconds)).map(|lag| lag.as_secs());
    // An hour of silence, then a record.
    change(&mut snapshot, |partition| partition.high_watermark(10, after(start, 3_600)));
    assert_eq!(lag(&snapshot, 3_600), Some(0));
    change(&mut snapshot, |partition| partition.high_watermark(11, after(start, 3_601)));
    assert_eq!(lag(&snapshot, 3_605), Some(5));
    // A backlog: the last committed record tells how old what waits may be.
    snapshot.last_event(&topic(), 0, after(start, 3_603));
    assert_eq!(lag(&snapshot, 3_605), Some(2));
    change(&mut snapshot, |partition| partition.committed(11, Fates::default(), after(start, 3_605)));
    assert_eq!(lag(&snapshot, 3_606), Some(0));
    // Nobody knows the end any more.
    assert_eq!(lag(&snapshot, 3_640), None);
}

#[test]
fn a_source_that_is_not_as_it_should_be_is_degraded_and_the_process_is_ready() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.source.heartbeat = Some(start);
    change(&mut snapshot, |partition| partition.high_watermark(10, after(start, 59)));
    snapshot.reader("orders").last_poll = Some(after(start, 59));
    assert!(readiness(&snapshot, &RULES, after(start, 60)).degraded.is_empty());
    let verdict = readiness(&snapshot, &RULES, after(start, 61));
    assert!(verdict.is_yes() && verdict.degraded[0].starts_with("source: "), "{verdict:?}");
}

#[test]
fn each_finding_has_its_kind_its_subject_and_the_time_since_when_it_holds() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.down(Dependency::Redis, "timeout", after(start, 1));
    snapshot.down(Dependency::Postgres, "connection", after(start, 2));
    let writes = [super::super::Impairment { what: "Redis takes no writes now".into(), stops: false }];
    snapshot.impaired(Dependency::Redis, "writes", &writes, after(start, 3));
    snapshot.topics = vec!["no topic orders".into()];
    snapshot.source.heartbeat = Some(start);
    change(&mut snapshot, |partition| partition.enter(PartitionState::Stopped("offset 10 is gone".into()), after(start, 4)));
    let now = after(start, 61);
    snapshot.reader("orders").last_poll = Some(now);
    let found = findings(&snapshot, &RULES, now);
    let told: Vec<_> = found.iter().map(|found| (found.kind, found.subject.as_str(), found.stops, found.since)).collect();
    let expected = [
        (Kind::ServerDown, "postgres", true, Some(after(start, 2))),
        (Kind::ServerDown, "redis", false, Some(after(start, 1))),
        (Kind::Topic, "no topic orders", true, None),
        (Kind::Impaired, "redis, writes: Redis takes no writes now", false, Some(after(start, 3))),
        (Kind::HeartbeatOld, "source", false, Some(start)),
        (Kind::PartitionStopped, "orders-0", true, Some(after(start, 4))),
    ];
    assert_eq!(told, expected);
    let lines = |stops: bool| found.iter().filter(|found| found.stops == stops).map(|found| found.what.clone()).collect::<Vec<_>>();
    let verdict = readiness(&snapshot, &RULES, now);
    assert_eq!((verdict.reasons, verdict.degraded), (lines(true), lines(false)));
}

/// What an operator holds: partition 0, until five minutes after the start.
fn paused(start: Instant) -> Controls {
    let pause = Pause { ends: after(start, 300), until: DateTime::UNIX_EPOCH, by: "ann".into(), reason: "Mr Smith called".into() };
    Controls { pauses: [((topic(), 0), pause)].into(), hold: None }
}

#[test]
fn a_paused_partition_is_degraded_and_not_unready_and_its_lag_is_no_stall() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.controls(paused(start), start);
    change(&mut snapshot, |partition| partition.high_watermark(99, after(start, 1)));
    let late = after(start, 200);
    snapshot.reader("orders").last_poll = Some(late);
    let verdict = readiness(&snapshot, &RULES, late);
    assert_eq!(verdict.reasons, [""; 0]);
    assert_eq!(verdict.degraded, ["orders-0: paused by ann until 1970-01-01T00:00:00Z"]);
    let at = after(start, 5);
    let view = &StatusView::new(&snapshot, readiness(&snapshot, &RULES, at), None, at).partitions[0];
    assert_eq!((view.state, view.lag), ("paused", Some(89)));
}

#[test]
fn what_has_waited_through_a_pause_is_no_stall_at_its_end() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.controls(paused(start), start);
    change(&mut snapshot, |partition| partition.high_watermark(99, after(start, 299)));
    snapshot.controls(Controls::default(), after(start, 300));
    snapshot.reader("orders").last_poll = Some(after(start, 331));
    assert!(reasons(&snapshot, after(start, 329)).is_empty());
    assert!(reasons(&snapshot, after(start, 331))[0].contains("stalled: 89 records behind"));
}

#[test]
fn a_batch_in_flight_does_not_end_a_pause_and_a_partition_that_is_claimed_anew_is_paused_at_once() {
    let start = Instant::now();
    let mut snapshot = working(start);
    snapshot.controls(paused(start), start);
    change(&mut snapshot, |partition| partition.committed(11, Fates::default(), after(start, 1)));
    let known = |snapshot: &Snapshot| snapshot.partitions[&(topic(), 0)].clone();
    assert_eq!((known(&snapshot).state.as_str(), known(&snapshot).since), ("paused", start));

    snapshot.revoked(&topic(), 0);
    snapshot.claiming(&topic(), 0, after(start, 2));
    assert_eq!(known(&snapshot).state, PartitionState::Claiming);
    snapshot.claimed(&topic(), 0, 11, Fates::default(), after(start, 3));
    assert_eq!((known(&snapshot).state.as_str(), known(&snapshot).since), ("paused", after(start, 3)));
}

#[test]
fn what_is_worse_than_a_pause_is_told_instead() {
    let start = Instant::now();
    let mut snapshot = working(start);
    change(&mut snapshot, |partition| partition.enter(PartitionState::Stopped("records are gone".into()), start));
    snapshot.controls(paused(start), start);
    assert!(reasons(&snapshot, start)[0].contains("stopped"));
    change(&mut snapshot, |partition| partition.enter(PartitionState::Running, after(start, 9)));
    let known = &snapshot.partitions[&(topic(), 0)];
    assert_eq!((known.state.as_str(), known.since), ("paused", after(start, 9)));
}

#[test]
fn a_breaker_that_is_held_is_degraded() {
    let start = Instant::now();
    let mut snapshot = working(start);
    let (state, ends, until) = (HeldState::Open, after(start, 60), DateTime::UNIX_EPOCH);
    let hold = Hold { state, ends, until, by: "ann".into(), reason: "repair".into() };
    snapshot.controls(Controls { hold: Some(hold), ..Controls::default() }, start);
    let verdict = readiness(&snapshot, &RULES, start);
    assert!(verdict.is_yes() && verdict.degraded[0].contains("held open by ann"), "{verdict:?}");
}

#[test]
fn redis_away_and_the_breaker_held_open_are_found_as_what_orders_do_meanwhile() {
    let start = Instant::now();
    let (ends, until) = (after(start, 60), DateTime::UNIX_EPOCH);
    let found = |without_redis, state| {
        let mut snapshot = working(start);
        snapshot.down(Dependency::Redis, "timeout", start);
        snapshot.controls.hold = Some(Hold { state, ends, until, by: "ann".into(), reason: String::new() });
        let found = findings(&snapshot, &Rules { without_redis, ..RULES }, start);
        found.into_iter().map(|finding| (finding.kind, finding.stops)).collect::<Vec<_>>()
    };
    for (without_redis, down, stops, held) in [
        (OrdersWithoutRedis::Pending, Kind::ServerDown, false, Kind::BreakerHeld),
        (OrdersWithoutRedis::Wait, Kind::ServerDown, true, Kind::BreakerHeldWaits),
        (OrdersWithoutRedis::DeadLetters, Kind::RedisDownLetters, true, Kind::BreakerHeldLetters),
    ] {
        assert_eq!(found(without_redis, HeldState::Open), [(down, stops), (held, false)], "{without_redis:?}");
        assert_eq!(found(without_redis, HeldState::Closed), [(down, stops), (Kind::BreakerHeld, false)], "{without_redis:?}");
    }
}
