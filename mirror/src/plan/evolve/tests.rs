use std::collections::BTreeMap;

use super::super::{Evolution, Names, Step};
use super::{Followed, evolve};
use crate::catalog::examples::{built_in, column, enumeration, integer, keyed, numeric, table, text, varchar};
use crate::catalog::{Column, Generated, IdentityColumn, Table, Typed};

/// A table `id integer primary key` and these columns.
fn of(columns: Vec<Column>) -> Table {
    let id = column("id", integer());
    keyed(table([id].into_iter().chain(columns).collect()), &["id"])
}

/// Compares without any memory.
fn changes(source: &Table, target: &Table) -> Evolution {
    evolve(source, target, &BTreeMap::new(), &Names::default())
}

/// Compares when the target has followed `before` so far.
fn changes_since(before: &Table, source: &Table, target: &Table) -> Evolution {
    let followed =
        before.columns.iter().map(|column| (column.name.clone(), Followed { attnum: column.attnum, sql_type: column.sql_type.clone() }));
    evolve(source, target, &followed.collect(), &Names::default())
}

fn sql(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.sql.as_str()).collect()
}

/// The statements that run by themselves, where nothing waits.
fn automatic(source: &Table, target: &Table) -> (Vec<String>, Vec<String>) {
    let out = changes(source, target);
    assert_eq!(out.waits, []);
    (out.automatic.into_iter().map(|step| step.sql).collect(), out.stale_columns)
}

/// The only thing that waits: its statements, and whether the table stops.
fn waits(out: &Evolution) -> (Vec<&str>, bool) {
    assert_eq!((out.waits.len(), out.automatic.len()), (1, 0), "{out:?}");
    (out.waits[0].ddl.iter().map(String::as_str).collect(), out.waits[0].stops)
}

fn numbered(mut table: Table, name: &str, attnum: i16) -> Table {
    table.columns.iter_mut().find(|column| column.name == name).unwrap().attnum = attnum;
    table
}

#[test]
fn equal_tables_need_nothing() {
    let equal = of(vec![column("a", varchar(5)), column("b", enumeration("shop", "mood", &["ok"]))]);
    assert_eq!(changes(&equal, &equal), Evolution::default());
    assert_eq!(changes_since(&equal, &equal, &equal), Evolution::default());
}

