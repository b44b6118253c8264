//! Compares a table without a key by how often each row is there: number and sum of the checksums by bucket, then each checksum of the buckets that
//! differ. No row can be named, and none can be repaired.

use std::collections::BTreeMap;

use super::Pairing;
use super::report::TableReport;

/// The number of buckets whose checksums are looked at. Each look reads the whole table.
const MOST_BUCKETS: usize = 8;

/// Compares the table, and writes how many rows are missing and how many are extra.
pub(super) async fn look(pairing: &Pairing, report: &mut TableReport) -> anyhow::Result<()> {
    let (source, target) = tokio::try_join!(pairing.source.buckets(), pairing.target.buckets())?;
    report.source_rows = source.values().map(|digest| digest.rows).sum();
    report.target_rows = target.values().map(|digest| digest.rows).sum();
    (report.missing.count, report.extra.count) = (0, 0);
    report.notes.retain(|note| !note.starts_with(AT_LEAST) && !note.starts_with(NO_REPAIR));
    let differing: Vec<i32> = (0..256).filter(|bucket| source.get(bucket) != target.get(bucket)).collect();
    if differing.is_empty() {
        return Ok(());
    }
    for bucket in differing.iter().take(MOST_BUCKETS) {
        let (source, target) = tokio::try_join!(pairing.source.bucket(*bucket), pairing.target.bucket(*bucket))?;
        report.missing.count += surplus(&source, &target);
        report.extra.count += surplus(&target, &source);
    }
    if differing.len() > MOST_BUCKETS {
        report.notes.push(format!("{AT_LEAST}: {MOST_BUCKETS} of {} parts of the table that differ were counted", differing.len()));
    }
    report.notes.push(NO_REPAIR.to_owned());
    Ok(())
}

const AT_LEAST: &str = "so many rows at least";
const NO_REPAIR: &str = "the table has no key by which rows could be repaired: give it one in the source, or make the target's table anew";

/// How many rows `one` has more than `other`, checksum by checksum.
fn surplus(one: &BTreeMap<i64, i64>, other: &BTreeMap<i64, i64>) -> u64 {
    let more = one.iter().map(|(sum, rows)| (rows - other.get(sum).copied().unwrap_or(0)).max(0));
    more.sum::<i64>().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_there_twice_instead_of_once_is_one_too_many() {
        let (source, target) = (BTreeMap::from([(7, 1), (8, 3)]), BTreeMap::from([(7, 2), (9, 1)]));
        assert_eq!((surplus(&source, &target), surplus(&target, &source)), (3, 2));
    }
}
