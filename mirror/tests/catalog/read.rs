//! What is read of a catalog.

use std::time::{Duration, Instant};

use orderstream_mirror::catalog::{Constraint, ConstraintKind, KeyFrom, Table, TableName};

use crate::database::{Database, key};

#[test]
fn the_facts_about_columns_keys_and_constraints_are_read() {
    let mut database = Database::new("facts");
    database.sql(
        "create domain amount as numeric(12, 4);
         create type mood as enum ('ok', 'with,comma');
         create table parent (a int, b text collate \"C\", unique (b));
         create table child (x amount[] not null, y mood default 'ok', z int generated always as identity, w varchar(9) default lower('A'), v int default random(),
             u int generated always as (1) stored, check (v > 0), foreign key (w) references parent (b), exclude (v with =), primary key (z, w));
         alter table child drop column v, add column \"V\" int not null default 7;
         create function f() returns trigger language plpgsql as 'begin return new; end';
         create trigger fires after insert on child for each row execute function f();
         create trigger rests after insert on child for each row execute function f();
         alter table child disable trigger rests",
    );
    let tables =
        database.read(&[TableName::new("public", "child"), TableName::new("public", "parent"), TableName::new("public", "absent")]);
    let [child, parent] = &tables[..] else { panic!("{} tables", tables.len()) };
    let types: Vec<_> = child.columns.iter().map(|column| (column.attnum, column.name.as_str(), column.sql_type.as_str())).collect();
    let varchar = "character varying(9)";
    let columns = [
        (1, "x", "public.amount[]"),
        (2, "y", "public.mood"),
        (3, "z", "integer"),
        (4, "w", varchar),
        (6, "u", "integer"),
        (7, "V", "integer"),
    ];
    assert_eq!(types, columns);
    let column = |name: &str| child.column(name).unwrap();
    assert_eq!(column("V").missing.as_deref(), Some("7"));
    assert_eq!(column("y").default.as_deref(), Some("'ok'::public.mood"));
    let volatile: Vec<&str> = child.columns.iter().filter(|column| column.default_is_volatile).map(|column| column.name.as_str()).collect();
    assert_eq!(volatile, ["z"]);
    assert_eq!((key(child), child.key_from, child.key_name.as_deref()), (vec!["z", "w"], KeyFrom::Primary, Some("child_pkey")));
    let kinds = |table: &Table| {
        table.constraints.iter().map(|constraint: &Constraint| (constraint.kind, constraint.name.clone())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(child), [(ConstraintKind::ForeignKey, "child_w_fkey".to_owned()), (ConstraintKind::Trigger, "fires".to_owned())]);
    let of_parent = [(ConstraintKind::ReferencedBy, "child_w_fkey".to_owned()), (ConstraintKind::Unique, "parent_b_key".to_owned())];
    assert_eq!((kinds(parent), parent.key_from), (of_parent.to_vec(), KeyFrom::None));
    assert_eq!(parent.column("b").unwrap().collation.as_deref(), Some(r#""pg_catalog"."C""#));
}

#[test]
fn a_default_is_volatile_if_a_function_of_it_is() {
    let mut database = Database::new("volatile");
    database.sql(
        "create function own() returns int language sql volatile as 'select 1';
         create table t (a int default random(), b timestamptz default clock_timestamp(), c serial, d int default own() + 1, e uuid default gen_random_uuid(),
             f timestamptz default now(), g text default lower('A'), h int default 1, i int)",
    );
    let table = database.table("public", "t");
    let volatile: Vec<&str> = table.columns.iter().filter(|column| column.default_is_volatile).map(|column| column.name.as_str()).collect();
    assert_eq!(volatile, ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_role_without_any_right_reads_the_catalog() {
    let mut database = Database::new("rights");
    database.sql(
        "create schema shop; create table shop.t (id int primary key, v text default 'a'); alter table shop.t add column w int default 7",
    );
    database.sql("create publication p for table shop.t; create role reads_catalogs; set role reads_catalogs");
    let wanted = database.list();
    assert_eq!(wanted, [TableName::new("shop", "t")]);
    assert_eq!(database.read(&wanted)[0].column("w").unwrap().missing.as_deref(), Some("7"));
    assert!(database.publication("p").unwrap().of(&wanted[0]).is_some());
}

#[test]
fn reading_leaves_the_settings_as_they_were_inside_and_outside_of_a_transaction() {
    let mut database = Database::new("settings");
    database.sql("create table t (i interval); insert into t default values; alter table t add column d date default '2024-02-01'");
    database.sql("set search_path = public, pg_catalog; set datestyle = 'German'; set timezone = 'Asia/Tokyo'");
    let settings = |database: &mut Database| -> String {
        let ask = "select concat_ws('|', current_setting('search_path'), current_setting('datestyle'), current_setting('timezone'))";
        database.runtime.block_on(sqlx::query_scalar(ask).fetch_one(&mut database.connection)).unwrap()
    };
    let before = settings(&mut database);
    assert_eq!(database.table("public", "t").column("d").unwrap().missing.as_deref(), Some("2024-02-01"));
    assert_eq!(settings(&mut database), before);
    database.sql("begin isolation level repeatable read read only");
    assert_eq!(database.read(&[TableName::new("public", "t")]).len(), 1);
    assert_eq!(settings(&mut database), before);
    database.sql("commit");
    assert_eq!(settings(&mut database), before);
}

#[test]
fn thousands_of_tables_are_read_in_seconds() {
    let mut database = Database::new("thousands");
    database.sql(
        "do $$ begin for i in 1..60 loop
             execute (select string_agg(format('create table t%s_%s (id bigserial primary key, a text not null, b numeric(10,2) default 1.5, c timestamptz default now(), d jsonb, e int[], f varchar(50))', i, j), ';')
                      from generate_series(1, 50) j); commit; end loop; end $$",
    );
    let wanted = database.list();
    let began = Instant::now();
    let tables = database.read(&wanted);
    let took = began.elapsed();
    println!("{} tables are read in {took:?}", tables.len());
    assert_eq!((tables.len(), tables.iter().map(|table| table.columns.len()).sum::<usize>()), (3000, 21_000));
    assert!(took < Duration::from_secs(10), "{took:?}");
}
