//! The records of a batch that become dead letters (P7).

use std::collections::BTreeMap;

use change::position::Position;
use change::rejection::Rejection;

/// A record (by its index in the batch) that becomes a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub rejection: Rejection,
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, likewise, on the customers' topic.
    pub customer_id: Option<String>,
    /// Where the change stands, of a record of orders.
    pub position: Option<Position>,
}

impl Refusal {
    /// A record of orders, and the order if it could be read that far.
    #[must_use]
    pub fn of_order(rejection: Rejection, order_id: Option<i64>) -> Self {
        Self { rejection, order_id, customer_id: None, position: None }
    }

    /// The same of a record of which is known where it stands.
    #[must_use]
    pub fn at(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }

    /// A record of customers, and the customer if it could be read that far.
    #[must_use]
    pub fn of_customer(rejection: Rejection, customer_id: Option<String>) -> Self {
        Self { rejection, order_id: None, customer_id, position: None }
    }

    /// Whom it is about, if the record could be read that far.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.order_id.map(|id| id.to_string()).or_else(|| self.customer_id.clone())
    }
}

/// The dead letters of a batch, by index of the record.
pub type Refusals = BTreeMap<usize, Refusal>;
