use std::time::Duration;

use super::*;
use crate::health::{Health, OrdersWithoutRedis, PartitionDetail, ProcessReport, SourceRules};

fn rules() -> Rules {
    let minute = Duration::from_secs(60);
    Rules {
        stall: minute,
        poll_silence: minute,
        without_redis: OrdersWithoutRedis::Pending,
        compare_every: None,
        source: SourceRules::default(),
    }
}

fn detail(partitions: &[(i32, Option<u64>)], busy: f64) -> Detail {
    let of = |(partition, lag): &(i32, Option<u64>)| PartitionDetail {
        topic: "orders".into(),
        partition: *partition,
        state: "running".into(),
        lag: *lag,
        lag_s: *lag,
        ..PartitionDetail::default()
    };
    let edge = EdgeDetail { per_s: Some(100.0), busy: Some(busy), p99_ms: Some(busy * 10.0), errors_per_s: None };
    let edges = [("commit".to_owned(), edge)].into();
    Detail { partitions: partitions.iter().map(of).collect(), edges, ages: [Some(busy), None], ..Detail::default() }
}

fn heard(instance: &str, detail: Detail, age: u64) -> Heard {
    let report =
        ProcessReport { instance: instance.into(), process: format!("host:{instance}"), detail: Some(detail), ..ProcessReport::default() };
    Heard { report, age: Duration::from_secs(age) }
}

fn overview(own: &Detail, others: Vec<Heard>) -> Overview {
    let (health, now) = (Health::new(rules()), Instant::now());
    health.group(|group| {
        group.processes = Some((now, others));
        group.standings = vec![("orders".into(), 7, 42)];
    });
    let around = Around { instance: "this".into(), ..Around::default() };
    Overview::new(&health.snapshot(), &rules(), own, &mut Memory::default(), around, now)
}

#[test]
fn partitions_of_all_processes_are_shown_and_those_that_nobody_has() {
    let told = overview(&detail(&[(0, Some(3))], 0.1), vec![heard("other", detail(&[(1, Some(4))], 0.1), 1)]);
    let owners: Vec<_> = told.partitions.iter().map(|known| (known.partition, known.owner.as_deref(), known.lag)).collect();
    assert_eq!(owners, [(0, Some("this process"), Some(3)), (1, Some("host:other"), Some(4)), (7, None, None)]);
    // Of partition 7 nobody knows the lag.
    assert_eq!((told.lag.records, told.lag.at_least, told.lag.seconds), (Some(7), true, Some(4)));
}

#[test]
fn what_a_silent_process_said_is_shown_with_its_age_and_counts_no_more() {
    let told = overview(&Detail::default(), vec![heard("gone", detail(&[(1, Some(4))], 0.9), 40)]);
    let gone = &told.partitions[0];
    assert_eq!((gone.owner.as_deref(), gone.owner_heard_s, gone.lag), (Some("host:gone"), Some(40), None));
    assert_eq!((told.lag.records, told.edges.commit.per_s, told.age_ms.p50), (None, None, None));
}

#[test]
fn of_two_processes_that_report_a_partition_the_one_heard_of_last_is_right() {
    let told =
        overview(&Detail::default(), vec![heard("old", detail(&[(1, Some(9))], 0.1), 5), heard("new", detail(&[(1, Some(4))], 0.1), 1)]);
    assert_eq!((told.partitions[0].owner.as_deref(), told.lag.records), (Some("host:new"), Some(4)));
}

#[test]
fn a_partition_that_this_process_has_lost_belongs_to_whoever_has_it_now() {
    let mut own = detail(&[(1, None)], 0.1);
    own.partitions[0].state = "lost".into();
    let told = overview(&own, vec![heard("other", detail(&[(1, Some(4))], 0.1), 1)]);
    assert_eq!((told.partitions[0].owner.as_deref(), told.partitions[0].lag), (Some("host:other"), Some(4)));
    let alone = overview(&own, Vec::new());
    assert_eq!((alone.partitions[0].state.as_str(), alone.partitions[0].lag), ("lost", None));
}

#[test]
fn rates_of_processes_add_up_and_shares_are_those_of_an_average_partition() {
    let own = detail(&[(0, Some(0)), (1, Some(0)), (2, Some(0))], 0.4);
    let told = overview(&own, vec![heard("other", detail(&[(3, Some(0))], 0.8), 1)]);
    let commit = &told.edges.commit;
    assert_eq!((commit.per_s, commit.p99_ms), (Some(200.0), Some(8.0)));
    assert!((commit.busy.unwrap() - 0.5).abs() < 1e-9);
    assert_eq!(told.age_ms.p50, Some(0.8));
}

#[test]
fn what_is_not_known_is_null_and_never_zero() {
    let json = serde_json::to_value(overview(&Detail::default(), Vec::new())).unwrap();
    for pointer in ["/due", "/letters", "/latest", "/edges/commit/per_s", "/age_ms/p99", "/lag/seconds", "/nodes/shop", "/as_of/letters"] {
        assert!(json.pointer(pointer).is_some_and(serde_json::Value::is_null), "{pointer}: {json}");
    }
    // Numbers of 64 bits are texts.
    assert_eq!(json.pointer("/partitions/0/next"), Some(&serde_json::json!("42")));
}

#[test]
fn the_headline_says_that_letters_are_open() {
    let told =
        |lag: Option<u64>, at_least, open| headline(&[], &Lag { records: lag, at_least, seconds: None, trend: None, eta_s: None }, open);
    let whole = "Everything that the shop has sent is in results and in Redis, or on its way";
    for (lag, at_least, open, expected) in [
        (Some(0), false, 0, format!("{whole}.")),
        (Some(0), false, 1, format!("{whole}, but 1 dead letter is open.")),
        (Some(0), false, 3, format!("{whole}, but 3 dead letters are open.")),
        (Some(1), false, 0, "1 record is behind and being worked on.".to_owned()),
        (Some(2), false, 2, "2 records are behind and being worked on, but 2 dead letters are open.".to_owned()),
        (Some(2), true, 0, "At least 2 records are behind; of some partitions nobody knows.".to_owned()),
        (None, false, 1, "How far behind the work is, is not known yet, but 1 dead letter is open.".to_owned()),
    ] {
        assert_eq!(told(lag, at_least, open), expected);
    }
}

#[test]
fn letters_of_all_reasons_count_as_open_and_closed_ones_do_not() {
    let of = |reason: &str, open| crate::health::Letters { reason: reason.into(), open, resolved: 9 };
    let group = Group { letters: Some(vec![of("invalid", 2), of("malformed", 1)]), ..Group::default() };
    assert_eq!((open_letters(&group), open_letters(&Group::default())), (3, 0));
}
