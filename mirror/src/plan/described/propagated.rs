//! The type of Postgres that the connector has named with `column.propagate.source.type`: the name in capital letters, the length and the scale.

use super::{array_of, built_in, of_extension};
use crate::catalog::Typed;
use crate::value::Parameters;

/// What stands behind a type in brackets.
#[derive(Clone, Copy)]
enum Modifier {
    /// Nothing.
    None,
    /// The characters, which the catalog counts with four more.
    Characters,
    /// The bits.
    Bits,
    /// The digits and those behind the point.
    Digits,
    /// The digits behind the second.
    Seconds,
    /// The number of elements of a vector.
    Elements,
}

/// Types whose name in SQL is another one than `typname`, or that have a modifier: the name, as `format_type` writes it with `#` for the modifier,
/// `typcategory`.
const SPELLED: &[(&str, &str, char, Modifier)] = &[
    ("bool", "boolean", 'B', Modifier::None),
    ("int2", "smallint", 'N', Modifier::None),
    ("int4", "integer", 'N', Modifier::None),
    ("int8", "bigint", 'N', Modifier::None),
    ("float4", "real", 'N', Modifier::None),
    ("float8", "double precision", 'N', Modifier::None),
    ("numeric", "numeric#", 'N', Modifier::Digits),
    ("varchar", "character varying#", 'S', Modifier::Characters),
    ("bpchar", "character#", 'S', Modifier::Characters),
    ("char", "\"char\"", 'S', Modifier::None),
    ("bit", "bit#", 'V', Modifier::Bits),
    ("varbit", "bit varying#", 'V', Modifier::Bits),
    ("time", "time# without time zone", 'D', Modifier::Seconds),
    ("timetz", "time# with time zone", 'D', Modifier::Seconds),
    ("timestamp", "timestamp# without time zone", 'D', Modifier::Seconds),
    ("timestamptz", "timestamp# with time zone", 'D', Modifier::Seconds),
    // The modifier of an interval says which fields it has, and the connector does not tell them.
    ("interval", "interval", 'T', Modifier::None),
];

/// Types that SQL names as the catalog does: of text, and of anything else.
const TEXTS: &[&str] = &["text", "name"];
const OTHERS: &[&str] = &[
    "money",
    "bytea",
    "date",
    "uuid",
    "json",
    "jsonb",
    "xml",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "tsvector",
    "tsquery",
    "oid",
    "xid",
    "xid8",
    "cid",
    "tid",
    "pg_lsn",
    "jsonpath",
    "txid_snapshot",
    "pg_snapshot",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "refcursor",
];

/// Types of extensions: the extension and the type.
const OF_EXTENSIONS: &[(&str, &str, Modifier)] = &[
    ("hstore", "hstore", Modifier::None),
    ("citext", "citext", Modifier::None),
    ("ltree", "ltree", Modifier::None),
    ("ltree", "lquery", Modifier::None),
    ("ltree", "ltxtquery", Modifier::None),
    ("isn", "isbn", Modifier::None),
    ("cube", "cube", Modifier::None),
    ("postgis", "geometry", Modifier::None),
    ("postgis", "geography", Modifier::None),
    ("vector", "vector", Modifier::Elements),
    ("vector", "halfvec", Modifier::Elements),
    ("vector", "sparsevec", Modifier::Elements),
];

/// The type of this name; `None` if it is none of Postgres' own or of the extensions that Debezium knows.
pub(super) fn typed(name: &str, parameters: &Parameters) -> Option<Typed> {
    let name = name.to_lowercase();
    if let Some(element) = name.strip_prefix('_') {
        return typed(element, parameters).map(|element| array_of(&element));
    }
    let name = match name.as_str() {
        "smallserial" => "int2",
        "serial" => "int4",
        "bigserial" => "int8",
        other => other,
    };
    if TEXTS.contains(&name) {
        return Some(built_in(name, name, 'S', -1));
    }
    if OTHERS.contains(&name) {
        return Some(built_in(name, name, 'U', -1));
    }
    let (length, scale) = (parameters.source_length(), parameters.source_scale());
    if let Some((extension, name, modifier)) = OF_EXTENSIONS.iter().find(|(_, known, _)| *known == name) {
        let elements = length.filter(|length| matches!(modifier, Modifier::Elements) && *length < i32::MAX);
        return Some(of_extension(extension, name, elements));
    }
    let (name, spelled, category, modifier) = SPELLED.iter().find(|(known, ..)| *known == name)?;
    let limited = |most: i32| length.filter(|length| (1..most).contains(length));
    let (text, number) = match modifier {
        Modifier::None | Modifier::Elements => (String::new(), -1),
        Modifier::Characters => with_one(limited(i32::MAX), 4),
        Modifier::Bits => with_one(limited(i32::MAX), 0),
        // Without a modifier the connector tells the most digits that Postgres can have.
        Modifier::Digits => match limited(1001) {
            Some(digits) => return Some(numeric_of(digits, scale.unwrap_or_default())),
            None => (String::new(), -1),
        },
        Modifier::Seconds => with_one(scale.filter(|scale| (0..6).contains(scale)), 0),
    };
    // Without a length SQL would read one character where the catalog means any number.
    let declared = if *name == "bpchar" && number == -1 { "bpchar".to_owned() } else { spelled.replace('#', &text) };
    Some(built_in(name, &declared, *category, number))
}

fn with_one(number: Option<i32>, added: i32) -> (String, i32) {
    number.map_or_else(|| (String::new(), -1), |number| (format!("({number})"), number + added))
}

/// `numeric`
pub(super) fn numeric() -> Typed {
    built_in("numeric", "numeric", 'N', -1)
}

/// `numeric(precision,scale)`. Debezium takes the eleven bits of a negative scale for a positive one.
pub(super) fn numeric_of(precision: i32, scale: i32) -> Typed {
    let scale = if scale > 1024 { scale - 2048 } else { scale };
    built_in("numeric", &format!("numeric({precision},{scale})"), 'N', ((precision << 16) | (scale & 0x7ff)) + 4)
}
