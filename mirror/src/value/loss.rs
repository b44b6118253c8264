//! What cannot arrive, said before the first row (P12). Each line was seen with Debezium 3.6.1 and 3.7.0 on Postgres 15 (`tests/values.rs`
//! has what they sent), and the columns of types that are not named here arrived equal.

use super::kind::{Figure, Kind, TypeFacts, TypeForm};
use super::modes::{DecimalMode, IntervalMode, Modes, TimeMode};

/// What a type loses on its way through the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// How much of the type it concerns.
    pub delivery: Delivery,
    /// What is lost, as a sentence.
    pub what: &'static str,
    /// The setting of the source's connector that mends it, if there is one.
    pub mended_by: Option<&'static str>,
}

/// How much of a type arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Some values are lost, which most tables do not have. All others arrive equal.
    Except,
    /// Ordinary values are lost.
    Lossy,
    /// The column is not in the events, or null in all of them.
    Absent,
}

impl Loss {
    const fn new(delivery: Delivery, what: &'static str, mended_by: Option<&'static str>) -> Option<Self> {
        Some(Self { delivery, what, mended_by })
    }
}

const UNKNOWN: Option<Loss> =
    Loss::new(Delivery::Absent, "The connector leaves columns of this type out of its events.", Some("include.unknown.datatypes=true"));

/// The connector looks types up by the schema of the table and their name (`TypeRegistry.get`), and finds the row type of a table or view.
const SHADOWED: Option<Loss> = Loss::new(
    Delivery::Lossy,
    "The table's schema has a table, view or type with the name of this type, which the connector takes for it: values arrive as null or \
     in another form, or stop the connector.",
    None,
);

/// What a type loses; `None` if each of its values arrives equal.
#[must_use]
pub fn loss(type_: &TypeFacts<'_>, modes: &Modes) -> Option<Loss> {
    match type_.form {
        _ if type_.is_shadowed => SHADOWED,
        TypeForm::Array(element) if element.is_shadowed => SHADOWED,
        TypeForm::Array(element) => of_array(element, modes),
        TypeForm::Enum => None,
        TypeForm::Base | TypeForm::Composite | TypeForm::Range | TypeForm::Multirange => of_named(type_, modes),
    }
}

fn of_named(type_: &TypeFacts<'_>, modes: &Modes) -> Option<Loss> {
    use Delivery::{Absent, Except, Lossy};
    match type_.name {
        "oidvector" | "int2vector" => return Loss::new(Lossy, "The value arrives as an empty array.", None),
        "refcursor" => return Loss::new(Absent, "The connector cannot read a column of this type, and its snapshot never ends.", None),
        name if name.starts_with("reg") && modes.include_unknown && Kind::of(type_) == Kind::Unknown => {
            return Loss::new(
                Except,
                "The value is the name of an object, which the target must have too; none at all (-) is refused.",
                None,
            );
        }
        _ => {}
    }
    match Kind::of(type_) {
        Kind::Numeric { .. } => of_decimal(modes.decimal),
        Kind::Money => of_money(modes.decimal),
        Kind::Date => Loss::new(
            Except,
            "A snapshot reads a year before Christ as that year after Christ, and 5 to 14 October 1582 as ten days later.",
            None,
        ),
        Kind::Time { .. } => of_time(modes.time),
        Kind::TimeTz => Loss::new(
            Lossy,
            "The time arrives in UTC without its offset; 24:00 may arrive as 00:00; an offset with seconds arrives as null or stops the connector.",
            None,
        ),
        Kind::Timestamp { .. } => of_timestamp(modes.time),
        Kind::Interval if modes.interval == IntervalMode::Numeric => {
            Loss::new(Lossy, "Months and days arrive as microseconds, with a month of 30.4375 days.", Some("interval.handling.mode=string"))
        }
        Kind::Interval => Loss::new(Except, "An interval of more than 2147483647 hours stops the connector.", None),
        Kind::Varbit => Loss::new(Lossy, "The zeros before the first one are lost, so that 0, 000 and the empty value are the same.", None),
        Kind::Line | Kind::Circle | Kind::Points(_) if !modes.include_unknown => UNKNOWN,
        Kind::Points(Figure::Polygon) => {
            Loss::new(Except, "From Debezium 3.7 on, a polygon whose last point equals its first one loses the last one.", None)
        }
        Kind::Unknown if !modes.include_unknown => UNKNOWN,
        _ => None,
    }
}

fn of_decimal(mode: DecimalMode) -> Option<Loss> {
    let string = Some("decimal.handling.mode=string");
    match mode {
        DecimalMode::String => None,
        DecimalMode::Double => {
            Loss::new(Delivery::Lossy, "The number is rounded to 15 to 17 digits and loses the zeros at its end.", string)
        }
        DecimalMode::Precise => {
            let what = "NaN and the infinities arrive as null or stop the connector; without a scale the zeros at the end are lost.";
            Loss::new(Delivery::Lossy, what, string)
        }
    }
}

fn of_money(mode: DecimalMode) -> Option<Loss> {
    match mode {
        DecimalMode::Double => {
            Loss::new(Delivery::Except, "An amount of more than 15 digits is rounded.", Some("decimal.handling.mode=string"))
        }
        DecimalMode::Precise | DecimalMode::String => {
            Loss::new(Delivery::Except, "The amount needs an lc_monetary that writes $1,234.56, in the source and in the target.", None)
        }
    }
}

