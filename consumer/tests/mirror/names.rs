//! Which tables and columns are mirrored, and what they are called in the target.

use crate::records::rows;
use crate::world::World;

#[test]
fn schemas_are_mapped_tables_renamed_or_prefixed_and_what_is_excluded_stays_away() {
    let mut world = World::new("m_names");
    world.source(
        "create schema shop; create schema other; create table shop.orders (id int primary key, v text);
            create table shop.items (id int primary key, v text);
         create table other.orders (id int primary key, v text); create table public.secret (id int primary key, v text);
         create table public.people (id int primary key, name text);
         insert into shop.orders values (1, 'shop'); insert into shop.items values (1, 'item');
         insert into other.orders values (1, 'other');
         insert into secret values (1, 'secret'); insert into people values (1, 'Ann')",
    );
    world.capture("(shop|other|public)\\..*", &[("topic.creation.default.partitions", "1")]);
    world.mirror(&[
        ("MIRROR_SCHEMAS", "shop=copy, public=kept"),
        ("MIRROR_TABLES", "shop.orders=all_orders"),
        ("MIRROR_PREFIX", "m_"),
        ("MIRROR_EXCLUDE_TABLES", "public.secret"),
    ]);
    for (table, expected) in [
        ("copy.all_orders", "1|(1,shop)"),
        ("copy.m_items", "1|(1,item)"),
        ("other.m_orders", "1|(1,other)"),
        ("kept.m_people", "1|(1,Ann)"),
    ] {
        world.await_target(&rows(table), expected);
    }
    world.source(
        "update secret set v = 'still secret'; update people set name = 'Anna'; insert into people values (2, 'Bob');
        delete from shop.items; insert into shop.orders values (2, 'new')",
    );
    world.await_target(&rows("kept.m_people"), "2|(1,Anna) (2,Bob)");
    world.await_target(&rows("copy.m_items"), "0|");
    world.await_target(&rows("copy.all_orders"), "2|(1,shop) (2,new)");
    // What is excluded is read all the same, so that its partition goes on.
    world.await_target("select sum(ignored) from orderstream_mirror.consumer_offsets where topic = 'm_names.public.secret'", "2");
    let made = "select string_agg(table_schema || '.' || table_name, ' ' order by table_schema, table_name)
        from information_schema.tables where table_type = 'BASE TABLE'
                and table_schema not in ('pg_catalog', 'information_schema', 'orderstream_mirror')";
    assert_eq!(world.target(made), "copy.all_orders copy.m_items kept.m_people other.m_orders");
    assert_eq!(world.target("select count(*) from orderstream_mirror.dead_letters"), "0");
}

#[test]
fn columns_that_are_excluded_are_neither_made_nor_written() {
    let mut world = World::new("m_columns");
    let people = "(id int primary key, name text, salary int not null, note text default 'none')";
    world.source(&format!(
        "create table made {people}; create table there {people}; insert into made values (1, 'Ann', 100, 'x');
        insert into there select * from made"
    ));
    // A table that was there may have the column, with a value of its own.
    world.target("create table there (id int primary key, name text, salary int not null default 7, note text default 'none')");
    world.capture("public\\..*", &[]);
    world.mirror(&[("MIRROR_EXCLUDE_COLUMNS", "public.made.salary, public.made.note, public.there.salary, public.there.note")]);
    world.await_target(&rows("there"), "1|(1,Ann,7,none)");
    world.await_target(&rows("made"), "1|(1,Ann)");
    world.source(
        "update made set salary = 200; insert into made values (2, 'Bob', 300, null);
        update there set name = 'Anna', note = 'y'; insert into there values (2, 'Bob', 300, null)",
    );
    world.await_target(&rows("made"), "2|(1,Ann) (2,Bob)");
    world.await_target(&rows("there"), "2|(1,Anna,7,none) (2,Bob,7,none)");
    // A further column of the source is followed all the same.
    world.source("alter table made add age int; update made set age = 3 where id = 1");
    world.await_target(&rows("made"), "2|(1,Ann,3) (2,Bob,)");
}

