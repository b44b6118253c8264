//! Compares two sides by checksum: ranges first, then rows.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// What one side says of a range without showing its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// Number of rows.
    pub rows: i64,
    /// The sum of the rows' checksums, exact, as text.
    pub sum: String,
}

/// The checksums of one row on both sides; `None` where there is no such row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// In the source.
    pub source: Option<i64>,
    /// In what was made of it: `results`, or a table of the mirror's target.
    pub results: Option<i64>,
}

/// The rows that are not the same on both sides, by the checksum of each row under its key.
#[must_use]
pub fn differing<K: Ord + Hash + Clone, S: BuildHasher>(source: &HashMap<K, i64, S>, results: &HashMap<K, i64, S>) -> BTreeMap<K, Pair> {
    let pair = |key: &K| (key.clone(), Pair { source: source.get(key).copied(), results: results.get(key).copied() });
    source.keys().chain(results.keys()).map(pair).filter(|(_, pair)| pair.source != pair.results).collect()
}

/// The suspects that still differ, but in another way than before.
#[must_use]
pub fn changed<K: Ord + Clone, V: PartialEq>(before: &BTreeMap<K, V>, now: &BTreeMap<K, V>) -> Vec<K> {
    now.iter().filter(|(key, value)| before.get(*key) != Some(*value)).map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_extra_or_different_is_found_and_what_is_equal_is_not() {
        let source = HashMap::from([(1, 10), (2, 20), (3, 30)]);
        let results = HashMap::from([(2, 20), (3, 31), (4, 40)]);
        let pair = |source, results| Pair { source, results };
        let expected = BTreeMap::from([(1, pair(Some(10), None)), (3, pair(Some(30), Some(31))), (4, pair(None, Some(40)))]);
        assert_eq!(differing(&source, &results), expected);
    }

    #[test]
    fn a_suspect_that_differs_in_another_way_has_changed_and_one_that_agrees_has_not() {
        let before = BTreeMap::from([("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(changed(&before, &BTreeMap::from([("a", 1), ("b", 7)])), ["b"]);
    }
}
