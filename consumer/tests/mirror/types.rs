//! Tables whose types no catalog tells: `mirror.types = schema` and `text`.

use crate::records::rows;
use crate::world::World;

/// The columns of a table in the target with their types, and the columns of its key.
fn shape(table: &str) -> String {
    format!(
        "select string_agg(attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end, ', ' order by attnum)
            || '; key ' || (select string_agg(a.attname, ', ' order by k.ord) from pg_index i, unnest(i.indkey) with ordinality k (n, ord),
               pg_attribute a where i.indrelid = '{table}'::regclass and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.n)
         from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped"
    )
}

#[test]
fn a_table_is_made_from_the_schemas_of_its_events_and_follows_what_they_add() {
    let mut world = World::new("m_schema");
    world.source(
        "create type mood as enum ('sad', 'ok'); create domain code as varchar(3);
         create table made (id int, region varchar(5), price numeric(10,2) not null default 7, tags text[], at timestamp(3), day date,
             doc jsonb, raw bytea, feels mood, is_paid bool, c code, size real, primary key (region, id));
         insert into made values (1, 'north', 1.50, '{a,null}', '2026-01-02 03:04:05.678', '2026-01-02', '{\"a\": 1}', '\\x0102', 'ok', true, 'abc', 1.5),
             (2, 'south', -1, null, null, null, null, null, null, null, null, null);
         create table there (id bigint primary key, name varchar(40) not null); insert into there values (1, 'Ann'); create table later (id int primary key)",
    );
    world.target("create table there (id bigint primary key, name varchar(40) not null)");
    world.capture_with_schemas("public\\..*", &[("column.propagate.source.type", ".*")]);
    let process = world.mirror(&[("MIRROR_TYPES", "schema"), ("MIRROR_SOURCE_URL", "")]);
    world.await_same(&["made", "there"]);
    assert_eq!(
        world.target(&shape("made")),
        "id integer not null, region character varying(5) not null, price numeric(10,2), tags text[], at timestamp(3) without time zone, day date, \
         doc jsonb, raw bytea, feels text, is_paid boolean, c text, size real; key region, id"
    );
    // Nothing was ever written of a table whose first event is a truncate.
    world.source("truncate later; insert into later values (1); update made set price = 2 where id = 1; delete from made where id = 2");
    world.await_same(&["made", "there", "later"]);
    assert_eq!(world.target(&shape("later")), "id integer not null; key id");
    world.source("alter table made add n int; update made set n = 5, region = 'east'; insert into made (id, region) values (3, 'west')");
    world.await_same(&["made"]);
    // Another type waits, with the statement, and the other tables go on.
    world.source("alter table made alter n type bigint; insert into made (id, region, n) values (4, 'west', 3000000000); insert into there values (2, 'Bob')");
    world.await_reason(process, "alter table \"public\".\"made\" alter column \"n\" type bigint");
    world.await_same(&["there"]);
    assert_eq!(world.target("select count(*) from made"), "2");
    world.target("alter table made alter n type bigint");
    world.await_same(&["made", "there", "later"]);
}

#[test]
fn without_any_types_a_table_is_made_of_texts_and_that_is_said() {
    let mut world = World::new("m_texts");
    world.source(
        "create table made (id int primary key, name text, price numeric(10,2), day date, tags int[], doc jsonb, is_paid bool);
         insert into made values (1, 'Ann', 1.50, '2026-01-02', '{1,2}', '{\"a\": 1}', true), (2, null, null, null, '{}', null, null);
         create table later (id int primary key, v text)",
    );
    world.capture("public\\..*", &[]);
    let process = world.mirror(&[("MIRROR_TYPES", "text"), ("MIRROR_SOURCE_URL", "")]);
    world.await_target(&rows("made"), r#"2|(1,Ann,1.50,20455,"[1, 2]","{""a"": 1}",true) (2,,,,[],,)"#);
    assert_eq!(
        world.target(&shape("made")),
        "id text not null, name text, price text, day text, tags jsonb, doc text, is_paid text; key id"
    );
    assert!(
        world.process(process).log_tail(200).contains("because mirror.types is text"),
        "the log says that the types are not the source's"
    );
    world.source(
        "truncate later; update made set name = 'Anna', tags = null where id = 1; delete from made where id = 2;
         alter table made add n int; insert into made (id, n) values (3, 4); update made set id = 5 where id = 3; insert into later values (1, 'x')",
    );
    world.await_target(&rows("made"), r#"2|(1,Anna,1.50,20455,,"{""a"": 1}",true,) (5,,,,,,,4)"#);
    world.await_target(&rows("later"), "1|(1,x)");
    assert_eq!(world.target("select count(*) from orderstream_mirror.dead_letters"), "0");
    let plan = world.command_with(&["plan"], &[("MIRROR_TYPES", "text"), ("MIRROR_SOURCE_URL", "")]);
    assert!(plan.contains("-- NOT EQUAL: every column that is not a text in the source"), "{plan}");
}