fn of_time(mode: TimeMode) -> Option<Loss> {
    let micros = Some("time.precision.mode=microseconds");
    match mode {
        TimeMode::Isostring => Loss::new(Delivery::Except, "24:00:00 arrives as 00:00:00.", micros),
        TimeMode::Connect => Loss::new(Delivery::Lossy, "The digits behind the millisecond are lost.", micros),
        TimeMode::Adaptive | TimeMode::AdaptiveTimeMicroseconds | TimeMode::Microseconds | TimeMode::Nanoseconds => None,
    }
}

fn of_timestamp(mode: TimeMode) -> Option<Loss> {
    let micros = Some("time.precision.mode=microseconds");
    match mode {
        TimeMode::Connect => Loss::new(Delivery::Lossy, "The digits behind the millisecond are lost.", micros),
        TimeMode::Nanoseconds => Loss::new(
            Delivery::Except,
            "A timestamp before 1677-09-22 or after 2262-04-11 arrives as null, or stops the connector where the column is not null.",
            micros,
        ),
        TimeMode::Isostring => Loss::new(Delivery::Except, "The timestamp 294247-01-10 04:00:25.2 arrives as infinity.", None),
        TimeMode::Adaptive | TimeMode::AdaptiveTimeMicroseconds | TimeMode::Microseconds => Loss::new(
            Delivery::Except,
            "A timestamp from 294247-01-10 04:00:25.2 on is refused or arrives as infinity.",
            Some("time.precision.mode=isostring"),
        ),
    }
}

/// What an array loses, beyond what all arrays lose.
fn of_array(element: &TypeFacts<'_>, modes: &Modes) -> Option<Loss> {
    use Delivery::{Absent, Except, Lossy};
    let nulls = "An array with a null element arrives as null, and stops the connector where the column is not null; so does an array \
                 of more than one dimension. Lower bounds are lost.";
    match Kind::of(element) {
        _ if matches!(element.name, "money" | "name" | "interval" | "varbit" | "xml" | "point" | "refcursor") && !element.is_domain => {
            Loss::new(Absent, "The connector leaves arrays of this type out of its events, whatever its settings are.", None)
        }
        _ if element.is_domain && !modes.include_unknown => UNKNOWN,
        Kind::Unknown | Kind::Line | Kind::Circle | Kind::Points(_) if !modes.include_unknown => UNKNOWN,
        Kind::Bits { .. } => Loss::new(Absent, "The array arrives as null, and stops the connector where the column is not null.", None),
        Kind::Line | Kind::Circle | Kind::Points(_) => {
            Loss::new(Absent, "From Debezium 3.7 on the array arrives as null, and stops the connector where the column is not null.", None)
        }
        _ if element.is_domain || element.form == TypeForm::Enum => Loss::new(Lossy, nulls, None),
        Kind::Unknown => Loss::new(Lossy, nulls, None),
        Kind::Text if matches!(element.name, "ltree" | "tsvector" | "isbn") => Loss::new(Lossy, nulls, None),
        Kind::Numeric { .. } => {
            Loss::new(Lossy, "An array with NaN or an infinity arrives as null. More dimensions and lower bounds are lost.", None)
        }
        Kind::Time { .. } => {
            let what =
                "The digits behind the millisecond are lost, and 24:00:00 arrives as 00:00:00. More dimensions and lower bounds are lost.";
            Loss::new(Lossy, what, None)
        }
        Kind::TimeTz => {
            let what = "The times arrive in UTC without their offsets and without microseconds. More dimensions and lower bounds are lost.";
            Loss::new(Lossy, what, None)
        }
        Kind::Date | Kind::Timestamp { .. } | Kind::TimestampTz => {
            let what = "Times before 15 October 1582 arrive as other ones. More dimensions and lower bounds are lost.";
            Loss::new(Except, what, None)
        }
        _ => Loss::new(Except, "An array of more than one dimension arrives as nulls or is refused. Lower bounds are lost.", None),
    }
}

/// Whether a value that an update leaves out, because Postgres stores it apart, arrives as null instead of as the placeholder: nothing tells
/// such a null from a value that became null. Only `REPLICA IDENTITY FULL` on the source's table mends this.
///
/// Source: `UnchangedToastedReplicationMessageColumn.java` gives a placeholder of the column's own form to few types. The placeholder of all
/// others is a text, which the connector puts into columns whose form is text or bytes, and drops from others.
#[must_use]
pub fn is_null_if_unchanged(type_: &TypeFacts<'_>, modes: &Modes) -> bool {
    match (type_.form, Kind::of(type_)) {
        (TypeForm::Array(_), _) if type_.is_domain => true,
        (TypeForm::Array(element), _) => match element.name {
            _ if element.is_domain => true,
            "text" | "varchar" | "bpchar" | "json" | "jsonb" | "bytea" | "int4" | "int8" | "uuid" => false,
            "date" => matches!(modes.time, TimeMode::Isostring | TimeMode::Connect),
            _ => true,
        },
        (_, Kind::Numeric { .. }) => modes.decimal != DecimalMode::String,
        (
            _,
            Kind::Bits { .. }
            | Kind::Varbit
            | Kind::Line
            | Kind::Circle
            | Kind::Points(_)
            | Kind::Geometry
            | Kind::Vector
            | Kind::SparseVector,
        ) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
