//! The records of a batch that become dead letters (P7).

use change::position::Position;
use change::rejection::Rejection;
use worker::letter_cap::Refused;

/// A record (by its index in the batch) that becomes a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why the record was refused.
    pub rejection: Rejection,
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, if the record is one of the customers' topic and could be read that far.
    pub customer_id: Option<String>,
    /// The position of the change, if the record is one of orders.
    pub position: Option<Position>,
}

impl Refusal {
    /// The refusal of a record of orders, with the order if the record could be read that far.
    #[must_use]
    pub fn of_order(rejection: Rejection, order_id: Option<i64>) -> Self {
        Self { rejection, order_id, customer_id: None, position: None }
    }

    /// The same refusal, with the position of the change.
    #[must_use]
    pub fn at(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }

    /// The refusal of a record of customers, with the customer if the record could be read that far.
    #[must_use]
    pub fn of_customer(rejection: Rejection, customer_id: Option<String>) -> Self {
        Self { rejection, order_id: None, customer_id, position: None }
    }
}

impl Refused for Refusal {
    fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// The order or the customer.
    fn whom(&self) -> Option<String> {
        self.order_id.map(|id| id.to_string()).or_else(|| self.customer_id.clone())
    }
}

/// The dead letters of a batch, by index of the record.
pub type Refusals = worker::letter_cap::Refusals<Refusal>;