#[test]
fn names_that_need_quotes_and_names_of_fields_of_an_event_are_only_names() {
    let mut world = World::new("m_quoted");
    let long = "l".repeat(63);
    world.source(&format!(
        r#"create schema "Shop";
            create table "Shop"."Order Lines" ("Id" int primary key, "select" text, "a""b" text, "c.d" text, "$1" text, "ä ö" text,
            "{long}" text);
           create table fields (id int primary key, before text, after text, op text, source text, payload text, schema text,
           ts_ms bigint, "__deleted" text, "__op" text);
           create table payload (payload int primary key, v text);
           create table "schema" ("schema" text, id int, v text, primary key ("schema", id));
           create table "{long}" (id int primary key, v text); create table guard_1 (id int primary key, v text);
           create table "user" ("user" text primary key, "group" text);
           create table positions (id int primary key, epoch int, partition int, "offset" bigint, kind text, commit_lsn text, lsn text,
           source_ms text, gone_at text, n int, k0 int, c0 int, a0 int, i int, g int);
           insert into "Shop"."Order Lines" values (1, 's', 'q', 'd', 'p', 'u', 'l');
           insert into fields values (1, 'b', '{{"id":9}}', 'd', 's', 'p', 's', 5, 'true', 'd');
           insert into payload values (1, 'x'); insert into "schema" values ('s', 1, 'x'); insert into "{long}" values (1, 'x');
           insert into guard_1 values (1, 'x'); insert into "user" values ('u', 'g');
           insert into positions values (1, 1, 1, 1, 'k', 'c', 'l', 's', 'g', 1, 1, 1, 1, 1, 1)"#
    ));
    let tables = [r#""Shop"."Order Lines""#, "fields", "payload", r#""schema""#, &long, "guard_1", r#""user""#, "positions"];
    world.capture(".*", &[]);
    world.mirror(&[]);
    world.await_same(&tables);
    world.source(&format!(
        r#"update "Shop"."Order Lines" set "Id" = 2, "a""b" = null; insert into "Shop"."Order Lines" ("Id") values (3);
            update fields set op = 't', "__deleted" = 'false', payload = null;
           update payload set v = 'y'; insert into payload values (2, 'z'); delete from payload where payload = 1;
           update "schema" set v = 'y'; insert into "schema" values ('t', 1, 'z'); delete from "schema" where "schema" = 's';
           update "{long}" set v = 'y'; delete from guard_1; insert into guard_1 values (1, 'again'); update "user" set "user" = 'v';
           update positions set epoch = 2, n = 7; update positions set id = 5, k0 = 3"#
    ));
    world.await_same(&tables);
}

#[test]
fn tables_whose_topics_have_one_name_are_kept_apart() {
    let mut world = World::new("m_collide");
    world.source(
        r#"create table "col lide" (id int primary key, v text); create table "col+lide" (id int primary key, other int, v text);
           insert into "col lide" values (1, 'space'); insert into "col+lide" values (1, 1, 'plus'), (2, 2, 'plus')"#,
    );
    let tables = [r#""col lide""#, r#""col+lide""#];
    world.capture("public\\..*", &[]);
    world.mirror(&[]);
    world.await_same(&tables);
    world.source(
        r#"update "col lide" set v = 'x'; delete from "col+lide" where id = 1; insert into "col lide" values (2, 'y');
            update "col+lide" set v = 'z'; delete from "col lide" where id = 1;
           begin; insert into "col+lide" values (1, 5, 'new'); insert into "col lide" values (1, 'new');
           delete from "col+lide" where id = 2; commit"#,
    );
    world.await_same(&tables);
    world.source(r#"truncate "col lide""#);
    world.await_same(&tables);
}
