//! Tests of the contract: each way in which a source can differ, and what is said of the difference.

use super::super::catalog::examples::{catalog, column};
use super::super::catalog::{Catalog, Column, Publication, Table};
use super::super::slots::Slot;
use super::Grade::{Concern, Fine, Wrong};
use super::{Grade, judge};

/// What is said of a source with this change, without the findings that are fine.
fn said(change: impl FnOnce(&mut Catalog)) -> Vec<(Grade, String)> {
    let mut catalog = catalog();
    change(&mut catalog);
    let findings = judge(&catalog, true).into_iter().filter(|finding| finding.grade != Fine);
    findings.map(|finding| (finding.grade, finding.what)).collect()
}

#[track_caller]
fn only(change: impl FnOnce(&mut Catalog), grade: Grade, part: &str) {
    let said = said(change);
    assert!(matches!(said.as_slice(), [(found, what)] if *found == grade && what.contains(part)), "{grade:?} {part}: {said:?}");
}

fn of_orders<'a>(catalog: &'a mut Catalog, name: &str) -> &'a mut Column {
    catalog.orders.as_mut().unwrap().columns.iter_mut().find(|column| column.name == name).unwrap()
}

fn of_customers<'a>(catalog: &'a mut Catalog, name: &str) -> &'a mut Column {
    catalog.customers.as_mut().unwrap().columns.iter_mut().find(|column| column.name == name).unwrap()
}

fn orders(catalog: &mut Catalog) -> &mut Table {
    &mut catalog.orders.as_mut().unwrap().table
}

fn publication(catalog: &mut Catalog) -> &mut Publication {
    &mut catalog.orders.as_mut().unwrap().publications[0]
}

#[test]
fn a_source_like_the_contract_is_fine_and_further_columns_are_named() {
    let mut catalog = catalog();
    catalog.orders.as_mut().unwrap().columns.push(column("gift_note", "point"));
    let findings = judge(&catalog, true);
    let said: Vec<(Grade, &str)> = findings.iter().map(|finding| (finding.grade, finding.what.as_str())).collect();
    assert_eq!(
        said,
        [
            (Fine, "replication slot orderstream is active, 56 bytes of the log is not confirmed"),
            (Fine, "orders: table public.orders has all that is needed"),
            (Fine, "orders: columns that are passed over: gift_note"),
            (Fine, "customers: table public.customers has all that is needed"),
        ]
    );
}

#[test]
fn types_of_orders_are_graded_by_what_becomes_of_their_values() {
    let typmod = |precision: i32, scale: i32| (precision << 16) + scale + 4;
    for (name, type_name, modifier, verdict) in [
        ("id", "int8", -1, None),
        ("id", "text", -1, Some(Wrong)),
        ("id", "uuid", -1, Some(Wrong)),
        ("id", "numeric", typmod(20, 0), Some(Wrong)),
        ("customer_id", "uuid", -1, None),
        ("customer_id", "int8", -1, Some(Wrong)),
        ("customer_id", "bpchar", -1, Some(Concern)),
        ("product_id", "int4", -1, Some(Wrong)),
        ("product_id", "_text", -1, Some(Wrong)),
        ("status", "jsonb", -1, None),
        ("status", "bytea", -1, Some(Wrong)),
        ("quantity", "int2", -1, None),
        ("quantity", "int8", -1, Some(Concern)),
        ("quantity", "numeric", typmod(10, 0), Some(Wrong)),
        ("quantity", "float8", -1, Some(Wrong)),
        ("price", "numeric", typmod(12, 2), None),
        ("price", "numeric", typmod(10, 0), None),
        ("price", "numeric", typmod(12, 0), Some(Concern)),
        ("price", "numeric", typmod(12, 4), Some(Wrong)),
        ("price", "numeric", typmod(13, 2), Some(Concern)),
        ("price", "numeric", -1, Some(Concern)),
        ("price", "int4", -1, None),
        ("price", "float8", -1, Some(Concern)),
        ("price", "money", -1, Some(Concern)),
        ("price", "_numeric", -1, Some(Wrong)),
        ("price", "bool", -1, Some(Wrong)),
        ("created_at", "timestamptz", -1, None),
        ("created_at", "date", -1, None),
        ("created_at", "int8", -1, Some(Concern)),
        ("created_at", "text", -1, Some(Concern)),
        ("updated_at", "time", -1, Some(Wrong)),
        ("updated_at", "_timestamp", -1, Some(Wrong)),
    ] {
        let said = said(|catalog| {
            let column = of_orders(catalog, name);
            (column.type_name, column.modifier) = (type_name.into(), modifier);
        });
        let grades: Vec<Grade> = said.iter().map(|(grade, _)| *grade).collect();
        assert_eq!(grades, Vec::from_iter(verdict), "{name} {type_name}: {said:?}");
        assert!(said.iter().all(|(_, what)| what.starts_with(&format!("orders.{name}: "))), "{said:?}");
    }
}

