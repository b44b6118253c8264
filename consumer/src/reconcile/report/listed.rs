//! Lists of orders or customers in a report: all are counted, the first are listed by id.

use std::fmt;

use serde::Serialize;

/// The orders or customers of one kind of difference: all are counted, the first are listed.
pub type Listed = comparison::listed::Listed<Id, &'static str>;

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
