//! Whether the target's type of a column holds what the source's type holds, and whether it can be widened without writing any row again.

use super::Names;
use crate::catalog::{TypeKind, Typed};

/// How the target's type of a column stands to the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is the same type.
    Same,
    /// It holds every value of the source's type, with the same text.
    Holds,
    /// It does not, but can be made to in no time, because the stored form of both is the same and Postgres need not look at any row.
    Widens,
    /// It does not, and a change writes every row again, under a lock, or may refuse some.
    Differs,
}

/// Compares the target's type of a column with the source's; domains count as their base types.
///
/// Postgres leaves rows alone for: `varchar` and `varbit` that become longer, `varchar` that becomes `text`, `numeric` of a higher precision and
/// the same scale, and times of a higher precision (`varchar_support`, `numeric_support`, `TemporalSimplify` and the like in its source).
#[must_use]
pub fn fit(target: &Typed, source: &Typed, names: &Names) -> Fit {
    let (target, source) = (target.base(), source.base());
    if Names::default().declared(target) == names.declared(source) {
        return Fit::Same;
    }
    if let (TypeKind::Array { element: of_target }, TypeKind::Array { element: of_source }) = (&target.type_.kind, &source.type_.kind) {
        let element = |typed: &Typed, type_: &std::sync::Arc<_>| {
            let declared = typed.declared.trim_end_matches("[]").to_owned();
            Typed { type_: std::sync::Arc::clone(type_), modifier: typed.modifier, declared }
        };
        // Postgres writes arrays again, even where it leaves their elements alone.
        return match fit(&element(target, of_target), &element(source, of_source), names) {
            Fit::Same | Fit::Holds => Fit::Holds,
            Fit::Widens | Fit::Differs => Fit::Differs,
        };
    }
    if !target.type_.is_built_in() {
        return Fit::Differs;
    }
    let (was, is) = (target.modifier, source.modifier);
    match (target.type_.name.as_str(), source.type_.name.as_str()) {
        ("varchar", "varchar") | ("varbit", "varbit") => widths(was, is),
        // `char(n)` as text has lost its padding, so that no text column holds it.
        (_, "bpchar") => Fit::Differs,
        ("text", _) if is_text(source) => Fit::Holds,
        ("varchar", _) if was == -1 && is_text(source) => Fit::Holds,
        ("varchar", "text") => Fit::Widens,
        ("numeric", "numeric") => numerics(was, is),
        ("numeric", "int2" | "int4" | "int8") if was == -1 => Fit::Holds,
        ("int4" | "int8", "int2") | ("int8", "int4") | ("float8", "float4") => Fit::Holds,
        ("time", "time") | ("timetz", "timetz") | ("timestamp", "timestamp") | ("timestamptz", "timestamptz") => widths(was, is),
        ("interval", "interval") if was == -1 => Fit::Holds,
        ("interval", "interval") if is == -1 => Fit::Widens,
        _ => Fit::Differs,
    }
}

/// Whether the text of the value is kept as it is by a column of type `text`.
fn is_text(typed: &Typed) -> bool {
    typed.type_.category == 'S' || typed.type_.name == "uuid" || matches!(typed.type_.kind, TypeKind::Enum { .. })
}

/// A modifier that is larger for a type that holds more, and -1 for the type without a limit.
fn widths(was: i32, is: i32) -> Fit {
    if was == -1 || is != -1 && is <= was { Fit::Holds } else { Fit::Widens }
}

/// The modifier of `numeric` has the precision in its upper half and the scale in its lower, and 4 is added
/// (`make_numeric_typmod` in Postgres' source).
fn numerics(was: i32, is: i32) -> Fit {
    let parts = |modifier: i32| ((modifier - 4) >> 16, (modifier - 4) & 0xffff);
    match (was, is) {
        (-1, _) => Fit::Holds,
        (_, -1) => Fit::Widens,
        _ => {
            let ((precision_was, scale_was), (precision_is, scale_is)) = (parts(was), parts(is));
            match scale_was == scale_is {
                true if precision_is <= precision_was => Fit::Holds,
                true => Fit::Widens,
                false => Fit::Differs,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{array, built_in, domain, enumeration, integer, numeric, text, varchar};

    #[test]
    fn a_type_is_kept_widened_or_left_to_an_operator() {
        let any_varchar = || built_in("varchar", "character varying", -1);
        let any_numeric = || built_in("numeric", "numeric", -1);
        let timestamp = |precision: i32| built_in("timestamp", &format!("timestamp({precision}) without time zone"), precision);
        let any_timestamp = || built_in("timestamp", "timestamp without time zone", -1);
        let bpchar = |length: i32| built_in("bpchar", &format!("character({length})"), length + 4);
        let (bigint, real) = (|| built_in("int8", "bigint", -1), || built_in("float4", "real", -1));
        let interval = |declared: &str, modifier| built_in("interval", declared, modifier);
        for (target, source, expected) in [
            (integer(), integer(), Fit::Same),
            (integer(), domain("shop", "positive", &integer()), Fit::Same),
            (domain("own", "positive", &integer()), integer(), Fit::Same),
            (varchar(5), varchar(50), Fit::Widens),
            (varchar(50), varchar(5), Fit::Holds),
            (varchar(5), any_varchar(), Fit::Widens),
            (any_varchar(), varchar(5), Fit::Holds),
            (varchar(5), text(), Fit::Widens),
            (any_varchar(), text(), Fit::Holds),
            (text(), varchar(5), Fit::Holds),
            (text(), enumeration("shop", "mood", &[]), Fit::Holds),
            (text(), integer(), Fit::Differs),
            (text(), bpchar(5), Fit::Differs),
            (bpchar(5), bpchar(9), Fit::Differs),
            (numeric(6, 2), numeric(12, 2), Fit::Widens),
            (numeric(12, 2), numeric(6, 2), Fit::Holds),
            (numeric(6, 2), numeric(12, 4), Fit::Differs),
            (numeric(6, 2), any_numeric(), Fit::Widens),
            (any_numeric(), numeric(6, 2), Fit::Holds),
            (any_numeric(), bigint(), Fit::Holds),
            (timestamp(0), timestamp(6), Fit::Widens),
            (timestamp(0), any_timestamp(), Fit::Widens),
            (timestamp(6), timestamp(0), Fit::Holds),
            (any_timestamp(), built_in("timestamptz", "timestamp with time zone", -1), Fit::Differs),
            (integer(), bigint(), Fit::Differs),
            (bigint(), integer(), Fit::Holds),
            (built_in("float8", "double precision", -1), real(), Fit::Holds),
            (real(), built_in("float8", "double precision", -1), Fit::Differs),
            (interval("interval", -1), interval("interval(3)", 3), Fit::Holds),
            (interval("interval(3)", 3), interval("interval", -1), Fit::Widens),
            (array(&varchar(5)), array(&varchar(50)), Fit::Differs),
            (array(&varchar(50)), array(&varchar(5)), Fit::Holds),
            (array(&integer()), integer(), Fit::Differs),
            (enumeration("own", "mood", &[]), enumeration("shop", "mood", &[]), Fit::Differs),
        ] {
            assert_eq!(fit(&target, &source, &Names::default()), expected, "{} for {}", target.declared, source.declared);
        }
    }
}