#[test]
fn a_new_column_is_added_with_the_value_that_older_rows_have() {
    let add = |rest: &str| format!(r#"alter table "shop"."orders" add column if not exists {rest}"#);
    let with_default = |rest: &str| format!("{};\n{}", add(rest), r#"alter table "shop"."orders" alter column "h" drop default"#);
    let h = || column("h", integer());
    for (case, new, expected, stale) in [
        ("nullable", h(), vec![add(r#""h" integer"#)], false),
        ("constant", Column { missing: Some("7".to_owned()), ..h() }, vec![with_default(r#""h" integer default '7'::integer"#)], false),
        (
            "a constant text, not null",
            Column { missing: Some("it's".to_owned()), not_null: true, ..column("h", text()) },
            vec![with_default(r#""h" text default 'it''s'::text"#)],
            false,
        ),
        ("volatile", Column { default: Some("random()".to_owned()), default_is_volatile: true, ..h() }, vec![add(r#""h" integer"#)], true),
        ("a constant in rows that were written again", Column { default: Some("7".to_owned()), ..h() }, vec![add(r#""h" integer"#)], true),
        ("identity", Column { identity_column: IdentityColumn::Always, not_null: true, ..h() }, vec![add(r#""h" integer"#)], true),
    ] {
        let stale = if stale { vec!["h".to_owned()] } else { vec![] };
        assert_eq!(automatic(&of(vec![new]), &of(vec![])), (expected, stale), "{case}");
    }
}

#[test]
fn a_new_column_of_a_new_type_makes_the_type_first() {
    let (steps, _) = automatic(&of(vec![column("mood", enumeration("shop", "mood", &["ok"]))]), &of(vec![]));
    assert_eq!(steps.len(), 3);
    assert!(steps[1].contains(r#"create type "shop"."mood" as enum"#), "{}", steps[1]);
    assert!(steps[2].ends_with(r#"add column if not exists "mood" "shop"."mood""#), "{}", steps[2]);
}

#[test]
fn a_new_label_comes_before_a_new_column_whose_older_rows_have_it() {
    let mood = |labels: &[&str]| enumeration("shop", "mood", labels);
    let new = Column { missing: Some("new".to_owned()), ..column("a", mood(&["ok", "new"])) };
    let out = changes(&of(vec![new, column("b", mood(&["ok", "new"]))]), &of(vec![column("b", mood(&["ok"]))]));
    assert_eq!(sql(&out.automatic)[0], r#"alter type "shop"."mood" add value if not exists 'new' after 'ok'"#);
    assert!(sql(&out.automatic)[3].contains(r#"default 'new'::"shop"."mood""#), "{out:?}");
}

#[test]
fn a_new_computed_column_waits_without_stopping_the_table() {
    let new = Column { generated: Generated::Stored, default: Some("(id + 1)".to_owned()), ..column("next", integer()) };
    let out = changes(&of(vec![new]), &of(vec![]));
    let add = r#"alter table "shop"."orders" add column if not exists "next" integer generated always as ((id + 1)) stored"#;
    assert_eq!(waits(&out), (vec![add], false));
}

#[test]
fn a_type_is_widened_if_no_row_is_written_again() {
    for (was, is, declared) in
        [(varchar(5), varchar(50), "character varying(50)"), (varchar(5), text(), "text"), (numeric(6, 2), numeric(12, 2), "numeric(12,2)")]
    {
        let (steps, stale) = automatic(&of(vec![column("a", is)]), &of(vec![column("a", was)]));
        assert_eq!(steps, [format!(r#"alter table "shop"."orders" alter column "a" type {declared}"#)]);
        assert_eq!(stale, [""; 0]);
    }
}

#[test]
fn another_type_stops_the_table_and_has_its_statement() {
    let bigint = || built_in("int8", "bigint", -1);
    for (was, is, declared) in [
        (integer(), bigint(), "bigint"),
        (text(), integer(), "integer"),
        (numeric(6, 2), numeric(12, 4), "numeric(12,4)"),
        (varchar(5), enumeration("shop", "mood", &["ok"]), r#""shop"."mood""#),
    ] {
        let out = changes(&of(vec![column("a", is)]), &of(vec![column("a", was)]));
        let ddl = format!(r#"alter table "shop"."orders" alter column "a" type {declared} using "a"::text::{declared}"#);
        assert_eq!(waits(&out), (vec![ddl.as_str()], true));
    }
}

#[test]
fn a_narrower_type_leaves_the_column_as_it_is_and_its_values_stale() {
    let (before, now) = (of(vec![column("a", varchar(50))]), of(vec![column("a", varchar(5))]));
    assert_eq!(changes(&now, &before), Evolution::default());
    let out = changes_since(&before, &now, &before);
    assert_eq!((out.stale_columns, out.waits, out.automatic), (vec!["a".to_owned()], vec![], vec![]));
}

#[test]
fn a_rename_is_known_by_the_columns_number_and_waits() {
    let (before, now) = (of(vec![column("was", text())]), of(vec![column("is", text())]));
    let out = changes_since(&before, &now, &before);
    assert_eq!(waits(&out), (vec![r#"alter table "shop"."orders" rename column "was" to "is""#], true));
    // Without the number it is a column that has come, beside one that is the target's own.
    assert_eq!(sql(&changes(&now, &before).automatic), [r#"alter table "shop"."orders" add column if not exists "is" text"#]);
}

#[test]
fn a_renamed_key_column_is_no_other_key() {
    let key = |name: &str| keyed(table(vec![column(name, integer())]), &[name]);
    assert_eq!(waits(&changes_since(&key("a"), &key("b"), &key("a"))).0.len(), 1);
}

#[test]
fn a_dropped_column_stays_without_stopping_the_table() {
    let (before, now) = (of(vec![column("a", text())]), of(vec![]));
    let out = changes_since(&before, &now, &before);
    assert_eq!(waits(&out), (vec![r#"alter table "shop"."orders" drop column "a""#], false));
    let required = of(vec![Column { not_null: true, ..column("a", text()) }]);
    let out = changes_since(&required, &now, &required);
    assert_eq!(sql(&out.automatic), [r#"alter table "shop"."orders" alter column "a" drop not null"#]);
    assert!(!out.stops());
}

#[test]
fn a_column_of_the_targets_own_matters_only_if_it_refuses_rows() {
    let own = |own: Column| of(vec![own]);
    assert_eq!(changes(&of(vec![]), &own(column("loaded_at", text()))), Evolution::default());
    let filled = Column { not_null: true, default: Some("now()".to_owned()), ..column("loaded_at", text()) };
    assert_eq!(changes(&of(vec![]), &own(filled)), Evolution::default());
    let out = changes(&of(vec![]), &own(Column { not_null: true, ..column("loaded_at", text()) }));
    assert_eq!(waits(&out), (vec![r#"alter table "shop"."orders" alter column "loaded_at" drop not null"#], true));
}

#[test]
fn a_dropped_column_and_a_new_one_of_its_name_are_two() {
    let before = of(vec![column("g", text())]);
    let now = numbered(of(vec![column("g", integer())]), "g", 9);
    let out = changes_since(&before, &now, &before);
    assert_eq!(
        waits(&out),
        (vec![r#"alter table "shop"."orders" drop column "g""#, r#"alter table "shop"."orders" add column "g" integer"#], true)
    );
}

#[test]
fn another_key_stops_the_table() {
    let columns = || table(vec![column("a", integer()), column("b", integer())]);
    let (one, both) = (keyed(columns(), &["a"]), keyed(columns(), &["b", "a"]));
    assert_eq!(
        waits(&changes(&both, &one)),
        (vec![r#"alter table "shop"."orders" drop constraint "orders_pkey", add primary key ("b", "a")"#], true)
    );
    assert_eq!(waits(&changes(&columns(), &one)), (vec![r#"alter table "shop"."orders" drop constraint "orders_pkey""#], true));
    assert_eq!(waits(&changes(&one, &columns())), (vec![r#"alter table "shop"."orders" add primary key ("a")"#], true));
    assert_eq!(changes(&keyed(columns(), &["a", "b"]), &both), Evolution::default(), "the order of a key's columns is no difference");
}

#[test]
fn a_column_that_refuses_null_only_in_the_target_stops_the_table() {
    let target = of(vec![Column { not_null: true, ..column("a", text()) }]);
    assert_eq!(
        waits(&changes(&of(vec![column("a", text())]), &target)),
        (vec![r#"alter table "shop"."orders" alter column "a" drop not null"#], true)
    );
    assert_eq!(changes(&target, &of(vec![column("a", text())])), Evolution::default());
}

#[test]
fn a_column_that_is_computed_on_one_side_only_is_seen() {
    let computed = |expression: &str| {
        of(vec![Column { generated: Generated::Stored, default: Some(expression.to_owned()), ..column("g", integer()) }])
    };
    let plain = of(vec![column("g", integer())]);
    assert_eq!(changes(&computed("id"), &computed("id")), Evolution::default());
    assert_eq!(
        sql(&changes(&plain, &computed("id")).automatic),
        [r#"alter table "shop"."orders" alter column "g" drop expression if exists"#]
    );
    let ddl = r#"alter table "shop"."orders" drop column "g", add column "g" integer generated always as (id) stored"#;
    assert_eq!(waits(&changes(&computed("id"), &plain)), (vec![ddl], false));
    assert_eq!(waits(&changes(&computed("id"), &computed("id + 1"))), (vec![ddl], false));
}

#[test]
fn sentences_name_table_and_column() {
    let typed = |typed: Typed| of(vec![column("a", typed)]);
    let out = changes(&typed(integer()), &typed(text()));
    assert!(out.waits[0].what.starts_with(r#""shop"."orders": column "a" is of type integer in the source and text in the target"#));
}
