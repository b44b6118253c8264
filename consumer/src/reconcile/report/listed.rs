//! Lists of orders or customers in a report: all are counted, the first are listed by id.

use std::fmt;

use serde::Serialize;

/// The orders or customers of one kind of difference: all are counted, the first are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// How many there are.
    pub count: u64,
    /// The first that were counted.
    pub first: Vec<Example>,
}

/// An order or customer that is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The order or customer.
    #[serde(flatten)]
    pub id: Id,
    /// The columns that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<&'static str>,
}

/// An order or a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Id {
    /// An order.
    Order {
        /// Its id.
        order_id: i64,
    },
    /// A customer.
    Customer {
        /// Its id.
        customer_id: String,
    },
}

impl From<i64> for Id {
    fn from(order_id: i64) -> Self {
        Self::Order { order_id }
    }
}

impl From<&str> for Id {
    fn from(customer_id: &str) -> Self {
        Self::Customer { customer_id: customer_id.to_owned() }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { order_id } => order_id.fmt(f),
            Self::Customer { customer_id } => customer_id.fmt(f),
        }
    }
}

impl Listed {
    /// Counts one more, and lists it while fewer than `limit` are listed.
    pub fn add(&mut self, limit: usize, id: impl Into<Id>, columns: Vec<&'static str>) {
        self.count += 1;
        if self.first.len() < limit {
            self.first.push(Example { id: id.into(), columns });
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Example { id, columns }) in self.first.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{id}")?;
            if !columns.is_empty() {
                write!(f, " ({})", columns.join(", "))?;
            }
        }
        if self.count > self.first.len() as u64 { write!(f, ", ..") } else { Ok(()) }
    }
}
