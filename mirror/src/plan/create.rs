//! The statements that make a table in the target.

use super::type_steps::{TypeSteps, create_schema};
use super::{Names, Step, Unmade};
use crate::catalog::{Column, Generated, Table, TableName};
use crate::quote::{quote_identifier, quote_list};

/// The statements that make `target` as a copy of `source`: with the exact types and collations, the key, and nothing else. There are no
/// defaults, because Debezium sends every value; no foreign keys and no secondary unique indexes, because changes of several tables, and of
/// one table's partitions in Kafka, have no order between them; and no `not null` beside the key, because a column may be without a value
/// for as long as the source's and the target's shapes differ. A partitioned table becomes a plain one.
///
/// All statements can be run again. A type that is there already stays as it is: once the table is there, [`evolve`](super::evolve()) says
/// what its types lack.
///
/// # Errors
/// Every column whose type the target cannot be given.
pub fn create(source: &Table, target: &TableName, names: &Names) -> Result<Vec<Step>, Vec<Unmade>> {
    let mut types = TypeSteps::new(names);
    let mut unmade = Vec::new();
    for column in &source.columns {
        if let Err(why) = types.add(&column.type_.type_) {
            unmade.push(Unmade { column: column.name.clone(), sql_type: column.sql_type.clone(), why });
        }
    }
    if !unmade.is_empty() {
        return Err(unmade);
    }
    let schema = create_schema(&target.schema);
    let mut steps = types.into_steps();
    steps.retain(|step| *step != schema);
    steps.insert(0, schema);
    steps.push(Step::new(create_table(source, target, names), "the table, with the source's types and key"));
    Ok(steps)
}

fn create_table(source: &Table, target: &TableName, names: &Names) -> String {
    let mut lines: Vec<String> = source.columns.iter().map(|column| definition(column, source.is_key(&column.name), names)).collect();
    if !source.key.is_empty() {
        lines.push(format!("primary key ({})", quote_list(source.key_columns().map(|column| column.name.as_str()))));
    }
    if lines.is_empty() {
        return format!("create table if not exists {target} ()");
    }
    format!("create table if not exists {target} (\n    {}\n)", lines.join(",\n    "))
}

