//! Values that are stored out of line, which events leave out when they have not changed.

use crate::records::LETTERS;
use crate::world::World;

const TABLES: [&str; 3] = ["of_key", "of_row", "of_index"];

/// Statements for each of the tables.
fn each(statements: &str) -> String {
    TABLES.iter().map(|table| statements.replace("TABLE", table)).collect()
}

fn create() -> String {
    each(
        "create table TABLE (id int primary key, code text not null, n int, t text, j jsonb, b bytea, a text[], h hstore, k int[],
            unique (id, code));
         alter table TABLE alter t set storage external, alter b set storage external, alter j set storage external,
         alter a set storage external, alter h set storage external, alter k set storage external;",
    ) + "alter table of_row replica identity full; alter table of_index replica identity using index of_index_id_code_key;"
}

fn insert(ids: &str) -> String {
    let big = "repeat('x', 9000)";
    each(&format!(
        "insert into TABLE select g, 'c' || g, 0, g || {big}, jsonb_build_object('k', g || {big}), (g || {big})::bytea,
            array[g || {big}, null], hstore('k', g || {big}), array(select generate_series(1, 5000)) from unnest(array[{ids}]) g;"
    ))
}

#[test]
fn an_unchanged_value_that_is_stored_out_of_line_stays_as_it_is() {
    let mut world = World::new("m_toast");
    world.source(&format!("create extension hstore; {} {}", create(), insert("1,2,3,4")));
    world.target("create extension hstore");
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&TABLES);
    let others = "update TABLE set n = n + 1; update TABLE set t = null where id = 1; update TABLE set n = 7 where id = 1;
        update TABLE set j = '{}', a = '{}' where id = 2;
        update TABLE set n = 8 where id = 2; begin; update TABLE set n = 9 where id = 3;
        update TABLE set t = repeat('y', 9000) where id = 3; update TABLE set n = 10 where id = 3; commit;";
    world.source(&each(others));
    world.await_same(&TABLES);
    // A row that is made and changed in one batch; a value that reads as the one that stands for a value left out.
    let placeholder = "insert into TABLE values (9, 'c9', 0, '__debezium_unavailable_value', '\"__debezium_unavailable_value\"',
        '__debezium_unavailable_value', '{__debezium_unavailable_value}', 'k=>v', '{1}');";
    world.source(&format!("begin; {} {} commit; {}", insert("5"), each("update TABLE set n = 1 where id = 5;"), each(placeholder)));
    world.await_same(&TABLES);
}

#[test]
fn a_row_whose_key_changes_keeps_its_values_that_are_stored_out_of_line_where_the_source_sends_the_row_before() {
    let mut world = World::new("m_toast_keys");
    world.source(&format!("create extension hstore; {} {}", create(), insert("1,2")));
    world.target("create extension hstore");
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&TABLES);
    world.source("update of_row set id = id + 10; update of_row set id = id + 10, n = 5");
    world.await_same(&TABLES);
}

#[test]
fn a_row_whose_key_changes_is_never_written_with_the_word_for_a_value_left_out() {
    let mut world = World::new("m_toast_word");
    world.source(
        "create table notes (id int primary key, t text); alter table notes alter t set storage external;
        insert into notes select g, g || repeat('x', 9000) from generate_series(1, 6) g",
    );
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&["notes"]);
    world.source("update notes set id = id + 10");
    // Each row has its value, or is a letter that says what to do.
    let told = "(select count(*) from orderstream_mirror.dead_letters where reason = 'unresolved_toast')";
    world.await_target(
        &format!(
            "select {told} + count(*) filter (where length(t) > 9000), count(*) filter (where length(t) < 9000) from notes where id > 10"
        ),
        "6|0",
    );
    world.await_target("select count(*) from notes where id <= 10", "0");
}

#[test]
fn a_value_left_out_of_a_row_that_is_not_there_is_a_letter_unless_the_source_sends_the_row_before() {
    let mut world = World::new("m_toast_absent");
    world.source(&format!("create extension hstore; {} {}", create(), insert("1")));
    world.target("create extension hstore");
    world.capture("public\\..*", &[("snapshot.mode", "no_data")]);
    world.mirror(&[]);
    world.source(&each("update TABLE set n = 1;"));
    world.await_target("select count(*) from orderstream_mirror.dead_letters where reason = 'unresolved_toast'", "2");
    let row = "select id, n, md5(t), md5(j::text), md5(b), md5(a::text), md5(h::text), md5(k::text) from of_row";
    world.await_target(row, &world.source(row));
    assert_eq!(world.target("select (select count(*) from of_key) + (select count(*) from of_index)"), "0");
    // A later event that has all values makes the row.
    world.source(&each("update TABLE set n = 2, t = 't', j = '{}', b = 'b', a = '{}', h = '', k = '{}';"));
    for table in TABLES {
        world.await_target(&format!("select n, t from {table}"), "2|t");
    }
}

#[test]
fn the_letter_of_a_value_left_out_names_its_table() {
    let mut world = World::new("m_toast_letter");
    world.source(
        "create table notes (id int primary key, n int, t text); alter table notes alter t set storage external;
            insert into notes values (1, 0, repeat('x', 9000))",
    );
    world.capture("public\\..*", &[("snapshot.mode", "no_data")]);
    world.mirror(&[]);
    world.source("update notes set n = 1");
    world.await_target(LETTERS, "1|notes unresolved_toast");
}
