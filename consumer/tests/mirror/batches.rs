//! What one batch may hold: one key many times, rows of different shapes, rows that the target refuses, several tables, values that swap.

use serde_json::json;

use crate::records::{LETTERS, Topic, in_partition, rows};
use crate::topic::Sent;
use crate::world::World;

#[test]
fn a_key_many_times_in_a_batch_ends_as_its_last_change_and_each_record_is_counted() {
    let mut world = World::new("m_batches");
    world.source("create table people (id int primary key, name text); create table numbers (id numeric primary key, name text)");
    let (people, numbers) = (Topic::new(&world, "m_batches", "people", 1), Topic::new(&world, "m_batches", "numbers", 1));
    let id = |id: i32| json!({ "id": id });
    let row = |id: i32, name: &str| json!({ "id": id, "name": name });
    let null = json!(null);
    let mut sent: Vec<Sent> = Vec::new();
    for round in 0..50 {
        let name = format!("round {round}");
        sent.extend(
            (1..=20).map(|at| if round == 0 { people.create(&id(at), &row(at, &name)) } else { people.update(&id(at), &row(at, &name)) }),
        );
    }
    sent.extend((1..=10).map(|at| people.delete(&id(at))));
    // A snapshot's row stands above the changes that come behind it, whatever its place in the log.
    sent.push(people.event_at(9_000, "r", &id(30), &null, &row(30, "read")));
    sent.push(people.event_at(2_000, "u", &id(30), &null, &row(30, "open while the snapshot ran")));
    // Sent again, at the place that it had.
    sent.push(people.event_at(2_000, "u", &id(30), &null, &row(30, "open while the snapshot ran")));
    people.send(&sent);
    // The same row under two texts.
    let number = |id: &str, name: &str| numbers.update(&json!({ "id": id }), &json!({ "id": id, "name": name }));
    let records = [
        number("1.1", "a"),
        number("1.10", "b"),
        number("2", "c"),
        number("1.100", "d"),
        number("2.0", "e"),
        numbers.delete(&json!({ "id": "2.00" })),
    ];
    numbers.send(&records);
    world.mirror(&[]);
    let fates = people.await_fates(&world, sent.len());
    assert_eq!(fates, format!("{}|1|0|0", sent.len() - 1));
    assert_eq!(world.target("select count(*), min(id), max(name) from people where id <= 20"), "10|11|round 49");
    assert_eq!(world.target("select name from people where id = 30"), "open while the snapshot ran");
    numbers.await_fates(&world, records.len());
    assert_eq!(world.target(&rows("numbers")), "1|(1.100,d)");
}

#[test]
fn rows_of_different_shapes_and_rows_that_are_refused_share_a_batch_with_those_that_are_written() {
    let mut world = World::new("m_mixed");
    world.source("create table people (id int primary key, name varchar(5), age int, born date)");
    let people = Topic::new(&world, "m_mixed", "people", 1);
    let key = |id: i32| json!({ "id": id });
    let sent = [
        people.create(&key(1), &json!({ "id": 1, "name": "Ann", "age": 1, "born": 0 })),
        people.create(&key(2), &json!({ "id": 2, "name": null, "age": null, "born": null })),
        // The events are of another shape, from before a column was there or from after it was dropped.
        people.create(&key(1), &json!({ "id": 13, "name": "Lea", "age": null })),
        people.create(&key(3), &json!({ "born": 1, "id": 3 })),
        // Too long; not a number; no row; no JSON; no key. Postgres is the judge of the first.
        people.create(&key(4), &json!({ "id": 4, "name": "Maximilian", "age": 4, "born": 0 })),
        people.create(&key(5), &json!({ "id": 5, "name": "Eve", "age": "young", "born": 0 })),
        people.create(&key(6), &json!(null)),
        Sent { value: Some(b"{".to_vec()), ..people.delete(&key(7)) },
        people.create(&key(8), &json!({ "id": null, "name": "x", "age": 4, "born": 0 })),
        // The last change of a row is refused: the change before it stays.
        people.create(&key(9), &json!({ "id": 9, "name": "Ina", "age": 9, "born": 0 })),
        people.update(&key(9), &json!({ "id": 9, "name": "Wilhelmina", "age": 10, "born": 0 })),
        people.create(&key(10), &json!({ "id": 10, "name": "Jo", "age": 9_999_999_999_i64, "born": 0 })),
        people.create(&key(11), &json!({ "id": 11, "name": "nul\u{0}", "age": 1, "born": 0 })),
        people.create(&key(12), &json!({ "id": 12, "name": "Kim", "age": 12, "born": -1 })),
    ];
    people.send(&sent);
    world.mirror(&[]);
    people.await_fates(&world, sent.len());
    assert_eq!(
        world.target(&rows("people")),
        "6|(1,Ann,1,1970-01-01) (12,Kim,12,1969-12-31) (13,Lea,,) (2,,,) (3,,,1970-01-02) (9,Ina,9,1970-01-01)"
    );
    let letters = "select string_agg(\"offset\" || ' ' || reason, ', ' order by \"offset\") from orderstream_mirror.dead_letters";
    let expected = "4 rejected_by_database, 5 invalid, 6 malformed, 7 malformed, 8 invalid, 10 rejected_by_database, \
                    11 rejected_by_database, 12 invalid";
    assert_eq!(world.target(letters), expected);
    let messages = world.target("select string_agg(message, ' ') from orderstream_mirror.dead_letters");
    for value in ["Maximilian", "young", "Wilhelmina", "9999999999"] {
        assert!(!messages.contains(value), "{messages}");
    }
}

