//! What a record tells of its table, where the types come from the events (`mirror.types`). Pure.

use std::fmt;

use change::envelope::{EventReader, Format, Schema, TableAction};
use change::record::Record;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::catalog::{Table, TableName};
use crate::connect_types;
use crate::plan::{self, Unmade};
use crate::settings::Types;

/// What a record tells of its table.
#[derive(Debug, Clone, Default)]
pub enum Told {
    /// Nothing. Where the target lacks the table, there is nothing that the record could change.
    #[default]
    Nothing,
    /// The table, with the types that the events give it.
    Table(Table),
    /// Only a part of the table, which is enough for one that is there: what is not told, and what to do.
    Partly(Table, String),
    /// Nothing of what it should tell: why, and what to do.
    Untold(String),
}

impl Told {
    /// What a record tells of the table `name`, without the excluded columns.
    #[must_use]
    pub fn by(record: &Record, name: &TableName, reader: &EventReader, types: Types, is_excluded: &dyn Fn(&str) -> bool) -> Self {
        if types == Types::Catalog {
            return Self::Nothing;
        }
        let Ok(Some(event)) = reader.table_event(record, &[], None) else { return Self::Nothing };
        let is_other = |told: &Option<std::borrow::Cow<'_, str>>, own: &str| told.as_ref().is_some_and(|told| told != own);
        let is_another = is_other(&event.table.schema, &name.schema) || is_other(&event.table.table, &name.table);
        if is_another || record.value.is_none() || matches!(event.action, TableAction::Truncate) {
            return Self::Nothing;
        }
        let key = key_columns(record);
        let columns = key.as_deref().unwrap_or_default();
        let told = match types {
            Types::Text => by_text(record, name, reader.format, columns, is_excluded),
            Types::Catalog | Types::Schema => by_schema(event.schema, name, columns, is_excluded),
        };
        match told {
            Err(why) => Self::Untold(why),
            Ok((table, unmade)) => match lacks(name, &table, &unmade, key.as_deref(), is_excluded) {
                Some(why) => Self::Partly(table, why),
                None => Self::Table(table),
            },
        }
    }

    /// The table as far as it is told.
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) | Self::Partly(table, _) => Some(table),
            Self::Nothing | Self::Untold(_) => None,
        }
    }

    /// What is not told.
    #[must_use]
    pub fn untold(&self) -> Option<&str> {
        match self {
            Self::Partly(_, why) | Self::Untold(why) => Some(why),
            Self::Nothing | Self::Table(_) => None,
        }
    }
}

/// The table as far as it is told, and the columns whose types are not.
type Half = (Table, Vec<Unmade>);

fn by_schema(schema: Schema<'_>, name: &TableName, key: &[String], is_excluded: &dyn Fn(&str) -> bool) -> Result<Half, String> {
    let mut columns = connect_types::columns(schema).ok_or_else(|| {
        format!(
            "the events of {name} have no schema, by which mirror.types=schema makes the table: set value.converter.schemas.enable=true in the \
             connector, or create the table"
        )
    })?;
    columns.retain(|(column, _)| !is_excluded(column));
    Ok(plan::by_schema(name, &columns, key))
}

fn by_text(record: &Record, name: &TableName, format: Format, key: &[String], is_excluded: &dyn Fn(&str) -> bool) -> Result<Half, String> {
    let row = row(record, format).ok_or_else(|| format!("the event of {name} has no row, whose names are the columns"))?;
    let is_nested = |raw: &RawValue| raw.get().starts_with(['{', '[']);
    let columns = row.0.into_iter().filter(|(column, _)| !is_excluded(column)).map(|(column, raw)| (column, is_nested(&raw)));
    Ok((plan::by_text(name, &columns.collect::<Vec<_>>(), key), Vec::new()))
}

/// What is not told of the table, if anything is not.
fn lacks(name: &TableName, table: &Table, unmade: &[Unmade], key: Option<&[String]>, is_excluded: &dyn Fn(&str) -> bool) -> Option<String> {
    let Some(key) = key else {
        return Some(format!("the key of the records of {name} is no object, so that it does not tell the columns of the key"));
    };
    let is_known = |column: &str| table.column(column).is_some() || unmade.iter().any(|unmade| unmade.column == column);
    if let Some(column) = key.iter().find(|column| !is_known(column) && !is_excluded(column)) {
        return Some(format!("the records of {name} have the key {column}, which is no column of the row"));
    }
    let columns = unmade.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (!columns.is_empty()).then(|| format!("the schema of the events does not tell every type of {name}: {columns}"))
}

/// The row after the event, or the one before a delete.
fn row(record: &Record, format: Format) -> Option<Pairs> {
    let value = payload(serde_json::from_slice(record.value.as_deref()?).ok()?);
    match format {
        Format::Envelope => ["after", "before"].into_iter().find_map(|name| value.get(name)),
        // What the unwrap transform adds to a row has this prefix.
        Format::Flat => Some(Pairs(value.0.into_iter().filter(|(name, _)| !name.starts_with("__")).collect())),
    }
}

/// The columns of a record's key, in its order; none without a key, and `None` if the key is no object.
fn key_columns(record: &Record) -> Option<Vec<String>> {
    let Some(key) = record.key.as_deref().filter(|key| *key != b"null") else { return Some(Vec::new()) };
    let key = payload(serde_json::from_slice(key).ok()?);
    Some(key.0.into_iter().map(|(name, _)| name).collect())
}

/// What the converter has put beside its schema, or the value itself.
fn payload(value: Pairs) -> Pairs {
    let is_wrapped = value.0.len() == 2 && value.0.iter().any(|(name, _)| name == "schema");
    value.get("payload").filter(|_| is_wrapped).unwrap_or(value)
}

/// The fields of an object, in its order.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl Pairs {
    /// The fields of an object in the field `name`.
    fn get(&self, name: &str) -> Option<Self> {
        let (_, raw) = self.0.iter().find(|(known, _)| known == name)?;
        serde_json::from_str(raw.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests;
