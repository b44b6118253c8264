//! Customers as the shop has them, and their changes.

use change::effect::Change;
use change::value::Text;
use smol_str::SmolStr;

use crate::orders::absent::{ColumnSet, ContractColumn};

/// A customer as one event has it. A column that the event does not have is [`Text::Unchanged`], and the value in Redis stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRow {
    /// The customer's name.
    pub name: Text,
    /// The customer's e-mail address.
    pub email: Text,
    /// The customer's tier.
    pub tier: Text,
    /// The customer's country.
    pub country: Text,
    /// The customer as `results` has it, looked up for an event that lacks a column: Redis may have no hash in which the value could stay.
    pub stored: Option<Customer>,
}

impl CustomerRow {
    /// The columns with their names.
    #[must_use]
    pub fn columns(&self) -> [(ContractColumn, &Text); 4] {
        [
            (ContractColumn::Name, &self.name),
            (ContractColumn::Email, &self.email),
            (ContractColumn::Tier, &self.tier),
            (ContractColumn::Country, &self.country),
        ]
    }

    /// The columns that the event does not have.
    #[must_use]
    pub fn absent(&self) -> ColumnSet {
        self.columns().into_iter().fold(ColumnSet::default(), |absent, (column, text)| absent.with(column, *text == Text::Unchanged))
    }
}

impl From<Customer> for CustomerRow {
    fn from(customer: Customer) -> Self {
        let Customer { name, email, tier, country } = customer;
        Self { name: name.into(), email: email.into(), tier: tier.into(), country: country.into(), stored: None }
    }
}

/// A whole customer. Any column but the id may be null.
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

impl Customer {
    /// The value of a column. A column of orders has no value here.
    #[must_use]
    pub fn column(&self, column: ContractColumn) -> Option<&str> {
        match column {
            ContractColumn::Name => self.name.as_deref(),
            ContractColumn::Email => self.email.as_deref(),
            ContractColumn::Tier => self.tier.as_deref(),
            ContractColumn::Country => self.country.as_deref(),
            ContractColumn::CustomerId
            | ContractColumn::ProductId
            | ContractColumn::Status
            | ContractColumn::CreatedAt
            | ContractColumn::UpdatedAt => None,
        }
    }
}

/// A change of `customers`.
pub type CustomerChange = Change<String, CustomerRow>;

/// A customer whom a batch of changes has changed, with the version that Redis has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedCustomer {
    /// The customer's id.
    pub id: String,
    /// The version of the customer in Redis; `None` if the customer is deleted.
    pub version: Option<String>,
}

impl ChangedCustomer {
    /// Epoch, partition and offset of the event that wrote the hash; `None` if the customer is deleted.
    #[must_use]
    pub fn stands_at(&self) -> Option<(i32, i32, i64)> {
        let mut numbers = self.version.as_deref()?.split('.');
        let (epoch, partition, offset) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((epoch.parse().ok()?, partition.parse().ok()?, offset.parse().ok()?))
    }
}
