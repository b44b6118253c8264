//! The domain: orders and customers as the source has them. No I/O, no formats.
//!
//! Their texts are short: kept in place, where a `String` would be an allocation and a place in memory of its own.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::change::position::Position;
use crate::orders::absent::{Column, Columns};

/// A text column of an event.
///
/// Postgres does not send an unchanged TOAST value again; Debezium writes a placeholder in its place. The stored value is kept then
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>), and so it is where the event does
/// not have the column at all: that is a change of the shop's schema and says nothing of the row. Null says that there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The value as of this event.
    Value(SmolStr),
    /// There is no value, as of this event.
    Null,
    /// The value of the event before, which this event does not carry.
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

/// An order as one event has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who ordered; null for a guest.
    pub customer_id: Text,
    /// What was ordered.
    pub product_id: Text,
    /// How many, not negative.
    pub quantity: i32,
    /// The price of one, at most two decimals, fits `numeric(12,2)`, not negative.
    pub price: Decimal,
    /// `quantity * price`, exact, fits `numeric(20,2)`.
    pub total: Decimal,
    /// The state of the order in the shop; may be null.
    pub status: Text,
    /// The source's `created_at`.
    pub ordered_at: Option<Timestamp>,
    /// The source's `updated_at`.
    pub updated_at: Option<Timestamp>,
    /// The columns that the event does not have. Their texts are [`Text::Unchanged`], their times `None`.
    pub absent: Columns,
}

impl Order {
    /// Whether the event lacks a value that the stored row has.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.absent.is_empty() || self.texts().into_iter().any(|(_, text)| *text == Text::Unchanged)
    }

    /// The texts that this event lacks; only what is stored can stand in for them.
    pub fn unchanged_texts(&self) -> impl Iterator<Item = Column> {
        self.texts().into_iter().filter(|(_, text)| **text == Text::Unchanged).map(|(column, _)| column)
    }

    fn texts(&self) -> [(Column, &Text); 3] {
        [(Column::CustomerId, &self.customer_id), (Column::ProductId, &self.product_id), (Column::Status, &self.status)]
    }

    /// Takes what this event lacks from the state before it.
    pub fn fill_from(&mut self, before: &Self) {
        for (column, mine, theirs) in [
            (Column::CustomerId, &mut self.customer_id, &before.customer_id),
            (Column::ProductId, &mut self.product_id, &before.product_id),
            (Column::Status, &mut self.status, &before.status),
        ] {
            if *mine == Text::Unchanged && *theirs != Text::Unchanged {
                mine.clone_from(theirs);
                self.absent = self.absent.without(column);
            }
        }
        for (column, mine, theirs) in
            [(Column::CreatedAt, &mut self.ordered_at, before.ordered_at), (Column::UpdatedAt, &mut self.updated_at, before.updated_at)]
        {
            if self.absent.contains(column) && !before.absent.contains(column) {
                *mine = theirs;
                self.absent = self.absent.without(column);
            }
        }
    }
}

/// What an event makes of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// The row is now this (create, update, snapshot read).
    Put(T),
    /// The row is gone.
    Delete,
}

/// One decoded change event: which row, what becomes of it, where the event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<Id, T> {
    /// The row's primary key.
    pub id: Id,
    /// What becomes of the row.
    pub effect: Effect<T>,
    /// Where the event stands among the others of this row (P5).
    pub position: Position,
}

/// A change of `orders`.
pub type OrderChange = Change<i64, Order>;
