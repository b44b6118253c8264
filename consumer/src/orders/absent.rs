//! The columns that the contract with the shop names and that an event does not have. Absent is not null (P2): null is a value of the shop.
//! An absent column was renamed, dropped, left out of the connector or made `generated`, and says nothing of the row.

/// A column that an event may lack without being refused at once, because a stored value can stand in for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContractColumn {
    /// `orders.customer_id`
    CustomerId,
    /// `orders.product_id`
    ProductId,
    /// `orders.status`
    Status,
    /// `orders.created_at`
    CreatedAt,
    /// `orders.updated_at`
    UpdatedAt,
    /// `customers.name`
    Name,
    /// `customers.email`
    Email,
    /// `customers.tier`
    Tier,
    /// `customers.country`
    Country,
}

impl ContractColumn {
    /// All of these columns.
    pub const ALL: [Self; 9] = [
        Self::CustomerId,
        Self::ProductId,
        Self::Status,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Name,
        Self::Email,
        Self::Tier,
        Self::Country,
    ];

    /// The column's name in the source.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerId => "customer_id",
            Self::ProductId => "product_id",
            Self::Status => "status",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Name => "name",
            Self::Email => "email",
            Self::Tier => "tier",
            Self::Country => "country",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColumnSet(u16);

impl ColumnSet {
    /// The set with `column` in it, if `is_in`.
    #[must_use]
    pub fn with(self, column: ContractColumn, is_in: bool) -> Self {
        Self(self.0 | if is_in { column.bit() } else { 0 })
    }

    /// The set without `column`.
    #[must_use]
    pub fn without(self, column: ContractColumn) -> Self {
        Self(self.0 & !column.bit())
    }

    /// The columns that are in this set and not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The columns that are in either set.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set has the column.
    #[must_use]
    pub fn contains(self, column: ContractColumn) -> bool {
        self.0 & column.bit() != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The columns of the set.
    pub fn iter(self) -> impl Iterator<Item = ContractColumn> {
        ContractColumn::ALL.into_iter().filter(move |column| self.contains(*column))
    }

    /// The columns' names, for people.
    #[must_use]
    pub fn names(self) -> String {
        self.iter().map(ContractColumn::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Counts the columns that the rows of a batch lack.
#[derive(Debug, Default)]
pub struct Tally {
    events: [u64; ContractColumn::ALL.len()],
    last: Option<ColumnSet>,
}

impl Tally {
    /// Counts a row.
    pub fn add(&mut self, absent: ColumnSet) {
        self.last = Some(absent);
        if !absent.is_empty() {
            absent.iter().for_each(|column| self.events[column as usize] += 1);
        }
    }

    /// The columns that the newest row lacks; `None` if there was no row.
    #[must_use]
    pub fn newest(&self) -> Option<ColumnSet> {
        self.last
    }

    /// For each column that any row lacked, the number of these rows.
    pub fn counts(&self) -> impl Iterator<Item = (ContractColumn, u64)> {
        ContractColumn::ALL.into_iter().zip(self.events).filter(|(_, events)| *events > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let both =
            ColumnSet::default().with(ContractColumn::Status, true).with(ContractColumn::Name, true).with(ContractColumn::Tier, false);
        assert_eq!((both.names(), both.without(ContractColumn::Status).names()), ("status, name".to_owned(), "name".to_owned()));
        assert_eq!(both.minus(ColumnSet::default().with(ContractColumn::Name, true)).names(), "status");
        assert!(ColumnSet::default().is_empty() && !both.contains(ContractColumn::Tier));
    }

    #[test]
    fn a_tally_knows_how_many_lacked_what_and_what_the_newest_lacks() {
        let mut tally = Tally::default();
        tally.add(ColumnSet::default().with(ContractColumn::Status, true));
        tally.add(ColumnSet::default().with(ContractColumn::Status, true));
        assert_eq!(tally.counts().collect::<Vec<_>>(), [(ContractColumn::Status, 2)]);
        tally.add(ColumnSet::default());
        assert_eq!(tally.newest(), Some(ColumnSet::default()));
    }
}
