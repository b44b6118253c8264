//! The scenarios of the integration tests of Debezium's JDBC sink, in our words, each with the test that holds it here. Where the end is another one
//! than the sink's, the row says why.

use std::collections::BTreeSet;

use serde_json::json;

use crate::records::{LETTERS, Topic, rows};
use crate::world::World;

/// What the sink's tests show, and the test of ours.
const SCENARIOS: &[(&str, &str)] = &[
    // Deletes. They are always on, so that there is no scenario of deletes that are off.
    (
        "a delete removes its row, by the record's key",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    (
        "a delete by a part of the key: a dead letter, because a part names no row",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    (
        "a delete whose record has no key finds its row by the row before",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    (
        "a delete of a row that is not there, also as the first event of a table",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    (
        "a tombstone alone is a delete",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    ("a tombstone of a table without a key is nothing", "a_delete_removes_one_of_two_equal_rows_and_the_tombstone_behind_it_is_nothing"),
    (
        "an update and a delete of one row in one batch",
        "a_delete_has_its_right_end_whether_the_row_is_absent_there_or_gone_and_a_tombstone_alone_is_a_delete",
    ),
    (
        "a truncate empties the table, and rows made behind it stay",
        "deletes_and_truncates_of_the_source_are_followed_for_every_replica_identity",
    ),
    // Ways to insert. There is one, what the sink calls upsert.
    ("rows of a table without a key are added, equal ones too", "a_table_without_a_key_gets_every_row_that_is_added_equal_ones_too"),
    ("a row that is sent again is written over and not refused", "what_connect_sends_again_after_it_was_killed_changes_nothing"),
    (
        "an update of a row that is not there makes it",
        "a_table_is_made_by_the_first_event_whatever_it_is_and_its_columns_follow_while_it_is_written",
    ),
    ("a null is a null, also where the column has a default", "generated_columns_are_computed_and_defaults_are_never_used"),
    (
        "rows of one batch that bind other columns",
        "rows_of_different_shapes_and_rows_that_are_refused_share_a_batch_with_those_that_are_written",
    ),
    ("names in capital letters; they always keep them", "names_that_need_quotes_and_names_of_fields_of_an_event_are_only_names"),
    ("infinite times, alone and in a batch with others", "every_type_is_equal_as_a_snapshot_and_streamed"),
    ("the same with schemas in the events", "every_type_is_equal_as_a_snapshot_and_streamed_with_schemas_in_the_events"),
    // Keys. They come from the catalog or from the record; a key of Kafka's own coordinates or of a header there is none.
    ("a key of one column and of several, from the record", "keys_of_several_columns_and_keys_that_change_are_followed"),
    ("a key out of the record where no catalog is read", "a_table_is_made_from_the_schemas_of_its_events_and_follows_what_they_add"),
    (
        "records under another key than the table's find their rows; a change of the primary key is a dead letter there: docs/mirror.md",
        "records_under_another_key_than_the_primary_key_are_found_by_the_primary_key",
    ),
    ("no key", "a_table_without_a_key_gets_every_row_that_is_added_equal_ones_too"),
    // Changes of tables.
    (
        "without leave to make tables one that is not there waits, whatever its first event is",
        "without_the_sources_catalog_tables_are_written_as_they_are_and_one_that_is_not_there_waits",
    ),
    (
        "a table is made by a create, an update or a delete",
        "a_table_is_made_by_the_first_event_whatever_it_is_and_its_columns_follow_while_it_is_written",
    ),
    ("a new column is added", "an_added_column_appears_with_the_constant_that_old_rows_have"),
    ("a removed column stays", "a_table_is_made_by_the_first_event_whatever_it_is_and_its_columns_follow_while_it_is_written"),
    (
        "types out of the schema; no default and no not null beside the key, where the sink makes both",
        "a_table_is_made_from_the_schemas_of_its_events_and_follows_what_they_add",
    ),
    (
        "a type becomes another one: the table waits, where the sink goes on with the old one",
        "a_table_is_made_from_the_schemas_of_its_events_and_follows_what_they_add",
    ),
    // Batches.
    (
        "a key many times in a batch is its last change, with arrays of rows too",
        "a_key_many_times_in_a_batch_ends_as_its_last_change_and_each_record_is_counted",
    ),
    ("equal and other rows without a key are all kept", "a_table_without_a_key_gets_every_row_that_is_added_equal_ones_too"),
    ("keys of several tables over many small batches", "many_tables_of_one_process_are_equal_with_small_batches_too"),
    // Columns of Postgres.
    ("a key that is always an identity, also behind other columns", "identity_columns_that_are_always_generated_have_the_sources_values"),
    ("texts become what the target's columns are", "texts_become_the_types_that_the_columns_of_the_target_have"),
    ("geometric types, arrays and hstore with all that needs quotes", "every_type_is_equal_as_a_snapshot_and_streamed"),
    ("columns that are chosen or left out", "columns_that_are_excluded_are_neither_made_nor_written"),
];

#[test]
fn each_scenario_of_the_jdbc_sink_has_a_test_that_is_there() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mirror");
    let sources = std::fs::read_dir(here).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let tests: BTreeSet<String> = sources
        .flat_map(|text| {
            text.split("#[test]")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once("fn ")?.1.split('(').next()?.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<&str> = SCENARIOS.iter().map(|(_, test)| *test).filter(|test| !tests.contains(*test)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn texts_become_the_types_that_the_columns_of_the_target_have() {
    let mut world = World::new("m_coerced");
    let all = Topic::new(&world, "m_coerced", "people", 1);
    world.target(
        "create type mood as enum ('sad', 'it''s \"ok\"'); create extension hstore;
         create table people (id int primary key, u uuid, j json, jb jsonb, m macaddr8, e mood, i inet[], h hstore, n numeric(5,2)[], t text[])",
    );
    let key = |id: i32| json!({ "id": id });
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let sent = [
        all.create(
            &key(1),
            &json!({ "id": 1, "u": uuid, "j": "{\"b\": 1, \"a\": 2}", "jb": "{\"b\":1,\"a\":2}", "m": "08:00:2b:01:02:03:04:05", "e": "it's \"ok\"",
                "i": ["10.0.0.1", null], "h": "{\"a\\\"b\": \"c\\\\d\", \"n\": null}", "n": ["1.5", null], "t": ["a,b", "", null, "NULL", "\"\\"] }),
        ),
        all.create(&key(2), &json!({ "id": 2, "u": null, "j": null, "jb": null, "m": null, "e": null, "i": [], "h": null, "n": null, "t": [] })),
        // A text that is none of the type's values.
        all.create(&key(3), &json!({ "id": 3, "e": "happy" })),
    ];
    all.send(&sent);
    world.mirror(&[("MIRROR_SOURCE_URL", "")]);
    all.await_fates(&world, 3);
    assert_eq!(world.target(LETTERS), "1|people rejected_by_database");
    let same = format!(
        "select u = '{uuid}' and j::text = '{{\"b\": 1, \"a\": 2}}' and jb = '{{\"a\": 2, \"b\": 1}}' and m = '08:00:2b:01:02:03:04:05' and e = 'it''s \"ok\"'
             and i = array['10.0.0.1', null]::inet[] and h = hstore(array['a\"b', 'c\\d', 'n', null]) and n::text = '{{1.50,NULL}}'
             and t = array['a,b', '', null, 'NULL', '\"\\'] from people where id = 1"
    );
    assert_eq!(world.target(&same), "t");
    assert_eq!(world.target(&rows("(select * from people where id = 2)")), "1|(2,,,,,,{},,,{})");
}
