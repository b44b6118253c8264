//! Tables that change, and the target that follows.

use std::collections::BTreeMap;

use orderstream_mirror::catalog::{Table, TableName};
use orderstream_mirror::plan::{self, Evolution, Followed, Names};

use crate::database::Database;

/// One statement of the source at a time, each followed by what runs by itself in the target: the values of old rows are right, and nothing
/// is left to do.
#[test]
fn the_target_follows_added_columns_and_wider_types_with_the_values_of_old_rows() {
    let (mut source, mut target) = (Database::new("evolving_source"), Database::new("evolving_target"));
    let names = Names::default();
    source.sql("create type mood as enum ('sad', 'ok'); create table t (id int primary key, b varchar(5) not null, d numeric(6,2), e timestamp(0), f mood, n varbit(2))");
    source.sql("insert into t values (1, 'one', 1.25, '2024-01-01', 'ok', '1')");
    target.create(&source.table("public", "t"), &names);
    target.sql("insert into t values (1, 'one', 1.25, '2024-01-01', 'ok', '1')");
    for change in [
        "alter table t add column g text",
        "alter table t add column h int not null default 7",
        "alter table t add column i text default 'it''s \\ the \"default\"'",
        "alter table t add column j timestamptz not null default '2024-01-01 00:00:00+00'",
        "alter table t add column k int[] default '{1,NULL}', add column l interval default '1 month', add column m bytea default '\\x00ff'",
        "alter table t add column box box default '(1,1),(0,0)', add column mood mood default 'sad', add column float float8 default 5e-324",
        "alter table t alter column b type varchar(50), alter column d type numeric(12,2), alter column e type timestamp(6), alter column n type varbit",
        "alter table t alter column b type text",
        "alter type mood add value 'new mood' before 'ok'",
        "alter type mood add value 'newest mood'\nalter table t add column newest mood default 'newest mood'",
        "create type place as (x int, mood mood[]); alter table t add column place place default '(1,\"{ok}\")'",
        "alter table t drop constraint t_pkey, add constraint other primary key (id)",
    ] {
        change.lines().for_each(|statement| source.sql(statement));
        let evolution = plan::evolve(&source.table("public", "t"), &target.table("public", "t"), &BTreeMap::new(), &names);
        assert_eq!((evolution.waits, evolution.stale_columns), (vec![], vec![]), "{change}");
        for step in &evolution.automatic {
            target.sql(&step.sql);
        }
        let again = plan::evolve(&source.table("public", "t"), &target.table("public", "t"), &BTreeMap::new(), &names);
        assert_eq!(again, Evolution::default(), "{change}");
        assert_eq!(target.text("select * from t"), source.text("select * from t"), "{change}");
    }
    let defaults = "select count(*) from pg_attrdef where adrelid = 't'::regclass";
    assert_eq!(target.text(defaults), "0");
}

#[test]
fn what_waits_can_be_run_as_it_is_printed() {
    let (mut source, mut target) = (Database::new("waiting_source"), Database::new("waiting_target"));
    let names = Names::default();
    source.sql(
        "create table t (id int primary key, a int, b varchar(5) not null, c text, g text); insert into t values (1, 1, 'one', '5', 'g')",
    );
    let followed = |table: &Table| {
        let columns = table.columns.iter();
        columns
            .map(|column| (column.name.clone(), Followed { attnum: column.attnum, sql_type: column.sql_type.clone() }))
            .collect::<BTreeMap<_, _>>()
    };
    let before = source.table("public", "t");
    target.create(&before, &names);
    target.sql("insert into t values (1, 1, 'one', '5', 'g')");
    let mut known = followed(&before);
    for (change, stops, words) in [
        ("alter table t alter column a type bigint", true, "is of type bigint in the source and integer in the target"),
        ("alter table t alter column c type int using c::int", true, "is of type integer in the source"),
        ("alter table t rename column c to renamed", true, r#"renamed column "c" to "renamed""#),
        ("alter table t drop column g", false, "is gone in the source"),
        ("alter table t drop constraint t_pkey, add primary key (id, b)", true, r#"the key is ("id", "b") in the source"#),
        ("alter table t drop column renamed, add column renamed date", true, "another column has its name now"),
        ("alter table t add column twice int generated always as (id * 2) stored", false, "which computes it"),
    ] {
        source.sql(change);
        let now = source.table("public", "t");
        let evolution = plan::evolve(&now, &target.table("public", "t"), &known, &names);
        let waits: Vec<(bool, bool)> = evolution.waits.iter().map(|wait| (wait.stops, wait.what.contains(words))).collect();
        assert_eq!((waits, evolution.automatic), (vec![(stops, true)], vec![]), "{change}: {:?}", evolution.waits);
        for ddl in &evolution.waits[0].ddl {
            target.sql(ddl);
        }
        known = followed(&now);
        let again = plan::evolve(&now, &target.table("public", "t"), &known, &names);
        assert_eq!(again, Evolution::default(), "{change}");
    }
}

#[test]
fn postgres_writes_no_row_again_where_a_type_is_widened_by_itself() {
    let mut database = Database::new("widened");
    for (was, is, rewrites) in [
        ("varchar(5)", "varchar(50)", false),
        ("varchar(5)", "varchar", false),
        ("varchar(5)", "text", false),
        ("varbit(5)", "varbit(9)", false),
        ("varbit(5)", "varbit", false),
        ("numeric(6,2)", "numeric(12,2)", false),
        ("numeric(6,2)", "numeric", false),
        ("timestamp(0)", "timestamp(3)", false),
        ("timestamptz(0)", "timestamptz", false),
        ("time(0)", "time(3)", false),
        ("timetz(0)", "timetz", false),
        ("interval(3)", "interval", false),
        ("interval year to month", "interval", false),
        ("int", "bigint", true),
        ("numeric(6,2)", "numeric(12,4)", true),
        ("char(5)", "char(9)", true),
        ("varchar(5)[]", "varchar(50)[]", true),
    ] {
        database.sql(&format!(
            "drop table if exists was, \"is\"; create table was (a {was}); create table \"is\" (a {is}); insert into was values (null)"
        ));
        let tables = database.read(&[TableName::new("public", "is"), TableName::new("public", "was")]);
        let fit = plan::fit(&tables[1].columns[0].type_, &tables[0].columns[0].type_, &Names::default());
        assert_eq!(fit, if rewrites { plan::Fit::Differs } else { plan::Fit::Widens }, "{was} to {is}");
        let file = "select pg_relation_filenode('was')";
        let before = database.text(file);
        database.sql(&format!("alter table was alter column a type {is}"));
        assert_eq!(database.text(file) != before, rewrites, "{was} to {is}");
    }
}
