//! Every table of all_types.sql, made in another database.

use std::collections::BTreeMap;

use orderstream_mirror::catalog::{Column, Generated, Relation, Table, TableName, TypeKind};
use orderstream_mirror::plan::{self, Evolution, Grade, Names};

use crate::database::{Database, key, of_mirror};

/// A column of the source as the target should have it.
fn expected(source: &Table, column: &Column, names: &Names) -> (String, String, Option<String>, bool, bool) {
    let is_computed = column.generated != Generated::No;
    (column.name.clone(), names.declared(&column.type_), column.collation.clone(), source.is_key(&column.name), is_computed)
}

/// A column of the target as it is.
fn found(column: &Column) -> (String, String, Option<String>, bool, bool) {
    let declared = Names::default().declared(&column.type_);
    (column.name.clone(), declared, column.collation.clone(), column.not_null, column.generated == Generated::Stored)
}

/// Makes every table of the source in the target, twice, and compares the catalogs.
fn copies(source: &str, target: &'static str, schemas: &[(&str, &str)], prepare: &str) {
    let mut source = Database::with_all_types(String::leak(source.to_owned()));
    let mut target = Database::new(target);
    target.sql(prepare);
    let wanted = of_mirror(source.list());
    let tables = source.read(&wanted);
    assert_eq!(tables.len(), wanted.len());
    assert!(tables.len() > 180, "{} tables", tables.len());
    let schemas: BTreeMap<String, String> = schemas.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    for table in &tables {
        let names = Names { schemas: schemas.clone(), extensions: target.extensions() };
        target.create(table, &names);
        target.create(table, &names);
    }
    let names = Names { schemas, extensions: target.extensions() };
    let copied: Vec<TableName> = wanted.iter().map(|name| TableName::new(names.schema(&name.schema), &name.table)).collect();
    let copies = target.read(&copied);
    assert_eq!(copies.len(), tables.len());
    for source in &tables {
        let copy = copies.iter().find(|copy| copy.name == TableName::new(names.schema(&source.name.schema), &source.name.table)).unwrap();
        let columns: Vec<_> = source.columns.iter().map(|column| expected(source, column, &names)).collect();
        assert_eq!(copy.columns.iter().map(found).collect::<Vec<_>>(), columns, "{}", source.name);
        assert_eq!((key(copy), &copy.kind, &copy.constraints), (key(source), &Relation::Plain, &vec![]), "{}", source.name);
        assert_eq!(plan::evolve(source, copy, &BTreeMap::new(), &names), Evolution::default(), "{}", source.name);
    }
}

#[test]
fn every_table_made_in_another_database_has_the_same_catalog() {
    copies("types_source", "types_target", &[], "select");
}

#[test]
fn every_table_can_be_made_in_a_schema_of_another_name_beside_extensions_of_another_schema() {
    copies(
        "mapped_source",
        "mapped_target",
        &[("mirror_types", "Copy")],
        "create schema extensions; create extension hstore schema extensions; create extension citext schema extensions;
         create extension ltree schema extensions; create extension isn schema extensions; create extension cube schema extensions",
    );
}

#[test]
fn the_limits_of_all_shapes_of_tables_are_said() {
    let mut database = Database::with_all_types("limits");
    database.sql("create publication dbz for all tables with (publish_via_partition_root = true)");
    let publication = database.publication("dbz").unwrap();
    assert_eq!(database.publication("absent"), None);
    let wanted = of_mirror(database.list());
    let tables = database.read(&wanted);
    let limits = plan::limits(&tables, Some(&publication));
    let refused: Vec<&str> = limits.iter().filter(|limit| limit.grade == Grade::Refused).map(|limit| limit.table.table.as_str()).collect();
    assert_eq!(
        refused,
        [
            "by_hash_0",
            "by_hash_1",
            "by_range_2023",
            "by_range_2024",
            "by_range_2024_0",
            "by_range_2024_1",
            "by_range_rest",
            "case_twins",
            "unlogged"
        ]
    );
    for (table, words) in [
        ("col lide", "one topic"),
        ("col+lide", "one topic"),
        ("no_key_full", "provide.transaction.metadata=true"),
        ("no_key_default", "only inserts"),
        ("toast_default", r#""a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l""#),
        ("toast_identity_index", "does not send long values"),
        ("child", "tables of their own"),
        ("parent", "only in their own tables"),
        ("by_range", "attached, detached or dropped"),
    ] {
        let of_it: Vec<&str> = limits.iter().filter(|limit| limit.table.table == table).map(|limit| limit.what.as_str()).collect();
        assert!(of_it.iter().any(|what| what.contains(words)), "{table}: {words}: {of_it:#?}");
    }
    assert!(limits.iter().all(|limit| limit.table.table != "toast_full"), "a full identity has no limits");
}

#[test]
fn collations_and_all_that_types_are_made_of_are_copied() {
    let (mut source, mut target) = (Database::new("made_of_source"), Database::new("made_of_target"));
    source.sql(
        "create domain d as text collate \"C\";
         create type mood as enum ('b', 'a');
         alter type mood add value 'between' after 'b';
         create type inner_type as (\"X\" numeric(4,1), m mood[], i inet);
         create type outer_type as (a text collate \"C\", b text, c inner_type[], e d, gone int);
         alter type outer_type drop attribute gone;
         create type r as range (subtype = text, collation = \"C\", subtype_opclass = text_pattern_ops, multirange_type_name = rs);
         create table t (a text, b text collate \"C\", c name, d d, e d[], f outer_type, g int2vector, h text[] collate \"C\", i text collate \"und-x-icu\", j r, k rs[],
             l interval day to second(2), m \"char\", n bpchar, o bit, p timestamptz(2)[])",
    );
    let table = source.table("public", "t");
    let collations: Vec<_> = table.columns.iter().filter_map(|column| Some((column.name.as_str(), column.collation.as_deref()?))).collect();
    let c = r#""pg_catalog"."C""#;
    assert_eq!(collations, [("b", c), ("d", c), ("e", c), ("h", c), ("i", r#""pg_catalog"."und-x-icu""#)]);
    target.create(&table, &Names::default());
    let copy = target.table("public", "t");
    for (column, copied) in table.columns.iter().zip(&copy.columns) {
        assert_eq!((&column.name, &column.collation), (&copied.name, &copied.collation));
        if !matches!(column.name.as_str(), "d" | "e" | "f") {
            assert_eq!(column.type_, copied.type_, "{}", column.name);
        }
    }
    let declared = |name: &str| copy.column(name).unwrap().sql_type.clone();
    assert_eq!([declared("d"), declared("e"), declared("n"), declared("o")], ["text", "text[]", "bpchar", "bit(1)"]);
    let TypeKind::Composite { attributes, .. } = &copy.column("f").unwrap().type_.type_.kind else { panic!("no composite type") };
    let attributes: Vec<_> = attributes.iter().map(|a| (a.name.as_str(), a.typed.declared.as_str(), a.collation.as_deref())).collect();
    assert_eq!(attributes, [("a", "text", Some(c)), ("b", "text", None), ("c", "public.inner_type[]", None), ("e", "text", Some(c))]);
}
