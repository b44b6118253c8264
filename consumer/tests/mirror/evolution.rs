//! Tables whose shape changes: what adds something is followed, everything else waits for an operator, and the other tables go on.

use serde_json::json;

use crate::records::{LETTERS, Topic, rows};
use crate::topic::{Sent, Topics};
use crate::world::World;

/// The names of a table's columns in the target.
fn columns(table: &str) -> String {
    format!(
        "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0
            and not attisdropped"
    )
}

/// Waits until the connector has sent so many records of a table.
#[track_caller]
fn await_sent(world: &World, topic: &str, records: i64) {
    let topics = Topics::at(world.stack().bootstrap_servers());
    world.await_that("the connector has sent the changes", || {
        let sent: i64 = topics.ends(topic).iter().sum();
        if sent >= records { Ok(()) } else { Err(format!("{sent} of {records}")) }
    });
}

#[test]
fn events_of_every_shape_that_a_table_had_are_right_when_they_are_read_late() {
    let mut world = World::new("m_shapes");
    world.source("create table people (id int primary key, name text, gone text); insert into people values (1, 'Ann', 'g')");
    world.capture("public\\..*", &[]);
    await_sent(&world, "m_shapes.public.people", 1);
    // Each change of the table has its events before the next one comes: the connector reads the present shape from the catalog.
    let steps = [
        ("insert into people values (2, 'Bob', 'g')", 2),
        ("alter table people add note text, add points int not null default 7; insert into people values (3, 'Cid', 'g', 'n', 8)", 3),
        ("alter table people drop gone; insert into people values (4, 'Dan', 'n', 9); update people set name = 'Anna' where id = 1", 5),
        ("alter table people alter name type varchar(50), add flag boolean; insert into people values (5, 'Eve', null, 10, true)", 6),
        ("alter table people drop note; alter table people add born date; update people set born = '2000-01-01' where id = 2", 7),
    ];
    for (statements, records) in steps {
        world.source(statements);
        await_sent(&world, "m_shapes.public.people", records);
    }
    world.mirror(&[]);
    world.await_same(&["people"]);
    assert_eq!(world.target(&columns("people")), "id name points flag born");
}

#[test]
fn a_table_is_made_by_the_first_event_whatever_it_is_and_its_columns_follow_while_it_is_written() {
    let mut world = World::new("m_grows");
    world.source(
        "create type mood as enum ('sad', 'happy'); create table updated (id int primary key, v text);
            create table deleted (id int primary key, v text); create table truncated (id int primary key, v text);
         insert into updated values (1, 'a'); insert into deleted values (1, 'a')",
    );
    world.capture("public\\..*", &[("snapshot.mode", "no_data")]);
    world.mirror(&[]);
    world.source("update updated set v = 'b'; delete from deleted; truncate truncated");
    world.await_same(&["updated", "deleted", "truncated"]);
    // A table that is new while everything runs, also with a type that is new.
    world.source(
        "create table late (id int primary key, m mood, v varchar(3), n numeric(4,2)); insert into late values (1, 'sad', 'abc', 1.10)",
    );
    world.await_same(&["late"]);
    let steps = [
        "insert into late values (2, 'happy', 'x', 2)",
        "alter table late add at timestamptz default '2024-02-29 00:00+00', add tags text[]; update late set tags = '{a}' where id = 1",
        "insert into late (id) values (4)",
    ];
    for statements in steps {
        // Between two changes of a table, events would have nulls for the columns of the second: Debezium reads the table's present shape.
        world.source(statements);
        world.await_same(&["late"]);
    }
    // A removed column stays with the values of old rows, and new rows have none.
    world.source("alter table late drop tags; insert into late (id, v) values (5, 'new'); update late set v = 'old' where id = 1");
    world.await_target("select string_agg(coalesce(tags::text, '-'), ' ' order by id) from late", "{a} - - -");
    // Rows that were given different values by the command itself are said to be stale.
    world.source("alter table late add number serial; insert into late (id, number) values (6, 600)");
    world.await_target("select number from late where id = 6", "600");
    assert_eq!(world.target("select stale_columns from orderstream_mirror.mirror_tables where source_table = 'late'"), "{number}");
}

