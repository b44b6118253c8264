use super::{Grade, limits, topics};
use crate::catalog::examples::{column, integer, keyed, table, text};
use crate::catalog::{Column, Identity, KeyFrom, Persistence, Publication, Published, Relation, Table, TableName};

/// A table with a key and a column whose values may be long.
fn orders() -> Table {
    keyed(table(vec![column("id", integer()), Column { may_be_apart: true, ..column("Note", text()) }]), &["id"])
}

fn named(schema: &str, name: &str) -> Table {
    Table { name: TableName::new(schema, name), ..orders() }
}

fn everything(tables: &[&Table]) -> Publication {
    let published = |table: &&Table| Published {
        table: table.name.clone(),
        columns: table.columns.iter().map(|column| column.name.clone()).collect(),
        is_filtered: false,
    };
    Publication {
        name: "dbz".to_owned(),
        via_root: true,
        inserts: true,
        updates: true,
        deletes: true,
        truncates: true,
        tables: tables.iter().map(published).collect(),
    }
}

fn said(table: &Table, publication: Option<&Publication>) -> Vec<(Grade, String)> {
    limits(std::slice::from_ref(table), publication).into_iter().map(|limit| (limit.grade, limit.what)).collect()
}

#[test]
fn a_table_with_a_key_and_full_identity_has_no_limits() {
    assert_eq!(said(&orders(), Some(&everything(&[&orders()]))), []);
}

#[test]
fn what_the_table_alone_tells_is_said() {
    let keyless = || table(vec![column("a", integer())]);
    for (case, table, grade, words) in [
        ("a view", Table { kind: Relation::NoTable, ..orders() }, Grade::Refused, "no table but a view"),
        ("unlogged", Table { persistence: Persistence::Unlogged, ..orders() }, Grade::Refused, r#"alter table "shop"."orders" set logged"#),
        ("partitioned", Table { kind: Relation::Partitioned, ..orders() }, Grade::Told, "attached, detached or dropped"),
        ("inheritance", Table { kind: Relation::Inherits, ..orders() }, Grade::Told, "tables of their own"),
        (
            "identity nothing",
            Table { identity: Identity::Nothing, ..orders() },
            Grade::Refused,
            r#"alter table "shop"."orders" replica identity full"#,
        ),
        ("no key", keyless(), Grade::Told, "provide.transaction.metadata=true"),
        ("no key, identity default", Table { identity: Identity::Default, ..keyless() }, Grade::Partly, "only inserts"),
        (
            "a unique index, identity default",
            Table { identity: Identity::Default, key_from: KeyFrom::Unique, ..orders() },
            Grade::Partly,
            "only inserts",
        ),
        ("long values", Table { identity: Identity::Default, ..orders() }, Grade::Told, r#"in columns "Note""#),
        ("another index", Table { identity: Identity::Index, identity_index: vec![1], ..orders() }, Grade::Refused, r#"the key ("id")"#),
        (
            "twins",
            keyed(table(vec![column("id", integer()), column("v", text()), column("V", text())]), &["id"]),
            Grade::Refused,
            r#"columns "V", "v" differ only in case"#,
        ),
    ] {
        let limits = said(&table, None);
        assert!(matches!(&limits[..], [(found, what)] if *found == grade && what.contains(words)), "{case}: {limits:?}");
    }
}

#[test]
fn short_values_and_an_identity_with_the_key_are_no_limit() {
    assert_eq!(said(&Table { identity: Identity::Default, has_toast: false, ..orders() }, None), []);
    assert_eq!(said(&Table { identity: Identity::Index, identity_index: vec![0], has_toast: false, ..orders() }, None), []);
}

#[test]
fn what_the_publication_leaves_out_is_said() {
    let (table, all) = (orders(), || everything(&[&orders()]));
    let root = named("shop", "root");
    let partition = Table { kind: Relation::Partition { root: root.name.clone() }, ..orders() };
    let partitioned = Table { kind: Relation::Partitioned, ..orders() };
    let columns = |columns: &[&str]| {
        let mut publication = all();
        publication.tables[0].columns = columns.iter().map(ToString::to_string).collect();
        publication
    };
    let mut filtered = all();
    filtered.tables[0].is_filtered = true;
    for (case, table, publication, grade, words) in [
        ("not in it", &table, everything(&[]), Grade::Refused, r#"alter publication "dbz" add table "shop"."orders""#),
        (
            "no updates",
            &table,
            Publication { updates: false, truncates: false, ..all() },
            Grade::Partly,
            "leaves out updates and truncates",
        ),
        ("a condition", &table, filtered, Grade::Partly, "fulfil a condition"),
        ("a column", &table, columns(&["id"]), Grade::Partly, r#"leaves out columns "Note""#),
        ("a key column", &table, columns(&["Note"]), Grade::Refused, r#"columns "id" of the key"#),
        ("a partition of a published table", &partition, everything(&[&root]), Grade::Refused, r#"mirror "shop"."root""#),
        (
            "a partitioned table whose partitions are published",
            &partitioned,
            Publication { via_root: false, ..everything(&[&root]) },
            Grade::Refused,
            "publish_via_partition_root = true",
        ),
    ] {
        let limits = said(table, Some(&publication));
        assert!(limits.iter().any(|(found, what)| *found == grade && what.contains(words)), "{case}: {limits:?}");
    }
}

#[test]
fn tables_that_meet_in_one_topic_are_named_with_each_other() {
    for (schema, table, topic) in [
        ("public", "orders", "public.orders"),
        ("public", "col lide", "public.col_lide"),
        ("public", "größe_ßß", "public.gr__e___"),
        ("a.b", "c-d", "a.b.c-d"),
        ("public", "😀", "public.__"),
    ] {
        assert_eq!(topics::topic(&TableName::new(schema, table)), topic);
    }
    let tables = [named("public", "col lide"), named("public", "other"), named("public", "col+lide")];
    let found = limits(&tables, None);
    assert_eq!(found.iter().map(|limit| limit.table.table.as_str()).collect::<Vec<_>>(), ["col lide", "col+lide"]);
    assert!(found[0].what.contains(r#"(..public.col_lide) with those of "public"."col+lide""#), "{}", found[0].what);
}