#[test]
fn an_enumeration_is_a_text_and_a_key_that_is_none_cannot_be_compared() {
    assert_eq!(said(|catalog| of_orders(catalog, "status").is_enum = true), []);
    only(|catalog| of_customers(catalog, "id").type_name = "uuid".into(), Concern, "customers.id: varchar: `reconcile` cannot compare");
    only(|catalog| of_customers(catalog, "id").type_name = "int4".into(), Wrong, "not a type that events write as a text");
    only(|catalog| of_customers(catalog, "tier").type_name = "int4".into(), Wrong, "customers.tier: ");
}

#[test]
fn null_is_refused_where_something_must_be_there_and_taken_elsewhere() {
    for name in ["quantity", "price", "product_id"] {
        only(|catalog| of_orders(catalog, name).is_not_null = false, Concern, "it may be null");
    }
    for name in ["customer_id", "status", "created_at", "updated_at"] {
        assert_eq!(said(|catalog| of_orders(catalog, name).is_not_null = false), [], "{name}");
    }
    assert_eq!(said(|catalog| of_customers(catalog, "name").is_not_null = false), []);
}

#[test]
fn a_column_that_events_do_not_have_is_named_with_what_follows() {
    for (name, grade) in [
        ("id", Wrong),
        ("quantity", Wrong),
        ("price", Wrong),
        ("customer_id", Wrong),
        ("product_id", Wrong),
        ("status", Wrong),
        ("created_at", Concern),
        ("updated_at", Concern),
    ] {
        only(|catalog| of_orders(catalog, name).name = "renamed".into(), grade, "there is no such column");
        only(|catalog| of_orders(catalog, name).is_generated = true, grade, "the column is generated");
        only(|catalog| publication(catalog).columns.retain(|column| column != name), grade, "leaves the column out");
    }
    for (name, grade) in [("id", Wrong), ("name", Concern), ("email", Concern), ("tier", Concern), ("country", Concern)] {
        only(|catalog| of_customers(catalog, name).name = "renamed".into(), grade, "there is no such column");
    }
}

#[test]
fn generated_columns_are_published_by_postgres_18_where_the_publication_says_so() {
    let generated = |catalog: &mut Catalog| {
        catalog.server.version_number = 180_001;
        of_orders(catalog, "status").is_generated = true;
    };
    assert_eq!(said(generated), []);
    let left_out = |catalog: &mut Catalog| {
        generated(catalog);
        publication(catalog).columns.retain(|column| column != "status");
    };
    only(left_out, Wrong, "leaves the column out");
}

#[test]
fn rows_need_a_key_with_an_id_that_no_two_of_them_have() {
    only(|catalog| orders(catalog).primary_key = vec![], Wrong, "no primary key");
    let composite = |catalog: &mut Catalog| orders(catalog).primary_key = vec!["region".into(), "id".into()];
    assert_eq!(said(composite), [], "an index makes sure that ids are unique");
    let may_repeat = |catalog: &mut Catalog| {
        composite(catalog);
        orders(catalog).has_unique_id = false;
    };
    only(may_repeat, Wrong, "(region, id), and orders that share an id are taken for one order; if none do, `create unique index");
    let of_partitions = |catalog: &mut Catalog| {
        may_repeat(catalog);
        orders(catalog).kind = "p".into();
    };
    only(of_partitions, Concern, "have all ids from one sequence");
    only(|catalog| orders(catalog).primary_key = vec!["code".into()], Wrong, "without id");
}

