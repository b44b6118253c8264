//! Tables without a key: their rows are counted, so that the same rows are there, each as often as in the source.

use serde_json::{Value, json};

use crate::records::{LETTERS, Topic, in_partition, rows};
use crate::topic::{Sent, Topics};
use crate::world::World;

fn row(at: i32) -> Value {
    json!({ "at": at, "what": "x" })
}

#[test]
fn a_change_that_does_not_tell_its_row_is_a_dead_letter_and_no_further_row() {
    let mut world = World::new("m_keyless_update");
    world.source("create table log (at int, what text)");
    let log = Topic::new(&world, "m_keyless_update", "log", 1);
    let null = json!(null);
    log.send(&[log.create(&null, &row(1)), log.event("u", &null, &null, &row(2)), log.event("d", &null, &null, &null)]);
    world.mirror(&[]);
    log.await_fates(&world, 3);
    assert_eq!(
        (world.target(&rows("log")), world.target(LETTERS)),
        ("1|(1,x)".to_owned(), "2|log unsupported, log unsupported".to_owned())
    );
}

#[test]
fn rows_without_a_key_that_are_sent_again_are_not_added_again() {
    let mut world = World::new("m_keyless_again");
    world.source("create table log (at int, what text); alter table log replica identity full");
    let log = Topic::new(&world, "m_keyless_again", "log", 2);
    let null = json!(null);
    // Rows of one COPY have one position, and may be equal.
    let sent = [
        log.create(&null, &row(1)),
        log.event_at(2_000, "c", &null, &null, &row(2)),
        log.event_at(2_000, "c", &null, &null, &row(2)),
        log.event_at(2_000, "c", &null, &null, &row(2)),
        log.event_at(2_100, "u", &null, &row(2), &row(3)),
        log.event_at(2_200, "d", &null, &row(2), &null),
    ];
    log.send(&sent[..5]);
    world.mirror(&[]);
    log.await_fates(&world, 5);
    // Connect was killed, and sends the last ones again, some of them to the other partition, and what follows.
    let again = sent[1..].iter().enumerate().map(|(at, record)| in_partition(i32::from(at % 2 == 0), record.clone()));
    log.send(&again.collect::<Vec<_>>());
    assert_eq!(log.await_fates(&world, 10), "6|4|0|0");
    assert_eq!(world.target(&rows("log")), "3|(1,x) (2,x) (3,x)");
    // Once each partition has a record that was sent a day after these events were counted, none of them can come again.
    world.target(
        "update orderstream_mirror.seen_1 s set counted_at = to_timestamp((last_ms + 1) / 1000.0) - interval '1 day'
            from orderstream_mirror.consumer_offsets o where o.partition = 1",
    );
    log.send(&[log.create(&null, &row(4))]);
    log.await_fates(&world, 11);
    assert_eq!(world.target("select count(*) from orderstream_mirror.seen_1"), "7");
    log.send(&[in_partition(1, log.create(&null, &row(5)))]);
    log.await_fates(&world, 12);
    assert_eq!(world.target("select count(*) from orderstream_mirror.seen_1"), "2");
}

#[test]
fn a_row_that_goes_before_it_comes_is_owed_and_only_one_of_equal_rows_goes() {
    let mut world = World::new("m_keyless_owed");
    world.source("create table log (at int, what text); alter table log replica identity full");
    let log = Topic::new(&world, "m_keyless_owed", "log", 2);
    let null = json!(null);
    let (late, gone) = (log.create(&null, &row(1)), log.event("d", &null, &row(1), &null));
    let (twice, changed) = ([log.create(&null, &row(2)), log.create(&null, &row(2))], log.event("u", &null, &row(2), &row(3)));
    let changed_again = log.event("u", &null, &row(3), &json!({ "at": 3, "what": null }));
    let again = log.create(&null, &row(1));
    world.mirror(&[]);
    log.send(&[in_partition(1, gone), in_partition(1, changed), in_partition(1, changed_again)]);
    log.await_fates(&world, 3);
    assert_eq!(world.target(&rows("log")), "1|(3,)");
    log.send(&[late, twice[0].clone(), twice[1].clone(), again]);
    log.await_fates(&world, 7);
    assert_eq!(world.target(&rows("log")), "3|(1,x) (2,x) (3,)");
    assert_eq!(world.target("select count(*) from orderstream_mirror.owed_1"), "0");
}

