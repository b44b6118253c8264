//! The domain: orders and customers as the source has them. No I/O, no formats.
//!
//! Their texts are short: kept in place, where a `String` would be an allocation and a place in memory of its own.

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::position::Position;

/// A text column of an event.
///
/// Postgres does not send an unchanged TOAST value again; Debezium writes a placeholder in its place. The stored value is kept then
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The value as of this event.
    Value(SmolStr),
    /// The value of the event before, which this event does not carry.
    Unchanged,
}

impl Text {
    /// The value, if this event carries it.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text),
            Self::Unchanged => None,
        }
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
    /// Who ordered.
    pub customer_id: Text,
    /// What was ordered.
    pub product_id: Text,
    /// How many, not negative.
    pub quantity: i32,
    /// The price of one, at most two decimals, fits `numeric(12,2)`, not negative.
    pub price: Decimal,
    /// `quantity * price`, exact, fits `numeric(20,2)`.
    pub total: Decimal,
    /// The state of the order in the shop.
    pub status: Text,
    /// The source's `created_at`.
    pub ordered_at: Option<Timestamp>,
    /// The source's `updated_at`.
    pub updated_at: Option<Timestamp>,
}

impl Order {
    /// Whether the event lacks a value that the stored row has.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        [&self.customer_id, &self.product_id, &self.status].into_iter().any(|text| *text == Text::Unchanged)
    }

    /// Takes the texts that this event lacks from the state before it.
    pub fn fill_from(&mut self, before: &Self) {
        for (mine, theirs) in
            [(&mut self.customer_id, &before.customer_id), (&mut self.product_id, &before.product_id), (&mut self.status, &before.status)]
        {
            if *mine == Text::Unchanged {
                mine.clone_from(theirs);
            }
        }
    }
}

/// A customer as one event has it; any column but the id may be null.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// The customer's name.
    pub name: Option<SmolStr>,
    /// The customer's e-mail address.
    pub email: Option<SmolStr>,
    /// The customer's tier.
    pub tier: Option<SmolStr>,
    /// The customer's country.
    pub country: Option<SmolStr>,
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
/// A change of `customers`.
pub type CustomerChange = Change<String, Customer>;
