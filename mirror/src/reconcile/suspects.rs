//! The second look: suspects are looked at again until they agree or have stood still for a while, and then judged.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use comparison::compare::{Pair, changed};
use kafka::source::TopicPartition;

use super::known::{self, Stood};
use super::verdict::{Circumstances, Difference, Verdict, judge};
use super::{CHUNK, Found, Key, Pairing, Sides, keyless};

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// The rows of a table that differ, and those that changed while they were looked at.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    pub(super) rows: BTreeMap<Key, Pair>,
    moved: HashSet<Key>,
}

impl Suspects {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Waits until the suspects agree or `settle` is over, and judges those that still differ.
pub(super) async fn settle(sides: &Sides, tables: &mut [Found], settle: Duration, limit: usize) -> anyhow::Result<()> {
    if tables.iter().all(|found| !is_suspect(found)) {
        return Ok(());
    }
    let survey = known::survey(sides, tables.iter().filter(|found| is_suspect(found)).map(|found| &found.pairing.mirrored)).await?;
    let deadline = Instant::now() + settle;
    loop {
        for found in tables.iter_mut().filter(|found| is_suspect(found)) {
            look_again(found).await?;
        }
        if tables.iter().all(|found| !is_suspect(found)) || Instant::now() >= deadline {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let lagging = known::lagging(sides, &survey).await?;
    for found in tables.iter_mut().filter(|found| is_suspect(found)) {
        judge_all(sides, found, &lagging, limit).await?;
    }
    Ok(())
}

fn is_suspect(found: &Found) -> bool {
    !found.suspects.rows.is_empty() || found.report.keyless && found.report.findings() > 0
}

async fn look_again(found: &mut Found) -> anyhow::Result<()> {
    if found.report.keyless {
        return keyless::look(&found.pairing, &mut found.report).await;
    }
    let keys: Vec<Key> = found.suspects.rows.keys().cloned().collect();
    let now = differing(&found.pairing, &keys).await?;
    found.suspects.moved.extend(changed(&found.suspects.rows, &now));
    found.suspects.rows = now;
    Ok(())
}

/// The rows among these that differ now, by their keys as the source writes them: one key may have two forms, such as `1.0` and `1.00`.
pub(super) async fn differing(pairing: &Pairing, keys: &[Key]) -> anyhow::Result<BTreeMap<Key, Pair>> {
    let mut differing = BTreeMap::new();
    for keys in keys.chunks(CHUNK) {
        let (source, target) = tokio::try_join!(pairing.source.look(keys), pairing.target.look(keys))?;
        for (place, key) in keys.iter().enumerate() {
            let (source, target) = (source.get(&place), target.get(&place));
            let pair = Pair { source: source.map(|(_, sum)| *sum), results: target.map(|(_, sum)| *sum) };
            if pair.source != pair.results {
                differing.insert(source.or(target).map_or_else(|| key.clone(), |(key, _)| key.clone()), pair);
            }
        }
    }
    Ok(differing)
}

async fn judge_all(sides: &Sides, found: &mut Found, lagging: &HashSet<TopicPartition>, limit: usize) -> anyhow::Result<()> {
    let pairing = &found.pairing;
    let (table, waits) = (&pairing.mirrored, pairing.mirrored.waits.is_some());
    let is_behind = |partition: Option<i32>| {
        lagging.iter().any(|lagging| *lagging.topic == *table.topic && partition.is_none_or(|partition| partition == lagging.number))
    };
    if found.report.keyless {
        if waits || is_behind(None) {
            let list = if waits { &mut found.report.waiting } else { &mut found.report.in_flight };
            list.count = found.report.missing.count + found.report.extra.count;
            (found.report.missing.count, found.report.extra.count) = (0, 0);
        }
        return Ok(());
    }
    let letters = known::letters(sides, table).await?;
    let keys: Vec<Key> = found.suspects.rows.keys().cloned().collect();
    for keys in keys.chunks(CHUNK) {
        let stood = known::stood(sides, pairing, keys).await?;
        for (place, difference) in differences(pairing, keys).await? {
            let (Some(key), stood) = (keys.get(place), stood.get(&place)) else { continue };
            let circumstances = Circumstances {
                waits,
                in_flight: found.suspects.moved.contains(key) || is_behind(stood.map(|stood| stood.partition)),
                letter: has_letter(&letters, stood, sides.epoch),
                inexact: &pairing.shape.inexact,
                stale: &table.stale,
            };
            let verdict: Verdict = judge(&difference, circumstances);
            found.report.add(limit, key, &difference, verdict);
            if verdict.is_wrong() {
                found.wrong.push((key.clone(), difference));
            }
        }
    }
    Ok(())
}

/// Whether an open letter stands behind the event that the row owes its state to. A row that is not known may be of any partition.
fn has_letter(letters: &BTreeMap<i32, i64>, stood: Option<&Stood>, epoch: i32) -> bool {
    match stood {
        Some(stood) => letters.get(&stood.partition).is_some_and(|offset| stood.epoch < epoch || *offset > stood.offset),
        None => !letters.is_empty(),
    }
}

/// How the rows with these keys differ, column by column, by the place of the key.
async fn differences(pairing: &Pairing, keys: &[Key]) -> anyhow::Result<Vec<(usize, Difference)>> {
    let (source, target) = tokio::try_join!(pairing.source.columns(keys), pairing.target.columns(keys))?;
    let of = |place: usize| match (source.get(&place), target.get(&place)) {
        (Some(_), None) => Some(Difference::Missing),
        (None, Some(_)) => Some(Difference::Extra),
        (Some(source), Some(target)) => {
            let pairs = pairing.shape.columns.iter().zip(source.iter().zip(target));
            let columns: Vec<String> = pairs.filter(|(_, (source, target))| source != target).map(|(name, _)| name.clone()).collect();
            Some(Difference::Different(columns)).filter(|difference| *difference != Difference::Different(Vec::new()))
        }
        (None, None) => None,
    };
    Ok((0..keys.len()).filter_map(|place| Some((place, of(place)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_explains_a_row_only_if_it_stands_behind_the_rows_event() {
        let letters = BTreeMap::from([(1, 20)]);
        let stood = |partition, offset| Stood { epoch: 0, partition, offset, is_gone: false };
        assert!(has_letter(&letters, Some(&stood(1, 19)), 0) && has_letter(&letters, None, 0));
        assert!(!has_letter(&letters, Some(&stood(1, 21)), 0) && !has_letter(&letters, Some(&stood(0, 3)), 0));
        assert!(!has_letter(&BTreeMap::new(), None, 0));
    }
}
