//! Compares rows of the source and of `results`, by checksum and then by column.

use std::collections::HashMap;

pub use comparison::compare::{Digest, Pair, changed, differing};

/// The columns of a compared row, in order: first the order's own. The statements of both sides list the columns in this order.
pub const COLUMNS: [&str; 13] = [
    "customer_id",
    "product_id",
    "quantity",
    "price",
    "total",
    "status",
    "ordered_at",
    "updated_at",
    "customer_name",
    "customer_email",
    "customer_tier",
    "customer_country",
    "enrichment",
];

/// How many of [`COLUMNS`] are the order's own; the others come from the customer.
pub const OF_THE_ORDER: usize = 8;

/// The order ids after `after`, up to and including `up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The last id before the range.
    pub after: i64,
    /// The last id of the range.
    pub up_to: i64,
}

/// The checksum of each row by its id.
pub type Checksums = HashMap<i64, i64>;

/// The names of the columns in which two rows differ.
#[must_use]
pub fn columns(source: &[Option<String>], results: &[Option<String>]) -> Vec<&'static str> {
    let pairs = source.iter().zip(results);
    COLUMNS.iter().zip(pairs).filter(|(_, (source, results))| source != results).map(|(name, _)| *name).collect()
}

/// Whether all of these columns come from the customer: the sweep sets such columns right by itself.
#[must_use]
pub fn are_of_the_customer(columns: &[&str]) -> bool {
    columns.iter().all(|column| COLUMNS[OF_THE_ORDER..].contains(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_differ_are_named_and_null_is_not_empty() {
        let mut source = vec![Some(String::new()); COLUMNS.len()];
        let mut results = source.clone();
        assert!(columns(&source, &results).is_empty());
        results[2] = Some("7".into());
        source[9] = None;
        assert_eq!(columns(&source, &results), ["quantity", "customer_email"]);
        assert!(!are_of_the_customer(&columns(&source, &results)));
        assert!(are_of_the_customer(&["customer_email", "enrichment"]));
    }
}
