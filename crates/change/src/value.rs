//! Values of columns that need more than a plain type: a text that an event may leave out, and a timestamp with Postgres' infinities.

use smol_str::SmolStr;

/// A text column of an event.
///
/// Postgres does not send an unchanged TOAST value again, and Debezium writes a placeholder in its place. In this case the stored value is
/// kept (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>). The stored value is
/// also kept where the event does not have the column at all, because a missing column is a change of the shop's schema and says nothing of
/// the row. Null says that there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The value as of this event.
    Value(SmolStr),
    /// There is no value as of this event.
    Null,
    /// The event leaves the value out, so that the value before it stays.
    Unchanged,
}

impl Text {
    /// The value, if this event carries it.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text),
            Self::Null | Self::Unchanged => None,
        }
    }

    /// The value or null, if this event carries either.
    #[must_use]
    pub fn carried(self) -> Option<Option<SmolStr>> {
        match self {
            Self::Value(text) => Some(Some(text)),
            Self::Null => Some(None),
            Self::Unchanged => None,
        }
    }
}

impl From<Option<SmolStr>> for Text {
    fn from(text: Option<SmolStr>) -> Self {
        text.map_or(Self::Null, Self::Value)
    }
}

/// A `timestamp without time zone` of the source, in microseconds since 1970-01-01, with Postgres' two infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Postgres' `infinity`.
    pub const INFINITY: Self = Self(i64::MAX);
    /// Postgres' `-infinity`.
    pub const NEG_INFINITY: Self = Self(i64::MIN);
    /// 4714-11-24 BC, the first microsecond that Postgres can hold.
    /// Source: <https://www.postgresql.org/docs/current/datatype-datetime.html>.
    const MIN_MICROS: i64 = -210_866_803_200_000_000;
    /// The last microsecond that an `i64` can count from 1970 (year 294247), short of the infinity.
    const MAX_MICROS: i64 = i64::MAX - 1;

    /// Microseconds since 1970; `None` where Postgres has no such timestamp.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::MIN_MICROS..=Self::MAX_MICROS).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970; `i64::MAX` and `i64::MIN` are the infinities.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }
}
