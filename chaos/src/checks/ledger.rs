//! The check of P1: every record has one fate. The ledger is compared with the records that are read from the topics.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Finding;
use crate::poison::MARK;
use crate::topics::{CUSTOMERS, DEAD_LETTERS, Found, ORDERS, Topics};
use crate::world::{REFUSED_PRODUCT, World};

const LEDGER: &str = "
select topic, partition, next_offset, applied + stale + ignored + dead_lettered, dead_lettered,
    (select count(*) from dead_letters as l where (l.epoch, l.topic, l.partition) = (o.epoch, o.topic, o.partition))
from consumer_offsets as o where epoch = 0";

/// Topic, partition, offset.
pub(crate) type Coordinates = (String, i32, i64);

/// What was read from the topics so far. Each record is read once in the life of the stack.
#[derive(Debug, Default)]
pub(crate) struct Read {
    next: BTreeMap<&'static str, Vec<i64>>,
    counts: BTreeMap<(&'static str, i32), Count>,
    /// The records that have to be dead letters.
    pub(super) poison: BTreeMap<Coordinates, Found>,
    /// The records that may be dead letters: the shop has corrected their orders, and a process that comes late sees only the correction.
    pub(super) corrected: BTreeMap<Coordinates, Found>,
    /// All dead letters by partition and offset.
    pub(super) letters: BTreeMap<(i32, i64), Found>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    next_offset: i64,
    records: i64,
    poison: i64,
    corrected: i64,
}

impl Read {
    /// Reads what has come since the last time.
    pub(super) fn advance(&mut self, topics: &Topics) -> Result<()> {
        for topic in [ORDERS, CUSTOMERS] {
            for found in topics.read_on(topic, self.next.entry(topic).or_default())? {
                self.count(topic, found);
            }
            for (partition, next_offset) in (0..).zip(&self.next[topic]) {
                // The next offset may lie beyond the last record, because the offsets between hold no record.
                self.counts.entry((topic, partition)).and_modify(|count| count.next_offset = *next_offset);
            }
        }
        let letters = topics.read_on(DEAD_LETTERS, self.next.entry(DEAD_LETTERS).or_default())?;
        self.letters.extend(letters.into_iter().map(|letter| ((letter.partition, letter.offset), letter)));
        Ok(())
    }

    /// The ids of all dead letters that there have to be.
    pub(crate) fn deserved(&self) -> impl Iterator<Item = String> {
        self.poison.keys().map(|(topic, partition, offset)| format!("{topic}-{partition}-{offset}-0"))
    }

    /// The offsets up to which the orders were read.
    pub(crate) fn orders_read(&self) -> &[i64] {
        self.next.get(ORDERS).map_or(&[], Vec::as_slice)
    }

    fn count(&mut self, topic: &'static str, found: Found) {
        let count = self.counts.entry((topic, found.partition)).or_default();
        count.records += 1;
        let coordinates = (topic.to_owned(), found.partition, found.offset);
        if found.header(MARK).is_some() {
            count.poison += 1;
            self.poison.insert(coordinates, found);
        } else if is_refused(&found) {
            count.corrected += 1;
            self.corrected.insert(coordinates, found);
        }
    }
}

/// Whether the record is an order that the shop itself has made and that Postgres refuses.
fn is_refused(found: &Found) -> bool {
    let value = found.value.as_deref().and_then(|value| std::str::from_utf8(value).ok());
    let after = value.and_then(|value| value.split_once(r#""after":"#)).map(|(_, after)| after);
    after.is_some_and(|after| after.contains(&format!(r#""product_id":"{REFUSED_PRODUCT}""#)))
}

pub(crate) fn differences(world: &World, read: &Read) -> Result<Vec<Finding>> {
    let ledger = world.stack.psql(LEDGER)?;
    let stored = ledger.lines().map(entry).collect::<Result<BTreeMap<_, _>>>()?;
    let wrong = read.counts.iter().filter_map(|((topic, partition), count)| {
        let found = stored.get(&((*topic).to_owned(), *partition));
        let is_right = found.is_some_and(|found| count.is_told_by(*topic == CUSTOMERS, found));
        (!is_right).then(|| format!("{topic}/{partition}: read {count:?}, the ledger has {found:?}"))
    });
    let invented = stored.iter().filter(|((topic, partition), (_, fates, ..))| {
        *fates != 0 && !read.counts.keys().any(|(read, number)| (*read, number) == (topic.as_str(), partition))
    });
    let invented = invented.map(|((topic, partition), found)| format!("{topic}/{partition}: read no record, the ledger has {found:?}"));
    Ok(Finding::of("P1", &wrong.chain(invented).collect::<Vec<_>>()))
}

/// What the ledger says of a partition: the next offset, all fates, the dead letters among them, and how many dead letters have a row.
type Stored = (i64, i64, i64, i64);

fn entry(line: &str) -> Result<((String, i32), Stored)> {
    let fields: Vec<&str> = line.split('|').collect();
    let [topic, partition, next_offset, fates, letters, rows] = fields[..] else { anyhow::bail!("{line}") };
    Ok(((topic.to_owned(), partition.parse()?), (next_offset.parse()?, fates.parse()?, letters.parse()?, rows.parse()?)))
}

impl Count {
    /// Whether the ledger says what was read. Compaction may have removed records since they were processed, so a compacted topic may have
    /// more fates than records, but not fewer.
    fn is_told_by(&self, compacted: bool, (next_offset, fates, letters, rows): &Stored) -> bool {
        let all_have_fates = if compacted { (self.records..=*next_offset).contains(fates) } else { *fates == self.records };
        let may_be_letters = self.poison..=self.poison + self.corrected;
        *next_offset == self.next_offset && all_have_fates && may_be_letters.contains(letters) && letters == rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Count = Count { next_offset: 12, records: 10, poison: 2, corrected: 1 };

    #[test]
    fn every_record_has_one_fate_and_a_record_without_one_or_with_two_is_found() {
        assert!(COUNT.is_told_by(false, &(12, 10, 2, 2)) && COUNT.is_told_by(false, &(12, 10, 3, 3)));
        let letters = [(12, 10, 1, 1), (12, 10, 4, 4), (12, 10, 3, 2), (12, 10, 2, 3)];
        for wrong in [(11, 10, 2, 2), (13, 10, 2, 2), (12, 9, 2, 2), (12, 11, 2, 2)].into_iter().chain(letters) {
            assert!(!COUNT.is_told_by(false, &wrong), "{wrong:?}");
        }
    }

    #[test]
    fn of_a_compacted_topic_more_may_have_been_processed_than_is_left() {
        assert!(COUNT.is_told_by(true, &(12, 11, 2, 2)));
        assert!(!COUNT.is_told_by(true, &(12, 9, 2, 2)) && !COUNT.is_told_by(true, &(12, 13, 2, 2)));
    }
}
