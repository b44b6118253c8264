//! Tables that are made, changed, emptied and stopped.

use crate::world::World;

#[test]
fn a_table_is_made_and_follows_inserts_updates_deletes_and_a_truncate() {
    let mut world = World::new("m_follows");
    world.source("create table people (id int primary key, name varchar(20), paid numeric(10,2)); insert into people values (1, 'Ann', 1.10), (2, 'Bob', null)");
    world.capture("public\\.people", &[]);
    world.mirror(&[]);
    let all = "select string_agg(t::text, ' ' order by id) from people t";
    world.await_target(all, "(1,Ann,1.10) (2,Bob,)");
    world.source(
        "insert into people values (3, 'Eve', 0); update people set name = 'Bo', paid = 7 where id = 2; delete from people where id = 1",
    );
    world.await_target(all, "(2,Bo,7.00) (3,Eve,0.00)");
    world.source("update people set id = 20 where id = 2");
    world.await_target(all, "(3,Eve,0.00) (20,Bo,7.00)");
    world.source("truncate people; insert into people values (5, 'New', 5)");
    world.await_target(all, "(5,New,5.00)");
    let made = "select format_type(atttypid, atttypmod), attnotnull from pg_attribute where attrelid = 'people'::regclass and attnum > 0 order by attnum";
    assert_eq!(world.target(made), "integer|t\ncharacter varying(20)|f\nnumeric(10,2)|f");
}

#[test]
fn an_added_column_appears_with_the_constant_that_old_rows_have() {
    let mut world = World::new("m_adds");
    world.source("create table people (id int primary key, name text); insert into people values (1, 'Ann')");
    world.capture("public\\.people", &[]);
    world.mirror(&[]);
    world.await_target("select string_agg(t::text, ' ' order by id) from people t", "(1,Ann)");
    world.source(
        "alter table people add column points int not null default 7, add column note text; insert into people values (2, 'Bob', 8, 'x')",
    );
    world.await_target("select string_agg(t::text, ' ' order by id) from people t", "(1,Ann,7,) (2,Bob,8,x)");
    assert_ne!(world.target("select count(*) from orderstream_mirror.mirror_ddl where \"offset\" is not null"), "0");
}

#[test]
fn a_row_that_the_target_refuses_is_a_letter_and_the_others_go_on() {
    let mut world = World::new("m_letter");
    world.source("create table people (id int primary key, age int)");
    world.target("create table people (id int primary key, age int constraint adult check (age >= 18))");
    world.capture("public\\.people", &[]);
    world.mirror(&[("MIRROR_CONSTRAINTS", "trust")]);
    world.source("insert into people select g, g from generate_series(15, 40) g");
    world.await_target("select count(*) from people", "23");
    let letters = "select count(*), min(reason), bool_and(table_name = 'people'), bool_or(message like '%adult%') from orderstream_mirror.dead_letters";
    world.await_target(letters, "3|rejected_by_database|t|t");
}

#[test]
fn a_renamed_column_waits_for_apply_and_the_other_tables_go_on() {
    let mut world = World::new("m_renames");
    world.source("create table people (id int primary key, name text, gone int); create table others (id int primary key)");
    world.source("insert into people values (1, 'Ann', 1); insert into others values (1)");
    world.capture("public\\.(people|others)", &[]);
    let process = world.mirror(&[]);
    let people = "select string_agg(t::text, ' ' order by id) from people t";
    world.await_target(people, "(1,Ann,1)");
    world.source("alter table people rename column name to called; insert into people values (2, 'Bob', 2); insert into others values (2)");
    world.await_target("select count(*) from others", "2");
    world.await_that("/readyz names the rename", || {
        let ready = world.get(process, "/readyz");
        if ready.contains("renamed") && ready.contains("mirror apply") { Ok(()) } else { Err(ready) }
    });
    assert_eq!(world.target(people), "(1,Ann,1)");
    let plan = world.command(&["plan"]);
    assert!(plan.contains(r#"rename column "name" to "called""#), "{plan}");
    let applied = world.command(&["apply", "public.people"]);
    assert!(applied.contains(r#"rename column "name" to "called""#), "{applied}");
    world.await_target("select string_agg(called, ' ' order by id) from people t", "Ann Bob");

    world.source("alter table people drop column gone; insert into people values (3, 'Eve')");
    world.await_target(people, "(1,Ann,1) (2,Bob,2) (3,Eve,)");
    assert!(world.command(&["apply"]).contains(r#"drop column "gone""#));
    world.source("insert into people values (4, 'Joe')");
    world.await_target(people, "(1,Ann) (2,Bob) (3,Eve) (4,Joe)");
    assert_eq!(world.target("select count(*) from orderstream_mirror.dead_letters"), "0");
}

#[test]
fn another_key_waits_for_apply_and_rows_are_found_by_it_then() {
    let mut world = World::new("m_rekeys");
    world.source("create table people (id int primary key, name text not null); insert into people values (1, 'Ann')");
    world.capture("public\\.people", &[]);
    world.mirror(&[]);
    let people = "select string_agg(t::text, ' ' order by id, name) from people t";
    world.await_target(people, "(1,Ann)");
    world.source("alter table people drop constraint people_pkey, add primary key (id, name); insert into people values (1, 'Bob')");
    world.await_target("select waits like '%the key is%' from orderstream_mirror.mirror_tables", "t");
    world.command(&["apply"]);
    world.await_target(people, "(1,Ann) (1,Bob)");
    world.source("delete from people where name = 'Ann'; update people set name = 'Eve'");
    world.await_target(people, "(1,Eve)");
}

#[test]
fn a_value_that_the_old_type_cannot_have_waits_for_apply_and_is_no_dead_letter() {
    let mut world = World::new("m_other_kind");
    world.source("create table people (id int primary key, v text); insert into people values (1, '12')");
    world.capture("public\\..*", &[("topic.creation.default.partitions", "1")]);
    let mirror = world.mirror(&[]);
    world.await_same(&["people"]);
    // The event has a number, which is read before anybody has looked at the catalog again.
    world.source("alter table people alter v type int using v::int; insert into people values (2, 7)");
    world.await_reason(mirror, r#"column "v" is of type integer in the source and text"#);
    world.command(&["apply"]);
    world.await_same(&["people"]);
}
