//! Tests of what an operator is shown before anything is done.

use std::time::{Duration, Instant};

use chrono::DateTime;

use super::*;
use crate::health::OrdersWithoutRedis;
use crate::health::{self, ConnectorReading, HeldState, RunState, TaskReading};
use crate::page::actions::request::{self, BreakerState, Letters, Place, What};
use crate::results::dead_letters::Count;
use crate::results::replay::Tally;

fn count(reason: &str, epoch: i32, replays: i32, letters: i64) -> Count {
    Count { topic: "orders".into(), epoch, reason: reason.into(), replays, letters }
}

fn facts(counts: Vec<Count>, dry: DryRun) -> ReplayFacts {
    ReplayFacts { counts, topics: vec!["orders".into()], epoch: 1, dry }
}

fn value<'a>(draft: &'a Draft, label: &str) -> &'a str {
    draft.details.iter().find(|detail| detail.label == label).map_or("", |detail| &detail.value)
}

#[test]
fn a_replay_says_what_the_first_thousand_have_come_to_and_is_confirmed_by_its_number() {
    let tally = Tally { applied: 931, stale: 55, refused: 14, ..Tally::default() };
    let counts = vec![count("invalid", 1, 0, 1_180), count("malformed", 0, 0, 21), count("invalid", 1, 3, 3)];
    let asked = Letters { rate: Some(100), ..Letters::default() };
    let draft = replay(&asked, &facts(counts, DryRun { taken: 1_000, tally, ..DryRun::default() })).unwrap();
    assert_eq!(draft.effect, "Process 1,180 dead letters again at 100 a second, the oldest of each partition first.");
    assert_eq!((draft.confirm.as_deref(), draft.letters), (Some("1180"), Some(1_180)));
    let tried = "the first 1,000 of 1,180: 931 would apply, 55 are stale, 0 need nothing, 14 would be refused again";
    assert_eq!(value(&draft, "tried and rolled back"), tried);
    assert_eq!((value(&draft, "invalid"), value(&draft, "takes at least")), ("1,183 open", "12 s"));
    let alone = [
        "Left alone: 21 are of another epoch than 1: its snapshot has overtaken them.",
        "Left alone: 3 were replayed in vain 3 times or more.",
    ];
    assert_eq!(draft.warnings, alone);
}

#[test]
fn one_letter_and_one_record_are_not_told_in_the_plural() {
    let effect = |counts, max| replay(&Letters { max, ..Letters::default() }, &facts(counts, DryRun::default())).unwrap().effect;
    let end = "the oldest of each partition first.";
    assert_eq!(effect(vec![count("invalid", 1, 0, 1)], None), format!("Process 1 dead letter again, {end}"));
    assert_eq!(effect(vec![count("invalid", 1, 0, 3)], Some(1)), format!("Process 1 of 3 dead letters again, {end}"));
    assert_eq!((counted(1, "record", "records"), counted(1_180, "record", "records")), ("1 record".into(), "1,180 records".into()));
}

#[test]
fn a_replay_with_a_limit_is_confirmed_by_the_limit_and_rests_on_all() {
    let asked = Letters { max: Some(10), ..Letters::default() };
    let dry = DryRun { taken: 10, only_counted: 4, left: 1, ended_early: Some("Kafka is slow".into()), ..DryRun::default() };
    let draft = replay(&asked, &facts(vec![count("invalid", 1, 0, 50)], dry)).unwrap();
    assert_eq!((draft.confirm.as_deref(), draft.letters), (Some("10"), Some(50)));
    assert!(draft.effect.starts_with("Process 10 of 50 dead letters"), "{}", draft.effect);
    assert!(value(&draft, "of customers").starts_with("4: "));
    assert!(draft.warnings[0].starts_with("1 of those") && draft.warnings[1].contains("Kafka is slow"), "{:?}", draft.warnings);
}

#[test]
fn a_replay_of_nothing_is_no_plan() {
    let nothing = replay(&Letters::default(), &facts(Vec::new(), DryRun::default())).unwrap_err();
    assert_eq!(nothing.to_string(), "there is nothing to replay: no open letter is meant");
    let often = replay(&Letters::default(), &facts(vec![count("invalid", 1, 3, 2)], DryRun::default())).unwrap_err();
    assert!(often.to_string().contains("2 were replayed in vain"));
}

#[test]
fn a_plan_holds_while_the_letters_move_by_no_more_than_a_tenth_in_the_same_epoch() {
    let draft = Draft { letters: Some(100), epoch: 1, ..Draft::default() };
    assert!([90, 100, 110].into_iter().all(|now| draft.is_outdated(Some(now), 1).is_none()));
    assert!([0, 89, 111].into_iter().all(|now| draft.is_outdated(Some(now), 1).is_some()));
    assert!(draft.is_outdated(Some(100), 2).unwrap().contains("epoch 2"));
    let few = Draft { letters: Some(1), ..Draft::default() };
    assert!(few.is_outdated(Some(0), 0).is_some() && Draft::default().is_outdated(None, 0).is_none());
}

