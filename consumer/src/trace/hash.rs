//! The row of an order beside its hash: which of the two is newer, and what differs.

use crate::orders::row::ResultRow;
use crate::redis::cache::look::{Seen, SeenHash};
use crate::redis::cache::texts_of;

/// How the hash stands to the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashState {
    /// There is no hash.
    Absent,
    /// The key holds something that this program does not write.
    Foreign,
    /// The hash has the row's revision, and every column is the row's.
    Same,
    /// The hash has the row's revision and other values: somebody has changed it by hand.
    Changed,
    /// The hash has an earlier revision.
    Old,
    /// The hash has a later revision than the row, or a version that no write of the row would replace (P5).
    Ahead,
}

/// A column that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The column.
    pub column: &'static str,
    /// The value of the row; `None` is null.
    pub row: Option<String>,
    /// The value of the hash; `None` if the hash lacks it.
    pub hash: Option<String>,
}

/// The revision in a version, `<epoch>-<revision>`; `None` if the text is no version.
#[must_use]
pub fn revision(version: &str) -> Option<i64> {
    let (epoch, revision) = version.split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (epoch.len() == 10 && revision.len() == 20 && is_number(epoch) && is_number(revision)).then(|| revision.parse().ok())?
}

/// How the hash stands to a row or tombstone of this revision, whatever the columns.
#[must_use]
pub fn standing(revision_of_row: i64, seen: &Seen<SeenHash>) -> HashState {
    let Seen::Hash(hash) = seen else {
        return if *seen == Seen::Absent { HashState::Absent } else { HashState::Foreign };
    };
    match hash.version.as_deref().and_then(revision) {
        None => HashState::Ahead,
        Some(revision) if revision == revision_of_row => HashState::Same,
        Some(revision) if revision < revision_of_row => HashState::Old,
        Some(_) => HashState::Ahead,
    }
}

/// How the hash stands to a row.
#[must_use]
pub fn of(row: &ResultRow, seen: &Seen<SeenHash>) -> HashState {
    match standing(row.revision, seen) {
        HashState::Same if !differences(row, seen).is_empty() => HashState::Changed,
        state => state,
    }
}

/// The columns that differ. Nothing is told of a key without a hash.
#[must_use]
pub fn differences(row: &ResultRow, seen: &Seen<SeenHash>) -> Vec<Difference> {
    let Seen::Hash(hash) = seen else { return Vec::new() };
    let columns = texts_of(row).into_iter().map(|(column, row)| Difference { column, row, hash: hash.columns.get(column).cloned() });
    let deleted = hash.deleted_at.as_ref().map(|at| Difference { column: "deleted_at", row: None, hash: Some(at.clone()) });
    columns.chain(deleted).filter(|column| column.row != column.hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_epoch_and_revision_in_fixed_width() {
        assert_eq!(revision("0000000003-00000000000000000815"), Some(815));
        for wrong in ["", "815", "3-815", "0000000003-0000000000000000081x", "0000000003-+0000000000000000815"] {
            assert_eq!(revision(wrong), None, "{wrong}");
        }
    }
}