#[test]
fn a_truncate_removes_the_older_rows_without_a_key_and_no_newer_ones_whatever_comes_first() {
    let mut world = World::new("m_keyless_truncate");
    world.source("create table log (at int, what text); alter table log replica identity full");
    let log = Topic::new(&world, "m_keyless_truncate", "log", 2);
    let null = json!(null);
    world.mirror(&[]);
    // Records without a key go to any partition, so that rows overtake the truncate, and it overtakes rows.
    let older = log.event_at(2_000, "c", &null, &null, &row(9));
    let newer = [log.event_at(5_000, "c", &null, &null, &row(3)), log.event_at(5_100, "u", &null, &row(3), &row(4))];
    log.send(&[in_partition(1, older), in_partition(1, newer[0].clone()), in_partition(1, newer[1].clone())]);
    log.await_fates(&world, 3);
    log.send(&[log.event_at(4_000, "t", &null, &null, &null)]);
    log.await_fates(&world, 4);
    log.send(&[in_partition(1, log.event_at(3_000, "c", &null, &null, &row(1)))]);
    log.await_fates(&world, 5);
    assert_eq!(world.target(&rows("log")), "1|(4,x)");
}

#[test]
fn a_table_without_a_key_gets_every_row_that_is_added_equal_ones_too() {
    let mut world = World::new("m_keyless");
    world.source("create table log (at int, what text); insert into log values (1, 'same'), (1, 'same'), (2, null)");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[]);
    world.await_same(&["log"]);
    world.source(
        "insert into log values (1, 'same'), (1, 'same'), (null, null), (null, null); truncate log;
        insert into log values (1, 'same'), (1, 'same'), (3, 'x')",
    );
    world.await_same(&["log"]);
}