#[test]
fn with_a_limit_of_size_nobody_knows_how_long_kafka_keeps_a_record() {
    let by = |settings: &[(&str, &str)]| Kept::by(&settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect());
    let (hour, size) = (("retention.ms", "3600000"), ("retention.bytes", "1000000"));
    assert_eq!(by(&[hour, ("retention.bytes", "-1")]), Kept::For(Duration::from_secs(3_600)));
    assert_eq!(by(&[hour, size]), Kept::UpToSize(Some(Duration::from_secs(3_600))));
    assert_eq!((by(&[("retention.ms", "-1"), size]), by(&[("retention.ms", "-1")])), (Kept::UpToSize(None), Kept::ForEver));
    assert_eq!((by(&[("cleanup.policy", "compact"), hour, size]), by(&[])), (Kept::ForEver, Kept::Unknown));
    let asked = request::Pause { topic: "orders".into(), partition: 2, minutes: 15 };
    let warned = |kept| {
        let facts = PartitionFacts { claimed: Some(("host/7".into(), 90)), kept, ..PartitionFacts::default() };
        pause(&asked, &facts).unwrap().warnings.join(" ")
    };
    assert!(warned(by(&[hour, size])).contains("(retention.bytes), so after which time is not known"));
    assert!(warned(Kept::UpToSize(Some(Duration::from_secs(1_800)))).contains("MAY BE LOST"));
}

fn paused() -> health::Pause {
    health::Pause { ends: Instant::now(), until: DateTime::UNIX_EPOCH, by: "ann".into(), reason: "repair".into() }
}

#[test]
fn a_pause_says_who_stops_how_far_behind_it_is_and_what_kafka_will_have_lost() {
    let asked = request::Pause { topic: "orders".into(), partition: 2, minutes: 120 };
    let known = PartitionFacts { claimed: Some(("host/7".into(), 90)), end: Some(2_000), ..PartitionFacts::default() };
    let draft = pause(&asked, &known).unwrap();
    assert!(draft.effect.contains("orders-2 is not read for 2 h. host/7 has it"), "{}", draft.effect);
    assert_eq!((value(&draft, "behind now"), &draft.confirm), ("1,910 records", &None));
    let warned = |kept, behind: Option<u64>| {
        let behind = behind.map(|hours| Duration::from_secs(hours * 3_600));
        let facts = PartitionFacts { kept, behind, is_of_customers: true, pause: Some(paused()), ..known.clone() };
        pause(&asked, &facts).unwrap().warnings.join(" ")
    };
    assert!(warned(Kept::Unknown, None).contains("is not known"));
    assert!(warned(Kept::ForEver, None).contains("none is lost"));
    let hours = |hours: u64| Kept::For(Duration::from_secs(hours * 3_600));
    assert!(warned(hours(4), Some(0)).contains("after 4 h: WITH THIS PAUSE RECORDS MAY BE LOST"));
    assert!(warned(hours(5), Some(0)).ends_with("read again before that.") && warned(hours(5), Some(0)).contains("written as missing"));
    assert!(warned(hours(5), Some(1)).contains("MAY BE LOST"), "the oldest record has waited for an hour already");
    assert!(warned(hours(5), None).contains("has waited already is not known"));
    assert!(pause(&asked, &PartitionFacts::default()).is_err(), "nobody has such a partition");
}

#[test]
fn only_what_is_paused_is_resumed_and_only_what_is_held_is_released() {
    let place = Place { topic: "orders".into(), partition: 2 };
    assert!(resume(&place, &PartitionFacts::default()).unwrap_err().to_string().contains("is not paused"));
    let facts = PartitionFacts { pause: Some(paused()), ..PartitionFacts::default() };
    assert_eq!(value(&resume(&place, &facts).unwrap(), "because"), "repair");
    assert!(release(&BreakerFacts::default()).is_err());
}

#[test]
fn holding_the_breaker_open_says_what_becomes_of_orders() {
    let warned = |state, orders| {
        let (asked, facts) = (request::Hold { state, minutes: 15 }, BreakerFacts { orders, processes: 2, ..BreakerFacts::default() });
        hold(&asked, &facts).warnings[0].clone()
    };
    assert!(warned(BreakerState::Open, OrdersWithoutRedis::Pending).contains("become pending"));
    assert!(warned(BreakerState::Open, OrdersWithoutRedis::Wait).contains("not ready"));
    assert!(warned(BreakerState::Open, OrdersWithoutRedis::DeadLetters).contains("DEAD LETTERS"));
    assert!(warned(BreakerState::Closed, OrdersWithoutRedis::Pending).contains("hangs"));
    let held =
        health::Hold { state: HeldState::Open, ends: Instant::now(), until: DateTime::UNIX_EPOCH, by: "ann".into(), reason: "r".into() };
    let draft = release(&BreakerFacts { hold: Some(held), ..BreakerFacts::default() }).unwrap();
    assert!(value(&draft, "now").contains("held open by ann"));
}

#[test]
fn a_rebuild_says_how_much_it_writes_and_about_how_long_it_takes() {
    assert_eq!(value(&rebuild(What::Cache, Some(5_000_000)), "takes"), "about 5 min");
    assert_eq!(value(&rebuild(What::Customers, Some(100)), "takes"), "less than a minute");
    assert_eq!(value(&rebuild(What::Cache, None), "takes"), "not known");
}

#[test]
fn a_connector_is_restarted_only_where_something_has_failed() {
    let reading = |state| ConnectorReading::Known {
        state: RunState::Running,
        tasks: vec![TaskReading { id: 0, state, error: Some("ConnectException".into()) }],
    };
    assert!(connector("shop", &reading(RunState::Running)).unwrap_err().to_string().contains("no task of connector shop has failed"));
    assert!(connector("shop", &reading(RunState::Paused)).is_err(), "somebody has paused it");
    assert_eq!(value(&connector("shop", &reading(RunState::Failed)).unwrap(), "task 0"), "failed (ConnectException)");
    assert!(connector("shop", &ConnectorReading::Away("timeout")).is_err() && connector("shop", &ConnectorReading::Absent).is_err());
}
