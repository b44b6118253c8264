//! The commands of operators, against the real servers: what they find, what they change, and their exit codes.

use serde_json::{Value, json};
use stack::Service;

use crate::records::Topic;
use crate::world::World;

/// Whether each of these parts stands in a line of the text that begins so.
#[track_caller]
fn says(text: &str, lines: &[(&str, &str)]) {
    for (beginning, part) in lines {
        let is_said = text.lines().any(|line| line.starts_with(beginning) && line.contains(part));
        assert!(is_said, "no line begins with `{beginning}` and has `{part}`:\n{text}");
    }
}

#[test]
fn check_names_what_waits_what_is_in_the_way_and_what_a_compacted_topic_forgets() {
    let mut world = World::new("m_check");
    world.source(
        "create table plain (id int primary key, note text); alter table plain replica identity full;
         create table there (id int primary key, amount int); create table other (id int primary key);
         create publication mirror for all tables",
    );
    world.target("create table there (id int primary key, amount int constraint amount_is_positive check (amount > 0))");
    let plain = Topic::new(&world, "m_check", "plain", 1);
    world.stack().create_topic("m_check.public.there", 1, &[("cleanup.policy", "compact"), ("delete.retention.ms", "1")]).unwrap();

    // Before the first start: what is there, and what a start would come upon.
    let (code, text) = world.ran(&[], &["check"]);
    assert_eq!(code, Some(1), "{text}");
    says(
        &text,
        &[
            ("ok       kafka     events: 2 topics with 2 partitions", "m_check"),
            ("ok       kafka     dead letters: topic dlq-errors", "partition"),
            ("warning  kafka     events: topic m_check.public.there is compacted", "Compacted topic cannot accept message without key"),
            ("warning  kafka     events: topic m_check.public.there is compacted", "a delete is forgotten 0 s after it was compacted"),
            ("ok       target    Postgres", "role postgres"),
            ("warning  target    4 of 4 migrations are missing", ""),
            ("ok       target    the role may make schemas", ""),
            ("warning  source    publication mirror: 3 tables, without publish_via_partition_root", "alter publication mirror set"),
            ("ok       source    1 table has no topic yet", "\"public\".\"other\""),
            ("ok       source    replica identity full: 1 of 3 tables", ""),
            ("warning  source    replica identity not full", "\"public\".\"there\" (default)"),
            ("FAILED   source    \"public\".\"there\" waits", "amount_is_positive; drop them, or set mirror.constraints"),
        ],
    );

    // What only a running mirror comes upon: a table that waits for an operator, and a compacted topic that is read too late.
    let settings = [("MIRROR_CONSTRAINTS", "trust")];
    let there = Topic::of(&world, "m_check", "there");
    let row = |id: i32| json!({"id": id, "amount": 1});
    let process = world.mirror(&settings);
    plain.send(&[plain.create(&json!({"id": 1}), &json!({"id": 1, "note": "a"}))]);
    there.send(&[there.create(&json!({"id": 1}), &row(1))]);
    world.await_target("select count(*) from there", "1");
    world.await_target("select count(*) from plain", "1");
    let (code, text) = world.ran(&settings, &["check"]);
    assert_eq!(code, Some(0), "{text}");
    says(
        &text,
        &[
            ("ok       ledger    Kafka has what comes next in each of 2 partitions", ""),
            ("warning  source    \"public\".\"there\" has", "stay in force"),
        ],
    );

    world.source("alter table plain rename note to words");
    plain.send(&[plain.create(&json!({"id": 2}), &json!({"id": 2, "words": "b"}))]);
    world.await_target("select count(*) from orderstream_mirror.mirror_tables where waits is not null", "1");
    world.await_target("select count(*) from orderstream_mirror.consumer_offsets where stopped like '%renamed column%'", "1");
    Service::kill(world.process(process));
    there.send(&[there.create(&json!({"id": 2}), &row(2))]);
    let (code, text) = world.ran(&settings, &["check"]);
    assert_eq!(code, Some(1), "{text}");
    says(
        &text,
        &[
            ("FAILED   ledger    m_check.public.there", "reconcile needed"),
            ("FAILED   ledger    m_check.public.plain/0", "renamed column"),
            ("FAILED   source    \"public\".\"plain\" waits", "orderstream mirror plan"),
        ],
    );
    let (code, text) = world.ran(&[("MIRROR_SOURCE_URL", "postgres://nobody:s3cret@127.0.0.1:1/shop")], &["check"]);
    assert_eq!(code, Some(1), "{text}");
    says(&text, &[("FAILED   source    postgres://", "check mirror.source_url")]);
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn an_operator_sees_how_all_stands_moves_an_offset_and_closes_a_letter() {
    let mut world = World::new("m_operate");
    world.source("create table item (id int primary key, amount numeric(6, 2)); alter table item replica identity full");
    let item = Topic::new(&world, "m_operate", "item", 1);
    let settings = [("MIRROR_GROUP_ID", "m_operate")];
    world.mirror(&settings);
    let row = |id: i32, amount: &str| item.create(&json!({"id": id}), &json!({"id": id, "amount": amount}));
    item.send(&[row(1, "1.50"), row(2, "many"), row(3, "2.50")]);
    assert_eq!(item.await_fates(&world, 3), "2|0|0|1");
    let letter = format!("{}-0-1-0", item.name);
    let ran = |arguments: &[&str], expected: i32| {
        let (code, text) = world.ran(&settings, arguments);
        assert_eq!(code, Some(expected), "{arguments:?}: {text}");
        text
    };

    says(
        &ran(&["status"], 0),
        &[(&item.name, "ok"), ("\"public\".\"item\"", "ok"), ("letters    1 open", ""), ("rejected_by_database", "1")],
    );
    let status: Value = serde_json::from_str(&ran(&["status", "--json"], 0)).unwrap();
    let of = |pointer: &str| status.pointer(pointer).unwrap_or(&Value::Null).clone();
    assert_eq!(
        (of("/partitions/0/applied"), of("/partitions/0/dead_lettered"), of("/partitions/0/lag")),
        (json!(2), json!(1), json!(0)),
        "{status}"
    );
    assert_eq!((of("/tables/0/open_letters"), of("/letters/0/reason")), (json!(1), json!("rejected_by_database")), "{status}");

    says(&ran(&["offsets", "show"], 0), &[(&item.name, "ok")]);
    let mut reset = vec!["offsets", "reset", "--topic", &item.name, "--partition", "0", "--to", "0", "--execute"];
    assert!(ran(&reset, 1).contains("is being worked on"));
    reset.push("--force");
    says(&ran(&reset, 0), &[("Up to 3 records would be read again", ""), ("Done: ", "moved from 3 to 0")]);
    // The process claims the partition again, and the records that it has seen before change nothing.
    assert_eq!(item.await_fates(&world, 6), "2|2|0|2");
    assert_eq!(world.target("select count(*), sum(amount) from item"), "2|4.00");

    says(&ran(&["dlq", "list"], 0), &[(&letter, "public.item"), (&item.name, "rejected_by_database")]);
    assert!(ran(&["dlq", "list", "--table", "public.other"], 0).contains("no letters"));
    let shown = ran(&["dlq", "show", &letter, "--payload"], 0);
    says(&shown, &[("key        public.item", ""), ("state      open", ""), ("message    Postgres refused the row", "")]);
    assert!(shown.contains("many"), "{shown}");
    let mut resolve = vec!["dlq", "resolve", &letter, "--because", "the row was mended by hand"];
    assert!(ran(&resolve, 0).contains("Nothing was changed"));
    resolve.push("--execute");
    assert!(ran(&resolve, 0).contains("closed: 1"));
    assert_eq!(world.target("select resolution from orderstream_mirror.dead_letters"), "by hand: the row was mended by hand");
    assert!(ran(&["dlq", "show", "nothing"], 1).contains("`orderstream mirror dlq list --all` lists them"));
}

#[test]
fn a_letter_is_replayed_as_the_record_that_it_was_and_never_over_something_newer() {
    let mut world = World::new("m_replay");
    // The target's column is shorter, until somebody mends it.
    world
        .source("create table word (id int primary key, text text); alter table word replica identity full; create table line (text text)");
    world.target("create table word (id int primary key, text varchar(3)); create table line (text varchar(3))");
    let (word, line) = (Topic::new(&world, "m_replay", "word", 1), Topic::new(&world, "m_replay", "line", 1));
    let settings = [("MIRROR_GROUP_ID", "m_replay"), ("MIRROR_SOURCE_URL", "")];
    world.mirror(&settings);
    let row = |id: i32, text: &str| word.create(&json!({"id": id}), &json!({"id": id, "text": text}));
    let update = |id: i32, text: &str| word.update(&json!({"id": id}), &json!({"id": id, "text": text}));
    let key = |id: i32| json!({"id": id});
    // Row 1 has a letter alone, row 2 is newer then, row 3 is gone, and row 4 stays too long for good.
    word.send(&[row(1, "first"), row(2, "second"), row(3, "third")]);
    assert_eq!(word.await_fates(&world, 3), "0|0|0|3");
    word.send(&[update(2, "new"), word.delete(&key(3)), row(4, "much too long")]);
    line.send(&[line.create(&Value::Null, &json!({"text": "added"}))]);
    assert_eq!(word.await_fates(&world, 6), "2|0|0|4");
    assert_eq!(line.await_fates(&world, 1), "0|0|0|1");
    let ran = |arguments: &[&str], expected: i32| {
        let (code, text) = world.ran(&settings, arguments);
        assert_eq!(code, Some(expected), "{arguments:?}: {text}");
        text
    };
    world.target("alter table word alter column text type varchar(8); alter table line alter column text type varchar(8)");

    let dry = ran(&["dlq", "replay"], 0);
    assert!(dry.contains("5 letters") && dry.contains("Nothing was changed"), "{dry}");
    let replayed = ran(&["dlq", "replay", "--execute"], 1);
    assert!(replayed.contains("replayed: 2 applied, 2 stale, 0 with nothing to do, 1 refused again"), "{replayed}");
    assert!(replayed.contains("1 stays open; `orderstream mirror dlq list` has them"), "{replayed}");
    assert_eq!(world.target("select string_agg(id || text, ' ' order by id) from word"), "1first 2new");
    let letters = "select string_agg(\"offset\" || coalesce(resolution, 'open') || replays, ' ' order by \"offset\")
        from orderstream_mirror.dead_letters where table_name = 'word'";
    assert_eq!(world.target(letters), "0applied0 1stale0 2stale0 5open1");

    // A closed letter is not replayed again: the row of a table without a key is there once.
    assert!(ran(&["dlq", "replay", "--execute", "--table", "public.line"], 0).contains("replayed: 0 applied"));
    assert_eq!(world.target("select string_agg(text, ' ') from line"), "added");
    // The offsets and the fates are as they were, and the process goes on.
    word.send(&[row(5, "after")]);
    assert_eq!(word.await_fates(&world, 7), "3|0|0|4");
}
