//! Adds a customer to an order. The functions are pure: all customers of a batch were looked up before.

use std::fmt;
use std::sync::Arc;

use change::value::Text;
use smol_str::SmolStr;

use crate::orders::customer::Customer;
use crate::orders::order::Order;

/// A customer as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownCustomer {
    /// The columns that go into `results`.
    pub customer: Customer,
    /// The state of the customer, compared for equality only. Hashes that somebody else keeps have no version.
    pub version: Option<SmolStr>,
}

impl KnownCustomer {
    /// The number of bytes of the customer's texts.
    #[must_use]
    pub fn size(&self) -> usize {
        let Customer { name, email, tier, country } = &self.customer;
        [name, email, tier, country, &self.version].into_iter().flatten().map(SmolStr::len).sum()
    }
}

/// What Redis says about a customer. A failed lookup is a value and not an error, because an outage is no reason to refuse an order (P6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Redis has the customer.
    Found(Arc<KnownCustomer>),
    /// Redis answered, was up to date, and has no such customer.
    Missing,
    /// Redis could not be asked, does not hold all customers right now (P8), or the order names no customer.
    Unavailable,
}

/// How complete a row is: the column `results.enrichment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrichment {
    /// The customer was found.
    Complete,
    /// Redis answered, was up to date, and has no such customer.
    Missing,
    /// Redis could not be asked.
    Pending,
    /// The order names no customer, because a guest ordered. There is nobody to wait for.
    None,
}

impl Enrichment {
    const ALL: [Self; 4] = [Self::Complete, Self::Missing, Self::Pending, Self::None];

    /// Whether the sweep has something to complete.
    #[must_use]
    pub fn is_due(self) -> bool {
        matches!(self, Self::Missing | Self::Pending)
    }

    /// The text in `results.enrichment` and in the hash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Missing => "missing",
            Self::Pending => "pending",
            Self::None => "none",
        }
    }

    /// The value of the column; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.as_str() == text)
    }
}

impl fmt::Display for Enrichment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An order with its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrichedOrder {
    /// The order as the event has it.
    pub order: Order,
    /// The customer, empty unless `enrichment` is `Complete`.
    pub customer: Arc<KnownCustomer>,
    /// How complete the order is.
    pub enrichment: Enrichment,
}

/// The columns of a row whose order names no customer.
#[must_use]
pub fn nobody() -> (Arc<KnownCustomer>, Enrichment) {
    (Arc::default(), Enrichment::None)
}

/// Adds the customer to the order. `lookup` is the answer about the customer id in the order's own event.
#[must_use]
pub fn enrich(order: Order, lookup: &Lookup) -> EnrichedOrder {
    let (customer, enrichment) = if order.customer_id == Text::Null { nobody() } else { lookup.columns() };
    EnrichedOrder { order, customer, enrichment }
}

impl Lookup {
    /// Whether Redis could not be asked. Customers are looked up together, so either all are unavailable or none is.
    #[must_use]
    pub fn is_unavailable(together: &[Self]) -> bool {
        together.first() == Some(&Self::Unavailable)
    }

    /// The columns of a row with this answer.
    #[must_use]
    pub fn columns(&self) -> (Arc<KnownCustomer>, Enrichment) {
        match self {
            Self::Found(customer) => (Arc::clone(customer), Enrichment::Complete),
            Self::Missing => (Arc::default(), Enrichment::Missing),
            Self::Unavailable => (Arc::default(), Enrichment::Pending),
        }
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::orders::absent::ColumnSet;

    #[test]
    fn a_known_customer_completes_the_order() {
        let ann = KnownCustomer { customer: Customer { name: Some("Ann".into()), ..Customer::default() }, version: Some("1".into()) };
        assert_eq!(Lookup::Found(ann.clone().into()).columns(), (ann.into(), Enrichment::Complete));
    }

    #[test]
    fn an_order_that_names_nobody_has_no_customer_and_waits_for_none() {
        let guest = Order {
            customer_id: Text::Null,
            product_id: Text::Value("P".into()),
            quantity: 1,
            price: Decimal::ONE,
            total: Decimal::ONE,
            status: Text::Null,
            ordered_at: None,
            updated_at: None,
            absent: ColumnSet::default(),
        };
        let enriched = enrich(guest, &Lookup::Unavailable);
        assert_eq!((enriched.customer, enriched.enrichment), nobody());
        assert!(!enriched.enrichment.is_due());
    }

    #[test]
    fn an_unknown_customer_is_missing_only_if_redis_answered() {
        assert_eq!(Lookup::Missing.columns(), (Arc::default(), Enrichment::Missing));
        assert_eq!(Lookup::Unavailable.columns(), (Arc::default(), Enrichment::Pending));
    }
}
