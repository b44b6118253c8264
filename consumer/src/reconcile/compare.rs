//! Compares rows of the source and of `results`, by checksum and then by column.

use std::collections::{BTreeMap, HashMap};

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

/// What one side says of a range without showing its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// Number of rows.
    pub rows: i64,
    /// The sum of the rows' checksums, exact, as text.
    pub sum: String,
}

/// The checksum of each row by its id.
pub type Checksums = HashMap<i64, i64>;

/// The checksums of one order on both sides; `None` where the order has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// In the source.
    pub source: Option<i64>,
    /// In `results`.
    pub results: Option<i64>,
}

/// The orders whose rows are not the same on both sides.
#[must_use]
pub fn differing(source: &Checksums, results: &Checksums) -> BTreeMap<i64, Pair> {
    let pair = |id: &i64| (*id, Pair { source: source.get(id).copied(), results: results.get(id).copied() });
    source.keys().chain(results.keys()).map(pair).filter(|(_, pair)| pair.source != pair.results).collect()
}

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
    fn what_is_missing_extra_or_different_is_found_and_what_is_equal_is_not() {
        let source = Checksums::from([(1, 10), (2, 20), (3, 30)]);
        let results = Checksums::from([(2, 20), (3, 31), (4, 40)]);
        let pair = |source, results| Pair { source, results };
        let expected = BTreeMap::from([(1, pair(Some(10), None)), (3, pair(Some(30), Some(31))), (4, pair(None, Some(40)))]);
        assert_eq!(differing(&source, &results), expected);
    }

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
