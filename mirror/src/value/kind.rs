//! What a column's type makes of its JSON, from the facts of the catalog.

/// The facts of a type in `pg_type` that decide how its values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeFacts<'a> {
    /// `typname`. Of a domain, that of its base type, through all domains.
    pub name: &'a str,
    /// `typtype`, of the base type too, and whether it is an array.
    pub form: TypeForm<'a>,
    /// `atttypmod`, or `typtypmod` of the domain; -1 if there is none. An array has the one of its elements.
    pub modifier: i32,
    /// Whether the type is a domain.
    pub is_domain: bool,
    /// Whether the schema of the column's table has another type of this name. Each table and each view is such a type too.
    pub is_shadowed: bool,
    /// `typdelim`: what stands between the elements of an array of this type.
    pub delimiter: char,
}

/// What a type is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeForm<'a> {
    /// A base type, of Postgres or an extension.
    Base,
    /// An enum.
    Enum,
    /// A composite type.
    Composite,
    /// A range.
    Range,
    /// A multirange.
    Multirange,
    /// An array of another type.
    Array(&'a TypeFacts<'a>),
}

/// What a column's type makes of its JSON. Made once per column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `boolean`.
    Bool,
    /// `smallint`, `integer`, `bigint`, `oid`.
    Integer,
    /// `real`, `double precision`.
    Float,
    /// `numeric`, with the scale of `numeric(p,s)`.
    Numeric {
        /// Digits behind the point.
        scale: Option<i32>,
    },
    /// `money`.
    Money,
    /// Every type that arrives as the text that Postgres reads.
    Text,
    /// Any JSON: a text is itself, and everything else its JSON.
    AsIs,
    /// `bytea`.
    Bytea,
    /// `bit(n)`.
    Bits {
        /// The number of bits.
        length: usize,
    },
    /// `bit varying`.
    Varbit,
    /// `date`.
    Date,
    /// `time without time zone`.
    Time {
        /// The digits behind the second, if the column limits them.
        precision: Option<i32>,
    },
    /// `time with time zone`.
    TimeTz,
    /// `timestamp without time zone`.
    Timestamp {
        /// The digits behind the second, if the column limits them.
        precision: Option<i32>,
    },
    /// `timestamp with time zone`.
    TimestampTz,
    /// `interval`.
    Interval,
    /// `point`.
    Point,
    /// `line`.
    Line,
    /// `circle`.
    Circle,
    /// `box`, `lseg`, `path` and `polygon`.
    Points(Figure),
    /// `geometry` and `geography` of PostGIS.
    Geometry,
    /// `vector` and `halfvec` of pgvector.
    Vector,
    /// `sparsevec` of pgvector.
    SparseVector,
    /// `hstore`.
    Hstore,
    /// An array.
    Array {
        /// The kind of its elements.
        element: Box<Kind>,
        /// What stands between the elements.
        delimiter: char,
    },
    /// Every type that Debezium does not know, which arrives as the bytes of its text if at all.
    Unknown,
}

/// A geometric type of Postgres that is a list of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// `box`: two opposite corners.
    Box,
    /// `lseg`: two ends.
    Lseg,
    /// `path`, open or closed.
    Path,
    /// `polygon`.
    Polygon,
}

impl Kind {
    /// The kind of a type. The names are those by which Debezium knows a type (`ReplicationMessageColumnValueResolver`, `TypeRegistry`).
    #[must_use]
    pub fn of(type_: &TypeFacts<'_>) -> Self {
        Self::with_modifier(type_, type_.modifier)
    }

    fn with_modifier(type_: &TypeFacts<'_>, modifier: i32) -> Self {
        match type_.form {
            TypeForm::Array(element) => {
                Self::Array { element: Box::new(Self::with_modifier(element, modifier)), delimiter: element.delimiter }
            }
            TypeForm::Enum => Self::Text,
            TypeForm::Composite | TypeForm::Multirange => Self::Unknown,
            TypeForm::Base | TypeForm::Range => Self::named(type_.name, modifier),
        }
    }