/// The column as `create table` and `add column` take it. A column that the source computes when it is read is stored in the target, which
/// every version of Postgres can do.
pub(super) fn definition(column: &Column, is_key: bool, names: &Names) -> String {
    let mut text = format!("{} {}", quote_identifier(&column.name), names.declared(&column.type_));
    if let Some(collation) = &column.collation {
        text = format!("{text} collate {collation}");
    }
    if let (Generated::Stored | Generated::Virtual, Some(expression)) = (column.generated, &column.default) {
        text = format!("{text} generated always as ({expression}) stored");
    }
    if is_key { format!("{text} not null") } else { text }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::examples::{
        array, column, composite, domain, enumeration, integer, keyed, numeric, of_extension, range, table, text, varchar,
    };
    use crate::catalog::{IdentityColumn, Type, TypeKind, Typed};

    fn names() -> Names {
        Names { schemas: BTreeMap::from([("shop".to_owned(), "copy".to_owned())]), ..Names::default() }
    }

    fn statements(source: &Table) -> Vec<String> {
        let steps = create(source, &TableName::new("copy", "Orders"), &names()).unwrap();
        steps.into_iter().map(|step| step.sql).collect()
    }

    #[test]
    fn a_table_has_the_types_the_key_in_its_order_and_nothing_else() {
        let mut source = table(vec![
            column("id", integer()),
            column("Region", varchar(5)),
            Column { not_null: true, default: Some("1.5".to_owned()), ..column("price", numeric(10, 2)) },
            Column { collation: Some(r#""pg_catalog"."C""#.to_owned()), ..column("name", text()) },
            Column { identity_column: IdentityColumn::Always, not_null: true, ..column("number", integer()) },
            Column { generated: Generated::Stored, default: Some("(price * 2)".to_owned()), ..column("gross", numeric(12, 2)) },
        ]);
        source.kind = crate::catalog::Relation::Partitioned;
        assert_eq!(
            statements(&keyed(source, &["Region", "id"])),
            [
                r#"create schema if not exists "copy""#,
                r#"create table if not exists "copy"."Orders" (
    "id" integer not null,
    "Region" character varying(5) not null,
    "price" numeric(10,2),
    "name" text collate "pg_catalog"."C",
    "number" integer,
    "gross" numeric(12,2) generated always as ((price * 2)) stored,
    primary key ("Region", "id")
)"#
            ]
        );
    }

    #[test]
    fn a_table_without_key_or_without_columns_can_be_made() {
        assert_eq!(
            statements(&table(vec![column("a", integer())]))[1],
            "create table if not exists \"copy\".\"Orders\" (\n    \"a\" integer\n)"
        );
        assert_eq!(statements(&table(vec![]))[1], r#"create table if not exists "copy"."Orders" ()"#);
    }

    #[test]
    fn types_come_before_what_is_made_of_them_and_each_once() {
        let mood = enumeration("shop", "mood", &["it's", "ok"]);
        let place = composite("shop", "place", &[("x", numeric(4, 1)), ("mood", array(&mood))]);
        let (floats, multi) = range("shop", "floats", &integer());
        let source = table(vec![
            column("a", array(&place)),
            column("b", mood.clone()),
            column("c", domain("shop", "moods", &array(&mood))),
            column("d", multi),
            column("e", floats),
        ]);
        let caught = "exception when duplicate_object or unique_violation then null; end'";
        let all = statements(&source);
        assert_eq!(
            all[..4],
            [
                r#"create schema if not exists "copy""#.to_owned(),
                format!(r#"do 'begin create type "copy"."mood" as enum (''it''''s'', ''ok''); {caught}"#),
                format!(r#"do 'begin create type "copy"."place" as ("x" numeric(4,1), "mood" "copy"."mood"[]); {caught}"#),
                format!(
                    r#"do 'begin create type "copy"."floats" as range (subtype = integer, multirange_type_name = "floats_multi"); {caught}"#
                ),
            ]
        );
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn an_extension_is_made_once_and_only_if_the_target_lacks_it() {
        let source = table(vec![
            column("a", of_extension("hstore", "ext", "hstore", "")),
            column("b", of_extension("hstore", "ext", "ghstore", "")),
        ]);
        assert_eq!(
            statements(&source)[..3],
            [
                r#"create schema if not exists "copy""#,
                r#"create schema if not exists "ext""#,
                r#"create extension if not exists "hstore" with schema "ext""#
            ]
        );
        let has = Names { extensions: BTreeMap::from([("hstore".to_owned(), "public".to_owned())]), ..names() };
        let steps = create(&source, &source.name, &has).unwrap();
        assert_eq!(steps.len(), 2);
        assert!(steps[1].sql.contains(r#""a" "public"."hstore""#), "{}", steps[1].sql);
    }

    #[test]
    fn every_type_that_cannot_be_made_is_named_with_its_column() {
        let own = |kind: TypeKind| {
            let plain = enumeration("shop", "own", &[]);
            Typed { type_: std::sync::Arc::new(Type { kind, ..(*plain.type_).clone() }), ..plain }
        };
        let source = table(vec![
            column("a", own(TypeKind::Base)),
            column("b", integer()),
            column("c", own(TypeKind::Composite { attributes: vec![], of_table: true })),
            column("d", array(&domain("shop", "list", &array(&integer())))),
        ]);
        let unmade = create(&source, &source.name, &names()).unwrap_err();
        assert_eq!(unmade.iter().map(|unmade| unmade.column.as_str()).collect::<Vec<_>>(), ["a", "c", "d"]);
        assert!(unmade[1].to_string().starts_with(r#"column "c" of type shop.own: the type is the row of a table"#), "{}", unmade[1]);
    }
}