#[test]
fn the_replica_identity_is_judged_by_what_it_leaves_out() {
    let with = |identity: &str| {
        let identity = identity.to_owned();
        move |catalog: &mut Catalog| orders(catalog).identity = identity
    };
    only(with("d"), Concern, "does not send long values again");
    only(with("n"), Wrong, "Postgres refuses the shop's own updates");
    only(with("i"), Wrong, "an index without id");
    let by_index = |catalog: &mut Catalog| {
        orders(catalog).identity = "i".into();
        orders(catalog).identity_index = vec!["id".into()];
    };
    only(by_index, Concern, "does not send long values again");
    let short = |catalog: &mut Catalog| {
        orders(catalog).identity = "d".into();
        orders(catalog).has_toast = false;
    };
    assert_eq!(said(short), []);
    let of_customers = |catalog: &mut Catalog| catalog.customers.as_mut().unwrap().table.identity = "d".into();
    only(of_customers, Concern, "becomes a dead letter");
}

#[test]
fn only_tables_whose_changes_are_in_the_log_are_taken() {
    only(|catalog| orders(catalog).kind = "v".into(), Wrong, "no table but a view");
    only(|catalog| orders(catalog).persistence = "u".into(), Wrong, "unlogged");
    only(|catalog| catalog.server.wal_level = "replica".into(), Wrong, "wal_level is replica");
    only(|catalog| catalog.orders = None, Wrong, "no table orders in the search path of role shop");
    assert_eq!(said(|catalog| orders(catalog).kind = "p".into()), [], "a partitioned table that is published as a whole");
}

#[test]
fn a_publication_must_have_all_rows_and_all_changes() {
    only(|catalog| publication(catalog).truncates = false, Concern, "leaves out truncates");
    only(|catalog| publication(catalog).deletes = false, Wrong, "leaves out deletes");
    only(|catalog| publication(catalog).row_filter = Some("(quantity > 1)".into()), Wrong, "row filter");
    only(|catalog| publication(catalog).has_table = false, Wrong, "no publication has the table");
    only(|catalog| catalog.orders.as_mut().unwrap().publications.clear(), Concern, "has no publication yet");
    let partitioned = |catalog: &mut Catalog| {
        orders(catalog).kind = "p".into();
        publication(catalog).has_table = false;
    };
    only(partitioned, Wrong, "publish_via_partition_root");
    assert_eq!(said(|catalog| publication(catalog).columns.clear()), [], "a version that does not tell the columns");
}

#[test]
fn what_one_publication_leaves_out_another_one_may_have() {
    let two = |catalog: &mut Catalog| {
        let other = Publication { name: "other".into(), row_filter: Some("(id > 7)".into()), ..publication(catalog).clone() };
        catalog.orders.as_mut().unwrap().publications.push(other);
    };
    only(two, Concern, "publication other has a row filter");
}

#[test]
fn customers_are_not_looked_at_where_no_topic_of_them_is_read() {
    let mut catalog = catalog();
    catalog.customers = None;
    assert_eq!(judge(&catalog, true).iter().filter(|finding| finding.grade == Wrong).count(), 1);
    assert!(judge(&catalog, false).iter().all(|finding| finding.grade == Fine));
}

#[test]
fn a_log_that_nobody_reads_is_told_with_what_waits_in_it() {
    only(|catalog| catalog.slots.clear(), Concern, "no replication slot of this database");
    let held =
        |catalog: &mut Catalog| catalog.slots[0] = Slot { is_active: false, unread: Some("12 MB".into()), ..catalog.slots[0].clone() };
    let what =
        "replication slot orderstream is not active: no connector reads the shop's changes, and 12 MB of the log is held back; see the";
    only(held, Concern, what);
    only(|catalog| catalog.slots[0].is_lost = true, Wrong, "replication slot orderstream has lost its place");
    let forgotten = |catalog: &mut Catalog| {
        held(catalog);
        catalog.slots.push(Slot { name: "other".into(), is_active: true, ..catalog.slots[0].clone() });
    };
    only(forgotten, Concern, "replication slot orderstream is not active, another one is; it holds back 12 MB of the log");
}