#[test]
fn a_row_keeps_the_value_of_a_column_that_its_later_events_do_not_have_in_one_batch_and_in_two() {
    let mut world = World::new("m_absent");
    world.source("create table people (id int primary key, name text, born date)");
    let people = Topic::new(&world, "m_absent", "people", 1);
    let key = |id: i32| json!({ "id": id });
    let whole = |id: i32| people.create(&key(id), &json!({ "id": id, "name": "x", "born": 0 }));
    let part = |id: i32| people.update(&key(id), &json!({ "id": id, "name": "y" }));
    people.send(&[whole(1), part(1), whole(2)]);
    world.mirror(&[]);
    people.await_fates(&world, 3);
    people.send(&[part(2)]);
    people.await_fates(&world, 4);
    assert_eq!(world.target(&rows("people")), "2|(1,y,1970-01-01) (2,y,1970-01-01)");
}

#[test]
fn values_that_swap_under_a_unique_index_are_written_together() {
    let mut world = World::new("m_swap");
    world.source("create table seats (id int primary key, code text unique)");
    world.target("create table seats (id int primary key, code text unique)");
    let seats = Topic::new(&world, "m_swap", "seats", 1);
    let put = |id: i32, code: &str| seats.update(&json!({ "id": id }), &json!({ "id": id, "code": code }));
    let sent = [put(1, "a"), put(2, "b"), put(3, "c"), put(4, "d"), put(5, "e")];
    seats.send(&sent);
    world.mirror(&[("MIRROR_CONSTRAINTS", "trust")]);
    seats.await_fates(&world, 5);
    // One swap, one ring of three, and a value that is free only because its row is deleted in the same batch.
    let swaps = [put(1, "b"), put(2, "a"), put(3, "d"), put(4, "x"), put(4, "c"), seats.delete(&json!({ "id": 5 })), put(6, "e")];
    seats.send(&swaps);
    seats.await_fates(&world, 12);
    assert_eq!((world.target(&rows("seats")), world.target(LETTERS)), ("5|(1,b) (2,a) (3,d) (4,c) (6,e)".to_owned(), "0|".to_owned()));
}

#[test]
fn a_value_that_another_partition_is_about_to_free_is_waited_for() {
    let mut world = World::new("m_swap_apart");
    world.source("create table seats (id int primary key, code text unique)");
    world.target("create table seats (id int primary key, code text unique)");
    let seats = Topic::new(&world, "m_swap_apart", "seats", 2);
    let put = |id: i32, code: &str| seats.update(&json!({ "id": id }), &json!({ "id": id, "code": code }));
    seats.send(&[put(1, "a"), in_partition(1, put(2, "b"))]);
    world.mirror(&[("MIRROR_CONSTRAINTS", "trust")]);
    seats.await_fates(&world, 2);
    let (free, take) = (put(1, "x"), in_partition(1, put(2, "a")));
    seats.send(&[take]);
    world.await_reason(0, "seats");
    seats.send(&[free]);
    seats.await_fates(&world, 4);
    assert_eq!((world.target(&rows("seats")), world.target(LETTERS)), ("2|(1,x) (2,a)".to_owned(), "0|".to_owned()));
}

#[test]
fn many_tables_of_one_process_are_equal_with_small_batches_too() {
    let mut world = World::new("m_many");
    let tables: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let make = |table: &String| {
        format!("create table {table} (id int primary key, v text); insert into {table} select g, g from generate_series(1, 50) g;")
    };
    world.source(&tables.iter().map(make).collect::<String>());
    world.capture("public\\..*", &[]);
    world.mirror(&[("BATCH_MAX_RECORDS", "7")]);
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    world.await_same(&names);
    // One transaction over all tables.
    let change = |table: &String| {
        format!(
            "update {table} set v = v || 'x' where id % 2 = 0; delete from {table} where id % 5 = 0;
                update {table} set id = -id where id % 7 = 0;"
        )
    };
    world.source(&format!("begin; {} commit", tables.iter().map(change).collect::<String>()));
    world.await_same(&names);
}
