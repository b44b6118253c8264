//! The type of Postgres for a type of Kafka Connect: one that holds every value with the text that it has in the source. A length that the schema does
//! not tell is left out.
//!
//! Source: <https://debezium.io/documentation/reference/3.6/connectors/postgresql.html#postgresql-data-types>.

use super::{array_of, built_in, of_extension, propagated};
use crate::catalog::Typed;
use crate::value::ConnectType;

/// The type of Postgres.
///
/// # Errors
/// Why the schema does not tell, and what to do.
pub(super) fn typed(type_: &ConnectType) -> Result<Typed, String> {
    match type_.name.as_deref() {
        Some(name) => logical(name, type_),
        None => plain(type_),
    }
}

fn plain(type_: &ConnectType) -> Result<Typed, String> {
    let (name, declared, category) = match type_.type_.as_str() {
        "boolean" => ("bool", "boolean", 'B'),
        "int8" | "int16" => ("int2", "smallint", 'N'),
        "int32" => ("int4", "integer", 'N'),
        "int64" => ("int8", "bigint", 'N'),
        "float" | "float32" => ("float4", "real", 'N'),
        "double" | "float64" => ("float8", "double precision", 'N'),
        "string" => ("text", "text", 'S'),
        "bytes" => ("bytea", "bytea", 'U'),
        "array" => {
            let items = type_.items.as_deref().ok_or("the schema does not tell what the array is of")?;
            return typed(items).map(|element| array_of(&element));
        }
        _ => return Err(untold("several types of Postgres")),
    };
    Ok(built_in(name, declared, category, -1))
}

fn logical(name: &str, type_: &ConnectType) -> Result<Typed, String> {
    let Some((package, short)) = name.rsplit_once('.') else { return Err(unknown()) };
    let is_debezium = package.starts_with("io.debezium.");
    if !is_debezium && package != "org.apache.kafka.connect.data" {
        return Err(unknown());
    }
    let timestamp = || built_in("timestamp", "timestamp without time zone", 'D', -1);
    Ok(match short {
        "Decimal" => {
            let precision = type_.parameters.precision().zip(type_.parameters.scale());
            precision.map_or_else(propagated::numeric, |(precision, scale)| propagated::numeric_of(precision, scale))
        }
        "VariableScaleDecimal" => propagated::numeric(),
        "Bits" => match type_.parameters.length() {
            Some(length) if length != i32::MAX => built_in("bit", &format!("bit({length})"), 'V', length),
            _ => built_in("varbit", "bit varying", 'V', -1),
        },
        "Uuid" => built_in("uuid", "uuid", 'U', -1),
        // `json` keeps the text as it is, which `jsonb` would not do for a source of `json`.
        "Json" => built_in("json", "json", 'U', -1),
        "Xml" => built_in("xml", "xml", 'U', -1),
        // Neither the name of the enumeration nor a label with a comma can be known.
        "Enum" | "EnumSet" => built_in("text", "text", 'S', -1),
        "TsVector" | "Tsvector" => built_in("tsvector", "tsvector", 'U', -1),
        "Ltree" => of_extension("ltree", "ltree", None),
        "DoubleVector" => of_extension("vector", "vector", None),
        "FloatVector" => of_extension("vector", "halfvec", None),
        "SparseVector" | "SparseDoubleVector" => of_extension("vector", "sparsevec", None),
        "Date" | "IsoDate" => built_in("date", "date", 'D', -1),
        "Time" | "MicroTime" | "NanoTime" | "IsoTime" => built_in("time", "time without time zone", 'D', -1),
        "Timestamp" | "MicroTimestamp" | "NanoTimestamp" | "IsoTimestamp" => timestamp(),
        "ZonedTime" => built_in("timetz", "time with time zone", 'D', -1),
        "ZonedTimestamp" => built_in("timestamptz", "timestamp with time zone", 'D', -1),
        "MicroDuration" | "NanoDuration" | "Interval" => built_in("interval", "interval", 'T', -1),
        "Year" => built_in("int4", "integer", 'N', -1),
        "Point" => built_in("point", "point", 'G', -1),
        "Line" => built_in("line", "line", 'G', -1),
        "Circle" => built_in("circle", "circle", 'G', -1),
        "Geography" => of_extension("postgis", "geography", None),
        "Geometry" => return Err(untold("PostGIS' geometry, a box, a path, a polygon or a line segment")),
        _ => return Err(unknown()),
    })
}

/// The schema's type may be one of several.
fn untold(types: &str) -> String {
    format!("it may be {types}; let the connector tell the source's type: column.propagate.source.type=.*")
}

fn unknown() -> String {
    "it is none of Debezium's types; let the connector tell the source's type: column.propagate.source.type=.*".to_owned()
}
