//! Rows that are deleted: there or not, by an event or by what compaction leaves of it, one by one or by a truncate.

use serde_json::json;

use crate::records::{LETTERS, Topic, in_partition, rows, tombstone};
use crate::world::World;

#[test]
fn a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete() {
    let mut world = World::new("m_deletes");
    world.source("create table people (id int primary key, name text); create table pairs (a int, b text, note text, primary key (b, a))");
    let people = Topic::new(&world, "m_deletes", "people", 2);
    let id = |id: i32| json!({ "id": id });
    let row = |id: i32, name: &str| json!({ "id": id, "name": name });
    let records = [
        // The first event of a table may be a delete; a tombstone of a table that was never met is nothing.
        tombstone(&id(77)),
        people.delete(&id(9)),
        tombstone(&id(9)),
        people.create(&id(1), &row(1, "Ann")),
        people.create(&id(2), &row(2, "Bob")),
        people.create(&id(3), &row(3, "Cid")),
        // There.
        people.delete(&id(2)),
        tombstone(&id(2)),
        // Compaction has left only the tombstone, of a row that is there and of one that is not.
        tombstone(&id(3)),
        tombstone(&id(8)),
        // An update, then a delete, of one batch.
        people.update(&id(1), &row(1, "Anna")),
        people.delete(&id(1)),
        tombstone(&id(1)),
        // Made, deleted, made again.
        people.create(&id(4), &row(4, "Dan")),
        people.delete(&id(4)),
        tombstone(&id(4)),
        people.create(&id(4), &row(4, "Dana")),
        // Made behind a delete, and behind a tombstone alone.
        people.delete(&id(5)),
        people.create(&id(5), &row(5, "Eve")),
        tombstone(&id(6)),
        people.create(&id(6), &row(6, "Fay")),
    ];
    people.send(&records);
    let pairs = Topic::new(&world, "m_deletes", "pairs", 1);
    let key = |a: i32, b: &str| json!({ "a": a, "b": b });
    let pair = |a: i32, b: &str| pairs.create(&json!({ "b": b, "a": a }), &json!({ "a": a, "b": b, "note": "n" }));
    let with_schema = json!({ "schema": { "type": "struct", "fields": [], "optional": false }, "payload": key(4, "x") });
    let more_than_the_key = json!({ "note": "n", "a": 5, "b": "x" });
    let sent = [
        [pair(1, "x"), pair(2, "x"), pair(3, "x"), pair(4, "x"), pair(5, "x"), pair(6, "x"), pair(7, "x"), pair(1, "y")],
        [
            pairs.delete(&key(1, "x")),
            pairs.delete(&json!({ "b": "x", "a": 2 })),
            tombstone(&key(3, "x")),
            pairs.delete(&with_schema),
            tombstone(&more_than_the_key),
            // Without a key, the row before the event tells which one is gone.
            pairs.event("d", &json!(null), &json!({ "a": 6, "b": "x", "note": "n" }), &json!(null)),
            // A part of the key names no row.
            pairs.delete(&json!({ "a": 7 })),
            pairs.delete(&json!({ "nothing": 7 })),
        ],
    ];
    pairs.send(&sent.concat());
    world.mirror(&[]);
    let fates = people.await_fates(&world, records.len());
    assert!(fates.ends_with("|0"), "{fates}");
    assert_eq!(world.target(&rows("people")), "3|(4,Dana) (5,Eve) (6,Fay)");
    pairs.await_fates(&world, 16);
    assert_eq!(world.target(&rows("pairs")), "2|(1,y,n) (7,x,n)");
    assert_eq!(world.target(LETTERS), "2|pairs invalid, pairs invalid");

    // From another partition come events that are older than what is stored: none of them counts.
    let null = json!(null);
    let older = [
        people.event_at(1_005, "u", &id(9), &null, &row(9, "older than its delete")),
        people.event_at(1_005, "d", &id(4), &null, &null),
        people.event_at(1_005, "u", &id(5), &null, &row(5, "older than its insert")),
    ];
    people.send(&older.map(|record| in_partition(1, record)));
    let fates = people.await_fates(&world, records.len() + 3);
    assert_eq!(world.target(&rows("people")), "3|(4,Dana) (5,Eve) (6,Fay)", "{fates}");
}

#[test]
fn deletes_and_truncates_of_the_source_are_followed_for_every_replica_identity() {
    let mut world = World::new("m_emptied");
    world.source(
        "create table of_key (id int primary key, v text not null);
         create table of_row (id int primary key, v text not null); alter table of_row replica identity full;
         create table of_index (id int primary key, code text not null, v text not null, unique (code, id));
         alter table of_index replica identity using index of_index_code_id_key;
         create table child (id int primary key, parent int references of_key on delete cascade);
         create table part (id int, v text, primary key (id)) partition by range (id);
         create table part_low partition of part for values from (0) to (100);
         create table part_high partition of part for values from (100) to (200);
         insert into of_key select g, g from generate_series(1, 20) g; insert into of_row select * from of_key;
         insert into of_index select g, 'c' || g, g from generate_series(1, 20) g;
         insert into child select g, g from generate_series(1, 20) g;
         insert into part select g, g from generate_series(90, 110) g",
    );
    let tables = ["of_key", "of_row", "of_index", "child", "part"];
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&tables);
    // Some, then all and the same again in one transaction, also across partitions of a table.
    world.source(
        "delete from of_key where id <= 5; delete from of_row where id <= 5; delete from of_index where id <= 5;
         begin; delete from of_key; insert into of_key values (7, 'seven'), (21, 'new'); delete from of_row;
         insert into of_row values (7, 'seven');
         delete from of_index; insert into of_index values (7, 'c8', 'another code'), (8, 'c7', ''); commit;
         insert into child values (30, 7); update part set id = id + 20 where id between 95 and 99; delete from part where id = 110;
         update of_row set v = 'x'",
    );
    world.await_same(&tables);
    // Rows behind a truncate, in the same transaction and in a later one; truncates of several tables at once, twice.
    world.source(
        "begin; insert into of_key values (40, 'before'); truncate of_key, child; insert into of_key values (40, 'after'), (7, 'again');
            commit;
         truncate of_row; truncate of_row; insert into of_row values (7, 'again'); truncate part;
         insert into part values (99, 'new'), (100, 'new');
         truncate of_index; insert into child values (1, 40)",
    );
    world.await_same(&tables);
    world.source("delete from of_key; truncate part; delete from of_row");
    world.await_same(&tables);
}