    fn named(name: &str, modifier: i32) -> Self {
        let precision = (modifier >= 0).then_some(modifier);
        match name {
            "bool" => Self::Bool,
            "int2" | "int4" | "int8" | "oid" => Self::Integer,
            "float4" | "float8" => Self::Float,
            "numeric" => Self::Numeric { scale: scale(modifier) },
            "money" => Self::Money,
            "bytea" => Self::Bytea,
            "bit" => Self::Bits { length: usize::try_from(modifier).unwrap_or(1) },
            "varbit" => Self::Varbit,
            "date" => Self::Date,
            "time" => Self::Time { precision },
            "timetz" => Self::TimeTz,
            "timestamp" => Self::Timestamp { precision },
            "timestamptz" => Self::TimestampTz,
            "interval" => Self::Interval,
            "point" => Self::Point,
            "line" => Self::Line,
            "circle" => Self::Circle,
            "box" => Self::Points(Figure::Box),
            "lseg" => Self::Points(Figure::Lseg),
            "path" => Self::Points(Figure::Path),
            "polygon" => Self::Points(Figure::Polygon),
            "geometry" | "geography" => Self::Geometry,
            "vector" | "halfvec" => Self::Vector,
            "sparsevec" => Self::SparseVector,
            "hstore" => Self::Hstore,
            "text" | "varchar" | "bpchar" | "char" | "name" | "citext" | "uuid" | "json" | "jsonb" | "xml" | "inet" | "cidr"
            | "macaddr" | "macaddr8" | "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" | "tsvector"
            | "ltree" | "isbn" => Self::Text,
            _ => Self::Unknown,
        }
    }

    /// Whether the text of the value needs no quotes in an array.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Bool | Self::Integer | Self::Float | Self::Numeric { .. })
    }
}

/// The scale in the modifier of `numeric(p,s)`: eleven bits with a sign. Source: `numeric_typmod_scale` in Postgres' `numeric.c`.
fn scale(modifier: i32) -> Option<i32> {
    (modifier >= 4).then(|| (((modifier - 4) & 0x7ff) ^ 1024) - 1024)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A base type without modifier.
    pub(in crate::value) fn base(name: &str) -> TypeFacts<'_> {
        TypeFacts { name, form: TypeForm::Base, modifier: -1, is_domain: false, is_shadowed: false, delimiter: ',' }
    }

    #[test]
    fn a_type_makes_its_kind_with_what_its_modifier_says() {
        for (name, modifier, kind) in [
            ("int8", -1, Kind::Integer),
            ("numeric", -1, Kind::Numeric { scale: None }),
            ("numeric", (10 << 16 | 2) + 4, Kind::Numeric { scale: Some(2) }),
            ("numeric", (5 << 16 | 0x7fe) + 4, Kind::Numeric { scale: Some(-2) }),
            ("numeric", (4 << 16) + 4, Kind::Numeric { scale: Some(0) }),
            ("bit", 9, Kind::Bits { length: 9 }),
            ("time", 3, Kind::Time { precision: Some(3) }),
            ("timestamp", -1, Kind::Timestamp { precision: None }),
            ("tsquery", -1, Kind::Unknown),
        ] {
            assert_eq!(Kind::of(&TypeFacts { modifier, ..base(name) }), kind, "{name} {modifier}");
        }
    }

    #[test]
    fn an_array_gives_its_modifier_to_its_elements_and_takes_their_delimiter() {
        let element = TypeFacts { delimiter: ';', ..base("bit") };
        let array = TypeFacts { form: TypeForm::Array(&element), modifier: 4, ..base("_bit") };
        assert_eq!(Kind::of(&array), Kind::Array { element: Box::new(Kind::Bits { length: 4 }), delimiter: ';' });
    }

    #[test]
    fn a_range_of_postgres_is_text_and_one_of_a_user_is_unknown() {
        let range = |name| Kind::of(&TypeFacts { form: TypeForm::Range, ..base(name) });
        assert_eq!((range("int4range"), range("float_range")), (Kind::Text, Kind::Unknown));
        assert_eq!(Kind::of(&TypeFacts { form: TypeForm::Enum, ..base("mood") }), Kind::Text);
        assert_eq!(Kind::of(&TypeFacts { form: TypeForm::Composite, ..base("text") }), Kind::Unknown);
    }
}
