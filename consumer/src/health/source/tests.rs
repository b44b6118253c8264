//! Tests of what is told of the source.

use super::*;

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

fn degraded(source: &Source, now: Instant) -> Vec<String> {
    source.findings(&SourceRules::default(), now).into_iter().map(|finding| finding.what).collect()
}

fn connector(reading: ConnectorReading, since: Instant) -> Source {
    let connector = ConnectorHealth { name: "shop".into(), reading, since, asked: None };
    Source { connector: Some(connector), ..Source::default() }
}

fn known(state: RunState, task: RunState) -> ConnectorReading {
    let task = TaskReading { id: 0, state: task, error: (task == RunState::Failed).then(|| "ConnectException".to_owned()) };
    ConnectorReading::Known { state, tasks: vec![task] }
}

fn slots(slots: Vec<SlotReading>, since: Instant) -> Source {
    Source { slots: Some(SlotsHealth { reading: SlotsReading::Known(slots), since, asked: None }), ..Source::default() }
}

fn slot(is_active: bool, retained_bytes: u64) -> SlotReading {
    SlotReading { name: "orderstream".into(), is_active, is_lost: false, retained_bytes, lag_bytes: 0 }
}

#[test]
fn what_is_not_configured_or_not_known_yet_is_nothing_wrong() {
    let now = Instant::now();
    assert!(degraded(&Source::default(), after(now, 3_600)).is_empty());
    assert!(degraded(&connector(ConnectorReading::Unasked, now), after(now, 3_600)).is_empty());
}

#[test]
fn only_a_heartbeat_that_was_read_can_be_old() {
    let now = Instant::now();
    let source = Source { heartbeat: Some(now), ..Source::default() };
    assert!(degraded(&source, after(now, 60)).is_empty());
    assert!(degraded(&source, after(now, 61))[0].starts_with("source: Debezium's last heartbeat is 61 s old"));
}

#[test]
fn a_failed_task_is_told_at_once_and_a_restart_only_if_it_lasts() {
    let now = Instant::now();
    let told = |reading, seconds| degraded(&connector(reading, now), after(now, seconds));
    assert!(told(known(RunState::Running, RunState::Running), 3_600).is_empty());
    let failed = told(known(RunState::Running, RunState::Failed), 3);
    assert!(failed[0].starts_with("connect: task 0 of connector shop has FAILED (ConnectException), for 3 s"), "{failed:?}");
    assert_eq!(failed.len(), 1);
    assert_eq!(told(known(RunState::Paused, RunState::Paused), 1).len(), 2);
    assert!(told(known(RunState::Running, RunState::Restarting), 20).is_empty());
    assert_eq!(told(known(RunState::Running, RunState::Unassigned), 21).len(), 1);
    assert_eq!(told(ConnectorReading::Absent, 0).len(), 1);
}

#[test]
fn connect_may_be_away_for_as_long_as_a_restart_takes() {
    let now = Instant::now();
    let away = connector(ConnectorReading::Away("connection"), now);
    assert!(degraded(&away, after(now, 20)).is_empty());
    assert!(degraded(&away, after(now, 21))[0].contains("has not answered for 21 s (connection)"));
}

#[test]
fn equal_answers_keep_the_time_of_the_first() {
    let now = Instant::now();
    let mut connector = ConnectorHealth::new("shop".into());
    connector.answered(known(RunState::Running, RunState::Failed), after(now, 1));
    connector.answered(known(RunState::Running, RunState::Failed), after(now, 9));
    assert_eq!(connector.since, after(now, 1));
    connector.answered(known(RunState::Running, RunState::Running), after(now, 10));
    assert_eq!((connector.since, connector.tasks_in(RunState::Running)), (after(now, 10), 1));
}

#[test]
fn two_errors_in_turn_are_one_silence_and_a_connector_without_a_task_is_told() {
    let now = Instant::now();
    let mut connector = ConnectorHealth::new("shop".into());
    connector.answered(known(RunState::Running, RunState::Running), now);
    for (second, error) in [(1, "connection"), (11, "timeout"), (21, "connection"), (31, "timeout")] {
        connector.answered(ConnectorReading::Away(error), after(now, second));
    }
    let source = Source { connector: Some(connector), ..Source::default() };
    assert!(degraded(&source, after(now, 31))[0].contains("has not answered for 30 s (timeout)"));
    let idle = self::connector(ConnectorReading::Known { state: RunState::Running, tasks: Vec::new() }, now);
    assert!(degraded(&idle, after(now, 20)).is_empty());
    assert!(degraded(&idle, after(now, 21))[0].starts_with("connect: connector shop has no task, for 21 s"));
    assert!(degraded(&slots(Vec::new(), now), after(now, 21))[0].contains("has had no logical replication slot for 21 s"));
}

#[test]
fn a_slot_is_told_that_keeps_too_much_has_lost_its_place_or_is_not_read_for_long() {
    let now = Instant::now();
    assert!(degraded(&slots(vec![slot(true, (1 << 30) - 1)], now), after(now, 3_600)).is_empty());
    assert!(degraded(&slots(vec![slot(true, 1 << 30)], now), now)[0].contains("keeps 1024 MB"));
    assert!(degraded(&slots(vec![SlotReading { is_lost: true, ..slot(false, 0) }], now), now)[0].contains("has lost its place"));
    let idle = slots(vec![slot(false, 0)], now);
    assert!(degraded(&idle, after(now, 20)).is_empty());
    assert!(degraded(&idle, after(now, 21))[0].contains("nobody has been connected to a replication slot of the shop for 21 s"));
    assert_eq!(degraded(&slots(Vec::new(), now), after(now, 21)).len(), 1);
}

#[test]
fn the_time_for_which_nobody_reads_does_not_begin_anew_with_every_answer() {
    let now = Instant::now();
    let mut health = SlotsHealth { reading: SlotsReading::Known(vec![slot(false, 1)]), since: now, asked: None };
    health.answered(SlotsReading::Known(vec![slot(false, 2)]), after(now, 5));
    assert_eq!((health.since, health.heaviest().unwrap().retained_bytes), (now, 2));
    health.answered(SlotsReading::Known(vec![slot(true, 2)]), after(now, 6));
    assert_eq!((health.since, health.is_read()), (after(now, 6), true));
}

#[test]
fn a_time_of_another_clock_becomes_an_age() {
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let ago = |ms: i64| instant_of(i64::try_from(today).unwrap() - ms).elapsed();
    assert!((Duration::from_secs(90)..Duration::from_secs(95)).contains(&ago(90_000)));
    assert!(ago(-90_000) < Duration::from_secs(5), "a clock that is ahead gives no negative age");
}
