//! The commands of operators, against the real servers: what they find, what they change, and their exit codes.

use serde_json::json;
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
            ("warning  target    3 of 3 migrations are missing", ""),
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
    Service::kill(world.process(process));
    there.send(&[there.create(&json!({"id": 2}), &row(2))]);
    let (code, text) = world.ran(&settings, &["check"]);
    assert_eq!(code, Some(1), "{text}");
    says(
        &text,
        &[
            ("FAILED   ledger    m_check.public.there", "reconcile needed"),
            ("FAILED   source    \"public\".\"plain\" waits", "orderstream mirror plan"),
        ],
    );
    let (code, text) = world.ran(&[("MIRROR_SOURCE_URL", "postgres://nobody:s3cret@127.0.0.1:1/shop")], &["check"]);
    assert_eq!(code, Some(1), "{text}");
    says(&text, &[("FAILED   source    postgres://", "check mirror.source_url")]);
    assert!(!text.contains("s3cret"), "{text}");
}
