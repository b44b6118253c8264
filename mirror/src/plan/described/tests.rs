//! Which columns a table gets from its events.

use std::collections::BTreeMap;

use super::*;
use crate::catalog::examples::{column, integer, keyed, table as example, text as text_type, varchar};
use crate::plan::{create, evolve};

fn connect(json: &str) -> ConnectType {
    serde_json::from_str(json).unwrap()
}

fn named(plain: &str, name: &str) -> ConnectType {
    connect(&format!(r#"{{"type":"{plain}","name":"{name}"}}"#))
}

fn propagated(plain: &str, name: &str, length: &str, scale: &str) -> ConnectType {
    connect(&format!(
        r#"{{"type":"{plain}","parameters":{{"__debezium.source.column.type":"{name}","__debezium.source.column.length":"{length}",
           "__debezium.source.column.scale":"{scale}"}}}}"#
    ))
}

#[test]
fn a_type_of_the_schema_is_the_widest_of_postgres_that_has_its_values() {
    let decimal =
        r#"{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2","connect.decimal.precision":"10"}}"#;
    for (type_, expected) in [
        (connect(r#"{"type":"boolean"}"#), Some("boolean")),
        (connect(r#"{"type":"int16"}"#), Some("smallint")),
        (connect(r#"{"type":"int32"}"#), Some("integer")),
        (connect(r#"{"type":"int64"}"#), Some("bigint")),
        (connect(r#"{"type":"float"}"#), Some("real")),
        (connect(r#"{"type":"double"}"#), Some("double precision")),
        (connect(r#"{"type":"string"}"#), Some("text")),
        (connect(r#"{"type":"bytes"}"#), Some("bytea")),
        (connect(r#"{"type":"array","items":{"type":"int32"}}"#), Some("integer[]")),
        (connect(decimal), Some("numeric(10,2)")),
        (named("bytes", "org.apache.kafka.connect.data.Decimal"), Some("numeric")),
        (named("struct", "io.debezium.data.VariableScaleDecimal"), Some("numeric")),
        (connect(r#"{"type":"bytes","name":"io.debezium.data.Bits","parameters":{"length":"9"}}"#), Some("bit(9)")),
        (connect(r#"{"type":"bytes","name":"io.debezium.data.Bits","parameters":{"length":"2147483647"}}"#), Some("bit varying")),
        (named("string", "io.debezium.data.Uuid"), Some("uuid")),
        (named("string", "io.debezium.data.Json"), Some("json")),
        (named("string", "io.debezium.data.Enum"), Some("text")),
        (named("string", "io.debezium.data.Ltree"), Some("public.ltree")),
        (named("int32", "io.debezium.time.Date"), Some("date")),
        (named("int64", "io.debezium.time.MicroTime"), Some("time without time zone")),
        (named("int64", "io.debezium.time.NanoTimestamp"), Some("timestamp without time zone")),
        (named("string", "io.debezium.time.ZonedTimestamp"), Some("timestamp with time zone")),
        (named("string", "io.debezium.time.ZonedTime"), Some("time with time zone")),
        (named("string", "io.debezium.time.Interval"), Some("interval")),
        (named("struct", "io.debezium.data.geometry.Point"), Some("point")),
        (named("struct", "io.debezium.data.geometry.Geometry"), None),
        (named("string", "com.example.Money"), None),
        (connect(r#"{"type":"map"}"#), None),
        (connect(r#"{"type":"struct"}"#), None),
    ] {
        assert_eq!(sql_type(&type_).as_deref(), expected, "{type_:?}");
    }
}

#[test]
fn the_sources_type_comes_before_that_of_the_schema() {
    for (type_, expected) in [
        (propagated("string", "VARCHAR", "5", "0"), Some("character varying(5)")),
        (propagated("string", "VARCHAR", "2147483647", "0"), Some("character varying")),
        (propagated("string", "BPCHAR", "3", "0"), Some("character(3)")),
        (propagated("string", "BPCHAR", "2147483647", "0"), Some("bpchar")),
        (propagated("string", "NUMERIC", "10", "2"), Some("numeric(10,2)")),
        (propagated("string", "NUMERIC", "5", "2046"), Some("numeric(5,-2)")),
        (propagated("string", "NUMERIC", "131089", "0"), Some("numeric")),
        (propagated("int64", "TIMESTAMP", "29", "3"), Some("timestamp(3) without time zone")),
        (propagated("int64", "TIMESTAMP", "29", "6"), Some("timestamp without time zone")),
        (propagated("string", "JSONB", "2147483647", "0"), Some("jsonb")),
        (propagated("bytes", "VARBIT", "9", "0"), Some("bit varying(9)")),
        (propagated("int32", "SERIAL", "10", "0"), Some("integer")),
        (propagated("array", "_INT8", "19", "0"), Some("bigint[]")),
        (propagated("string", "HSTORE", "2147483647", "0"), Some("public.hstore")),
        (propagated("bytes", "TSQUERY", "2147483647", "0"), Some("tsquery")),
        // An enumeration of the source's own is a text, and the bytes of another type could be anything.
        (propagated("string", "MOOD", "2147483647", "0"), Some("text")),
        (propagated("bytes", "PLACE", "2147483647", "0"), None),
    ] {
        assert_eq!(sql_type(&type_).as_deref(), expected, "{type_:?}");
    }
}

#[test]
fn a_table_has_the_columns_of_the_schema_and_refuses_null_in_the_key_alone() {
    let columns = [("id", r#"{"type":"int32"}"#), ("at", r#"{"type":"int32","name":"io.debezium.time.Date","default":0}"#)];
    let columns = columns.map(|(name, json)| (name.to_owned(), connect(json)));
    let table = by_schema(&TableName::new("public", "visits"), &columns, &["id".to_owned()]).0;
    let steps = create(&table, &table.name, &Names::default()).unwrap();
    let made =
        "create table if not exists \"public\".\"visits\" (\n    \"id\" integer not null,\n    \"at\" date,\n    primary key (\"id\")\n)";
    assert_eq!(steps.last().unwrap().sql, made);
    let unknown = [("v".to_owned(), named("string", "com.example.Money")), ("w".to_owned(), connect(r#"{"type":"map"}"#))];
    let (partly, unmade) = by_schema(&table.name, &unknown, &["v".to_owned()]);
    assert_eq!((partly.columns.len(), partly.key), (0, vec![]));
    assert_eq!(unmade.len(), 2);
    assert!(unmade[0].to_string().contains("column.propagate.source.type"), "{}", unmade[0]);
}

#[test]
fn without_any_type_columns_are_texts_and_what_is_nested_is_jsonb() {
    let columns = [("id", false), ("tags", true)].map(|(name, is_nested)| (name.to_owned(), is_nested));
    let table = by_text(&TableName::new("public", "visits"), &columns, &["id".to_owned()]);
    let types: Vec<&str> = table.columns.iter().map(|column| column.sql_type.as_str()).collect();
    assert_eq!((types, table.key), (vec!["text", "jsonb"], vec![0]));
}

/// What follows for a target's table from what events tell of it now, and told before.
fn change(now: &[(&str, &str)], before: &[(&str, &str)], target: &Table) -> (Vec<String>, Vec<String>) {
    let columns: Vec<(String, ConnectType)> = now.iter().map(|(name, json)| ((*name).to_owned(), connect(json))).collect();
    let described = by_schema(&target.name, &columns, &["id".to_owned()]).0;
    let known = |(name, sql_type): &(&str, &str)| ((*name).to_owned(), Followed { attnum: 0, sql_type: (*sql_type).to_owned() });
    let followed: BTreeMap<String, Followed> = before.iter().map(known).collect();
    let compared = compared(&described, target, &followed, &Names::default(), Types::Schema);
    let evolution = evolve(&compared, target, &followed, &Names::default());
    assert_eq!(evolution.stale_columns, Vec::<String>::new());
    (evolution.automatic.into_iter().map(|step| step.sql).collect(), evolution.waits.into_iter().map(|wait| wait.ddl.join("; ")).collect())
}

#[test]
fn only_what_the_events_tell_otherwise_than_before_changes_a_table() {
    let (int, long, string) = (r#"{"type":"int32"}"#, r#"{"type":"int64"}"#, r#"{"type":"string"}"#);
    let target = || keyed(example(vec![column("id", integer()), column("name", varchar(5)), column("own", text_type())]), &["id"]);
    let nothing = || (Vec::<String>::new(), Vec::<String>::new());
    let known = [("id", "integer"), ("name", "text"), ("own", "text")];
    // The table has exacter types than the events tell.
    assert_eq!(change(&[("id", int), ("name", string)], &[], &target()), nothing());
    assert_eq!(change(&[("id", int), ("name", string)], &known, &target()), nothing());
    // A column that an event lacks stays: the event may be older than the column.
    assert_eq!(change(&[("id", int)], &known, &target()), nothing());
    let add = r#"alter table "shop"."orders" add column if not exists "age" integer"#;
    assert_eq!(change(&[("id", int), ("age", int)], &known, &target()), (vec![add.to_owned()], vec![]));
    let (automatic, waits) = change(&[("id", long), ("name", string)], &known, &target());
    assert_eq!(automatic, Vec::<String>::new());
    assert!(waits[0].contains("alter column \"id\" type bigint"), "{waits:?}");
    // An older event, whose values the type takes.
    let wide = keyed(example(vec![column("id", built_in("int8", "bigint", 'N', -1))]), &["id"]);
    assert_eq!(change(&[("id", int)], &[("id", "bigint")], &wide), nothing());
}

#[test]
fn a_table_of_texts_is_changed_by_new_names_alone() {
    let columns = |columns: &[(&str, bool)]| columns.iter().map(|(name, is_nested)| ((*name).to_owned(), *is_nested)).collect::<Vec<_>>();
    let name = TableName::new("shop", "orders");
    let target = by_text(&name, &columns(&[("id", false), ("tags", true), ("note", false)]), &["id".to_owned()]);
    let known = |(name, sql_type): (&str, &str)| (name.to_owned(), Followed { attnum: 0, sql_type: sql_type.to_owned() });
    let followed = BTreeMap::from([("id", "text"), ("tags", "jsonb"), ("note", "text")].map(known));
    // The array is null now, and the note an object.
    let now = by_text(&name, &columns(&[("id", false), ("tags", false), ("note", true), ("age", false)]), &["id".to_owned()]);
    let compared = compared(&now, &target, &followed, &Names::default(), Types::Text);
    let evolution = evolve(&compared, &target, &followed, &Names::default());
    let sql: Vec<&str> = evolution.automatic.iter().map(|step| step.sql.as_str()).collect();
    assert_eq!(sql, [r#"alter table "shop"."orders" add column if not exists "age" text"#]);
    assert_eq!(evolution.waits, []);
}