#[test]
fn what_does_not_only_add_something_waits_until_an_operator_has_decided_and_other_tables_go_on() {
    let mut world = World::new("m_waits");
    world.source(
        "create table renamed (id int primary key, v text); create table gone (id int primary key, v text);
         create table others (id int primary key, v text); insert into renamed values (1, 'a'); insert into gone values (1, 'a');
         insert into others values (1, 'a')",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["renamed", "gone", "others"]);
    world.source("alter table renamed rename v to w; insert into renamed values (2, 'b'); insert into others values (2, 'goes on')");
    world.await_reason(mirror, r#"renamed column "v" to "w""#);
    world.await_same(&["others"]);
    world.target("alter table renamed rename v to w");
    world.await_same(&["renamed"]);
    // The target's table is dropped.
    world.target("drop table gone");
    world.source("insert into gone values (2, 'b')");
    world.await_reason(mirror, "is not in the target any more");
    world.target("create table gone (id int primary key, v text)");
    world.await_target(&rows("gone"), "1|(2,b)");
    assert_eq!(world.target(LETTERS), "0|");
}

#[test]
fn a_key_that_an_operator_has_changed_as_the_source_has_is_the_key_from_then_on() {
    let mut world = World::new("m_rekeyed");
    world.source("create table people (id int primary key, v text); insert into people values (1, 'a'), (2, 'a')");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    world.source(
        "alter table people drop constraint people_pkey, add primary key (id, v), add more text; insert into people values (1, 'b', 'm')",
    );
    world.await_reason(mirror, "the key is");
    world.target("alter table people drop constraint people_pkey, add primary key (id, v)");
    world.await_same(&["people"]);
    world.source(
        "delete from people where id = 1 and v = 'a'; update people set v = 'c' where id = 2; update people set more = 'n' where v = 'b'",
    );
    world.await_same(&["people"]);
}

#[test]
fn a_value_that_needs_the_sources_wider_type_widens_the_targets_and_is_no_dead_letter() {
    let mut world = World::new("m_widens");
    world.source(
        "create type mood as enum ('sad', 'happy');
        create table people (id int primary key, v varchar(3), n numeric(4,2), m mood); insert into people values (1, 'abc', 1.10, 'sad')",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[]);
    world.await_same(&["people"]);
    world.source(
        "alter table people alter v type varchar(10), alter n type numeric(8,2);
        insert into people values (2, 'abcdefghij', 1, null), (3, '', 123456.78, 'sad')",
    );
    world.await_same(&["people"]);
    // A label of an enumeration that is new in the source.
    world.source(
        "alter type mood add value 'so so' after 'sad'; insert into people values (4, '', 1, 'so so');
        update people set m = 'so so' where id = 1",
    );
    world.await_same(&["people"]);
    let types = "select string_agg(format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_attribute where attrelid = 'people'::regclass and attnum > 0";
    assert_eq!(world.target(types), world.source(types));
}

#[test]
fn a_value_with_more_digits_than_the_targets_type_has_widens_it_and_is_not_rounded() {
    let mut world = World::new("m_rounds");
    world.source(
        "create table people (id int primary key, at timestamp(0), t time(0), n numeric(6,2));
        insert into people values (1, '2024-02-29', '12:00', 1.10)",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    world.source(
        "alter table people alter at type timestamp(3), alter t type time(6);
        insert into people values (2, '2024-02-29 00:00:00.123', '12:00:00.123456', 1)",
    );
    world.await_same(&["people"]);
    // Another scale is a change that an operator makes, because Postgres writes every row again.
    world.source("alter table people alter n type numeric(8,4); insert into people values (3, null, null, 1.2345)");
    world.await_reason(mirror, r#"column "n""#);
    world.target("alter table people alter n type numeric(8,4)");
    world.await_same(&["people"]);
}

#[test]
fn a_column_that_is_renamed_twice_waits_twice() {
    let mut world = World::new("m_renamed");
    world.source("create table people (id int primary key, v text); insert into people values (1, 'a')");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    for (was, is) in [("v", "w"), ("w", "x")] {
        world.source(&format!("alter table people rename {was} to {is}; insert into people select max(id) + 1, 'b' from people"));
        world.await_reason(mirror, &format!(r#"renamed column "{was}" to "{is}""#));
        world.target(&format!("alter table people rename {was} to {is}"));
        world.await_same(&["people"]);
    }
    world.await_target("select count(*) from orderstream_mirror.mirror_tables where waits is not null", "0");
}

#[test]
fn a_value_that_does_not_fit_the_type_that_an_operator_has_to_widen_waits_for_the_operator() {
    let mut world = World::new("m_waits_wider");
    world.source(
        "create table people (id int primary key, n int); insert into people values (1, 1); create table others (id int primary key)",
    );
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    world.source("alter table people alter n type bigint; insert into people values (2, 5000000000); insert into others values (1)");
    world.await_reason(mirror, r#"column "n" is of type bigint in the source and integer"#);
    world.await_same(&["others"]);
    world.target("alter table people alter n type bigint");
    world.await_same(&["people"]);
}

#[test]
fn why_a_table_waits_is_written_down_while_it_waits_and_no_longer() {
    let mut world = World::new("m_waits_no_more");
    world.source("create table people (id int primary key, v text); insert into people values (1, 'a')");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[]);
    world.await_same(&["people"]);
    world.source("alter table people rename v to w; insert into people values (2, 'b')");
    world.await_target("select count(*) from orderstream_mirror.mirror_tables where waits like '%renamed%'", "1");
    world.target("alter table people rename v to w");
    world.await_same(&["people"]);
    world.await_target("select count(*) from orderstream_mirror.mirror_tables where waits is not null", "0");
}

#[test]
fn a_table_that_was_dropped_and_made_anew_waits_instead_of_mixing_two_tables() {
    let mut world = World::new("m_anew");
    world.source("create table people (id int primary key, name text, age int); insert into people values (1, 'Ann', 1), (2, 'Bob', 2)");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    world.source(
        "drop table people; create table people (name text, id int primary key, born date);
        insert into people values ('Cid', 3, '2000-01-01')",
    );
    // No event tells of the rows that went with the old table.
    world.await_reason(mirror, "people");
    assert_eq!(world.target("select count(*) from people"), "2");
}

#[test]
fn with_the_policy_wait_a_new_column_waits_too() {
    let mut world = World::new("m_policy");
    world.source("create table people (id int primary key); insert into people values (1)");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[("MIRROR_EVOLUTION", "wait")]);
    world.await_same(&["people"]);
    world.source("alter table people add name text; insert into people values (2, 'Bob')");
    world.await_reason(mirror, r#"column "name" is new in the source"#);
    assert_eq!(world.target(&columns("people")), "id");
    world.target("alter table people add name text");
    world.await_same(&["people"]);
}

#[test]
fn without_the_sources_catalog_tables_are_written_as_they_are_and_one_that_is_not_there_waits() {
    let mut world = World::new("m_no_source");
    let people = Topic::new(&world, "m_no_source", "people", 1);
    let missing = Topic::new(&world, "m_no_source", "missing", 1);
    world.target("create table people (id bigint primary key, name varchar(20), price numeric(10,2), at timestamptz, own int default 5)");
    let key = |id: i32| json!({ "id": id });
    let whole = |id: i32| json!({ "id": id, "name": "Ann", "price": "1.10", "at": "2024-02-29T00:00:00Z" });
    let sent: [Sent; 3] = [people.create(&key(1), &whole(1)), people.create(&key(2), &whole(2)), people.delete(&key(2))];
    people.send(&sent);
    missing.send(&[missing.create(&key(1), &json!({ "id": 1 }))]);
    let mirror = world.mirror(&[("MIRROR_SOURCE_URL", "")]);
    people.await_fates(&world, 3);
    assert_eq!(world.target("select id, name, price, own from people"), "1|Ann|1.10|5");
    world.await_reason(mirror, "missing");
    world.target("create table missing (id int primary key)");
    missing.await_fates(&world, 1);
}

#[test]
fn without_the_sources_catalog_a_table_waits_for_a_column_that_it_does_not_have() {
    let mut world = World::new("m_no_column");
    let people = Topic::new(&world, "m_no_column", "people", 1);
    world.target("create table people (id bigint primary key, name varchar(20), price numeric(10,2), at timestamptz)");
    let mirror = world.mirror(&[("MIRROR_SOURCE_URL", "")]);
    let key = |id: i32| json!({ "id": id });
    people.send(&[people.create(&key(3), &json!({ "id": 3, "name": "Cid", "price": "3", "at": null, "note": "n" }))]);
    world.await_reason(mirror, "note");
    world.target("alter table people add note text");
    people.await_fates(&world, 1);
    assert_eq!(world.target("select id, name, note from people where id = 3"), "3|Cid|n");
}

#[test]
fn a_new_label_is_followed_together_with_a_column_whose_default_it_is() {
    let mut world = World::new("m_labels");
    world
        .source("create type mood as enum ('sad'); create table people (id int primary key, m mood); insert into people values (1, 'sad')");
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&["people"]);
    world.source(
        "alter type mood add value 'calm'; alter table people add now mood not null default 'calm'; insert into people values (2, 'calm')",
    );
    world.await_same(&["people"]);
    let first = "select split_part(sql, ' add', 1) from orderstream_mirror.mirror_ddl where sql like '%calm%' order by id limit 1";
    assert_eq!(world.target(first), r#"alter type "public"."mood""#);
}

#[test]
fn a_type_that_changes_while_the_source_is_away_is_told_and_the_rows_go_on() {
    let mut world = World::new("m_away");
    world.source("create table people (id int primary key, v text)");
    let people = Topic::new(&world, "m_away", "people", 1);
    let process = world.mirror(&[]);
    people.send(&[people.create(&json!({"id": 1}), &json!({"id": 1, "v": "a"}))]);
    world.await_target(&rows("people"), "1|(1,a)");
    world.stack().psql("alter database m_away_src allow_connections false").unwrap();
    world.stack().psql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'm_away_src'").unwrap();
    world.await_that("/health says that the catalog cannot be read", || {
        let said = world.get(process, "/health");
        if said.contains("mirror.source_url") { Ok(()) } else { Err(said) }
    });
    assert_eq!(world.get(process, "/readyz"), "ok\n");
    people.send(&[people.create(&json!({"id": 2}), &json!({"id": 2, "v": "b"}))]);
    world.await_target(&rows("people"), "2|(1,a) (2,b)");
    world.stack().psql("alter database m_away_src allow_connections true").unwrap();
    world.await_that("/health has nothing to say", || {
        let said = world.get(process, "/health");
        if said.contains("mirror.source_url") { Err(said) } else { Ok(()) }
    });
}

#[test]
fn a_table_whose_events_come_in_another_topic_waits_until_the_epoch_is_raised() {
    let mut world = World::new("m_prefix");
    world.source("create table people (id int primary key, v text)");
    let before = Topic::new(&world, "m_prefix", "people", 1);
    let after = Topic::new(&world, "m_prefix.anew", "people", 1);
    let first = world.mirror(&[]);
    let row = |id: i64, v: &str| (json!({ "id": id }), json!({ "id": id, "v": v }));
    let put = |topic: &Topic, id: i64, v: &str| {
        let (key, row) = row(id, v);
        topic.send(&[topic.create(&key, &row)]);
    };
    put(&before, 1, "a");
    put(&before, 1, "b");
    world.await_target(&rows("people"), "1|(1,b)");
    put(&after, 1, "anew");
    world.await_reason(first, "offsets of two topics cannot be compared");
    // The table's own topic goes on.
    put(&before, 2, "c");
    world.await_target(&rows("people"), "2|(1,b) (2,c)");
    world.process(first).kill();
    // The operator does what the message says.
    world.mirror(&[("MIRROR_TOPICS", "^m_prefix\\.anew\\..*"), ("SOURCE_EPOCH", "1")]);
    world.await_target(&rows("people"), "2|(1,anew) (2,c)");
}
