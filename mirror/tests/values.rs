//! What Debezium 3.6.1 and 3.7.0 sent for each type of Postgres, and what becomes of it.
//!
//! `fixtures/values.jsonl` has one line for each type and way to write it: the facts of the catalog, the settings that differ from the
//! default, the schema if the event had one, and for each value its JSON, the text that the source has for it (`v::text`), and the text of
//! the cell, which a Postgres 15 has read as the same value, unless the line says that it `differs` or is `refused`. Snapshots and streams
//! are both in it. `fixtures/unchanged.jsonl` has what came for values that an update left out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use orderstream_mirror::value::{
    BinaryMode, Cell, ConnectType, DecimalMode, Delivery, HstoreMode, IntervalMode, Kind, Modes, Placeholder, TimeMode, TypeFacts,
    TypeForm, cell, is_null_if_unchanged, loss,
};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Column<'a> {
    debezium: Vec<String>,
    #[serde(rename = "type")]
    type_: String,
    facts: Facts,
    #[serde(default)]
    modes: Settings,
    schema: Option<ConnectType>,
    #[serde(default)]
    absent: bool,
    #[serde(borrow)]
    values: Vec<Value<'a>>,
}

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow)]
    raw: &'a RawValue,
    text: Option<String>,
    cell: Option<String>,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    differs: bool,
}

#[derive(Deserialize)]
struct Unchanged<'a> {
    debezium: Vec<String>,
    #[serde(rename = "type")]
    type_: String,
    facts: Facts,
    #[serde(borrow)]
    raw: &'a RawValue,
}

/// The columns of `pg_type` and `pg_attribute`, with domains resolved.
#[derive(Deserialize)]
struct Facts {
    name: String,
    typtype: char,
    modifier: i32,
    domain: bool,
    delimiter: char,
    element: Option<Box<Facts>>,
}

impl Facts {
    fn with<T>(&self, read: impl FnOnce(&TypeFacts<'_>) -> T) -> T {
        // `oidvector` has elements too, but another text than arrays have.
        let element = self.element.as_ref().filter(|_| self.name.starts_with('_')).map(|element| element.facts(element.form()));
        read(&self.facts(element.as_ref().map_or_else(|| self.form(), TypeForm::Array)))
    }

    fn facts<'a>(&'a self, form: TypeForm<'a>) -> TypeFacts<'a> {
        TypeFacts { name: &self.name, form, modifier: self.modifier, is_domain: self.domain, is_shadowed: false, delimiter: self.delimiter }
    }

    fn form(&self) -> TypeForm<'_> {
        match self.typtype {
            'b' => TypeForm::Base,
            'c' => TypeForm::Composite,
            'e' => TypeForm::Enum,
            'm' => TypeForm::Multirange,
            'r' => TypeForm::Range,
            other => panic!("typtype {other}"),
        }
    }
}

/// The settings of the connector that differ from the default.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    decimal: Option<DecimalMode>,
    time: Option<TimeMode>,
    binary: Option<BinaryMode>,
    interval: Option<IntervalMode>,
    hstore: Option<HstoreMode>,
    include_unknown: Option<bool>,
}

impl Settings {
    fn modes(&self) -> Modes {
        let default = Modes::default();
        Modes {
            decimal: self.decimal.unwrap_or(default.decimal),
            time: self.time.unwrap_or(default.time),
            binary: self.binary.unwrap_or(default.binary),
            interval: self.interval.unwrap_or(default.interval),
            hstore: self.hstore.unwrap_or(default.hstore),
            include_unknown: self.include_unknown.unwrap_or(default.include_unknown),
            // Among the values are those that look like the placeholder.
            placeholder: Placeholder::none(),
            ..default
        }
    }
}

fn columns() -> Vec<Column<'static>> {
    include_str!("fixtures/values.jsonl").lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn unchanged() -> Vec<Unchanged<'static>> {
    include_str!("fixtures/unchanged.jsonl").lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn each_value_that_debezium_sends_becomes_the_text_that_postgres_reads_as_that_value() {
    let mut values = 0;
    for column in columns() {
        let kind = column.facts.with(Kind::of);
        let modes = column.modes.modes();
        for value in &column.values {
            let what = format!("{} of {:?} with {:?}: {}", column.type_, column.debezium, column.modes, value.raw);
            let read = cell(&kind, value.raw.get(), &modes, column.schema.as_ref());
            match (&value.cell, value.refused) {
                (Some(text), _) => assert_eq!(read, Ok(Cell::Text(text.as_str().into())), "{what}"),
                (None, true) => assert!(read.is_err(), "{what}"),
                (None, false) => assert_eq!(read, Ok(Cell::Null), "{what}"),
            }
            assert!(value.differs || value.text.is_some(), "{what}");
            values += 1;
        }
    }
    assert!(values > 1_000, "{values} values");
}

#[test]
fn a_type_with_a_value_that_does_not_arrive_equal_is_named_beforehand() {
    for column in columns() {
        let found = column.facts.with(|facts| loss(facts, &column.modes.modes()));
        let what = format!("{} of {:?} with {:?}: {found:?}", column.type_, column.debezium, column.modes);
        if column.absent {
            assert_eq!(found.map(|loss| loss.delivery), Some(Delivery::Absent), "{what}");
        }
        if column.values.iter().any(|value| value.differs) {
            assert!(found.is_some(), "{what}");
        }
    }
}

#[test]
fn a_value_that_an_update_leaves_out_is_recognised_or_its_type_is_named_beforehand() {
    let modes = Modes::default();
    for column in unchanged() {
        let what = format!("{} of {:?}: {}", column.type_, column.debezium, column.raw);
        let is_named = column.facts.with(|facts| is_null_if_unchanged(facts, &modes));
        let read = cell(&column.facts.with(Kind::of), column.raw.get(), &modes, None);
        match read {
            Ok(Cell::Null) => assert!(is_named, "{what}"),
            read => assert_eq!(read, Ok(Cell::Unchanged), "{what}"),
        }
    }
}