#[test]
fn a_delete_removes_one_of_two_equal_rows_and_the_tombstone_behind_it_is_nothing() {
    let mut world = World::new("m_keyless_delete");
    world.source(
        "create table log (at int, what text); alter table log replica identity full;
        insert into log values (1, 'same'), (1, 'same'), (3, 'x')",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[]);
    world.await_same(&["log"]);
    world.source("delete from log where ctid = (select min(ctid) from log where at = 1)");
    world.await_same(&["log"]);
    world.await_target("select sum(applied), sum(ignored), sum(dead_lettered) from orderstream_mirror.consumer_offsets", "4|1|0");
}

#[test]
fn a_snapshot_that_begins_anew_replaces_the_rows_of_the_one_before_and_what_it_has_read() {
    let mut world = World::new("m_keyless_anew");
    world.source("create table log (at int, what text); alter table log replica identity full");
    let log = Topic::new(&world, "m_keyless_anew", "log", 2);
    let null = json!(null);
    world.mirror(&[]);
    let behind = log.event_at(4_000, "c", &null, &null, &row(4));
    log.send(&[
        log.read_at(2_000, &row(1)),
        log.read_at(2_000, &row(1)),
        log.event_at(2_500, "c", &null, &null, &row(2)),
        in_partition(1, behind),
    ]);
    log.await_fates(&world, 4);
    assert_eq!(world.target(&rows("log")), "4|(1,x) (1,x) (2,x) (4,x)");
    // What is late of the older snapshot, and of what the newer one has read, stays out.
    log.send(&[
        log.read_at(3_000, &row(1)),
        in_partition(1, log.read_at(2_000, &row(5))),
        in_partition(1, log.event_at(2_600, "d", &null, &row(1), &null)),
        log.read_at(3_000, &row(2)),
        log.read_at(3_000, &row(2)),
    ]);
    log.await_fates(&world, 9);
    assert_eq!(world.target(&rows("log")), "4|(1,x) (2,x) (2,x) (4,x)");
}

#[test]
fn an_event_without_its_number_in_a_transaction_counts_as_often_as_it_can_be_told() {
    let mut world = World::new("m_keyless_plain");
    world.source("create table log (at int, what text); alter table log replica identity full");
    let log = Topic::new(&world, "m_keyless_plain", "log", 1);
    let null = json!(null);
    let plain = |record: Sent| {
        let mut value: Value = serde_json::from_slice(&record.value.unwrap()).unwrap();
        value["transaction"] = json!(null);
        Sent { value: Some(value.to_string().into_bytes()), ..record }
    };
    let sent = [
        plain(log.event_at(2_000, "c", &null, &null, &row(1))),
        plain(log.event_at(2_000, "c", &null, &null, &row(1))),
        plain(log.event_at(2_100, "u", &null, &row(1), &row(2))),
        plain(log.event_at(2_200, "d", &null, &row(2), &null)),
    ];
    log.send(&sent);
    log.send(&sent[2..]);
    world.mirror(&[]);
    assert_eq!(log.await_fates(&world, 6), "4|2|0|0");
    assert_eq!(world.target(&rows("log")), "1|(1,x)");
}

#[test]
fn tables_without_a_key_are_equal_row_by_row_whatever_their_types_and_however_often_connect_is_killed() {
    let mut world = World::new("m_keyless_real");
    world.source(
        "create table log (at int, what text, doc json, place point, x xml, fixed char(5), price numeric(8,2), long text, day timestamptz(3),
            twice int generated always as (at * 2) stored);
         alter table log replica identity full;
         create function fill(n int) returns void language sql as $$
            insert into log select g % 7, 'w' || g % 3, json_build_object('a', g % 2), point(g % 2, 1), xmlparse(content '<a/>'), 'f', g % 5,
                repeat('long ', 5000 * (g % 2)), null from generate_series(1, n) g $$;
         create table late_key (id int, v text); alter table late_key replica identity full; insert into late_key values (1, 'a'), (2, 'a');
         select fill(200); insert into log (at) values (null), (null)",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "3"), ("offset.flush.interval.ms", "60000")]);
    // The pattern has the topic of the transactions too.
    let mirror = world.mirror(&[("MIRROR_TOPICS", "^m_keyless_real\\..*")]);
    world.await_same(&["log", "late_key"]);
    world.source(
        "alter table late_key add primary key (id); update late_key set v = 'b' where id = 1; insert into late_key values (3, 'c')",
    );
    world.await_reason(mirror, "the key is");
    world.command(&["apply", "public.late_key"]);
    world.await_same(&["late_key"]);
    world.stack().connect_api().await_stored_offset("m_keyless_real").ok();
    let one = |of: &str| format!("(select ctid from log where {of} limit 1)");
    world.source(&format!(
        "update log set what = 'changed' where ctid = {}; delete from log where ctid = {}; update log set at = 70 where what = 'w1';
         alter table log add column more int not null default 5; update log set more = 6 where at = 5; delete from log where at = 6;
         delete from log where at is null; select fill(50); begin; truncate log; select fill(20); commit; select fill(30)",
        one("at = 3"),
        one("at = 4"),
    ));
    world.await_same(&["log"]);
    // Rows of a COPY have one position for many.
    let copied: String = (0..6_000).map(|at| format!("{}\tcopied\n", if at % 2 == 0 { 0 } else { at })).collect();
    let topics = Topics::at(world.stack().bootstrap_servers());
    let sent = || topics.ends("m_keyless_real.public.log").iter().sum::<i64>();
    let before = sent();
    world.source(&format!("copy log (at, what) from stdin;\n{copied}\\.\n"));
    world.await_that("some are sent", || if sent() > before { Ok(()) } else { Err(format!("{before} as before")) });
    world.stack().connect().kill();
    world.source(
        "delete from log where at = 0 and ctid in (select ctid from log where at = 0 limit 700); update log set what = 'late' where at = 1",
    );
    world.stack().connect().start().unwrap();
    world.stack().connect_api().await_running("m_keyless_real").unwrap();
    world.await_same(&["log"]);
    let again = world.target("select sum(stale) > 0 from orderstream_mirror.consumer_offsets where topic like '%log'");
    assert_eq!(again, "t", "nothing was sent again");
}
