//! The JSON of one column becomes the text that Postgres casts to the column's type (`$1::type`). Postgres is the judge of the text.
//!
//! `kind` says what the type of a column makes of its JSON, once per column and from the catalog. `modes` are the connector's settings that
//! decide how values are written; with a schema in the event, `connect_type` decides. `placeholder` knows the forms in which Debezium
//! leaves an unchanged value out. The other modules read one family of types each. `loss` says beforehand what cannot arrive (P12). There
//! is no I/O, and an error never quotes a value (P11).
//!
//! Source: `PostgresValueConverter.java` and `JdbcValueConverters.java` of Debezium 3.6.1, and what that version was seen to send for each
//! type (`tests/fixtures`).

mod array;
mod binary;
mod connect_type;
mod decimal;
mod figure;
mod hstore;
mod interval;
mod iso;
mod json;
mod kind;
mod loss;
mod mismatch;
mod modes;
mod number;
mod placeholder;
mod shape;
mod time;

use std::borrow::Cow;

pub use connect_type::{ConnectType, Parameters};
pub use kind::{Figure, Kind, TypeFacts, TypeForm};
pub use loss::{Delivery, Loss, is_null_if_unchanged, loss};
pub use mismatch::Mismatch;
pub use modes::{BinaryMode, DecimalMode, HstoreMode, IntervalMode, Modes, TimeMode};
pub use placeholder::Placeholder;

/// What an event says of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The column is null.
    Null,
    /// The value, as the text that a cast to the column's type takes.
    Text(Cow<'a, str>),
    /// The event leaves the value out, because Postgres stores it apart and the change did not touch it.
    Unchanged,
}

/// How the connector has written a value: by the event's schema if there is one, else by the settings.
#[derive(Debug, Clone, Copy)]
struct Written<'m> {
    modes: &'m Modes,
    schema: Option<&'m ConnectType>,
}

/// Reads one column of an event. `raw` is valid JSON of one value, without white space around it.
///
/// Plain text and numbers are borrowed. For an event that cannot leave values out (a create or a read of a snapshot), and for a table with
/// REPLICA IDENTITY FULL, `modes` with [`Placeholder::none`] keeps a value that happens to equal the placeholder.
///
/// # Errors
/// If the JSON is not what the connector writes for this kind of column.
pub fn cell<'a>(kind: &Kind, raw: &'a str, modes: &Modes, schema: Option<&ConnectType>) -> Result<Cell<'a>, Mismatch> {
    if raw == "null" {
        return Ok(Cell::Null);
    }
    if modes.placeholder.stands_for(kind, raw) {
        return Ok(Cell::Unchanged);
    }
    text(kind, raw, Written { modes, schema }).map(Cell::Text)
}

/// The text of a value that is not null.
fn text<'a>(kind: &Kind, raw: &'a str, written: Written<'_>) -> Result<Cow<'a, str>, Mismatch> {
    match kind {
        Kind::Bool => number::boolean(raw),
        Kind::Integer => number::integer(raw),
        Kind::Float => number::float(raw),
        Kind::Numeric { scale } => decimal::numeric(raw, *scale, written),
        Kind::Money => decimal::money(raw, written),
        Kind::Text => json::text(raw),
        Kind::AsIs => json::as_is(raw),
        Kind::Bytea => binary::bytea(raw, written),
        Kind::Bits { length } => binary::bits(raw, *length, written),
        Kind::Varbit => binary::varbit(raw),
        Kind::Date => time::date(raw),
        Kind::Time { precision } => time::time(raw, *precision, written),
        Kind::Timestamp { precision } => time::timestamp(raw, *precision, written),
        Kind::TimeTz => json::text(raw),
        Kind::TimestampTz => iso::timestamptz(json::text(raw)?),
        Kind::Interval => interval::interval(raw),
        Kind::Point => figure::point(raw),
        Kind::Line => figure::line(raw, written),
        Kind::Circle => figure::circle(raw, written),
        Kind::Points(figure) => figure::points(*figure, raw, written),
        Kind::Geometry => shape::geometry(raw),
        Kind::Vector => shape::vector(raw),
        Kind::SparseVector => shape::sparse_vector(raw),
        Kind::Hstore => hstore::hstore(raw),
        Kind::Array { element, delimiter } => array::array(element, *delimiter, raw, written),
        Kind::Unknown => binary::unknown(raw, written),
    }
}
