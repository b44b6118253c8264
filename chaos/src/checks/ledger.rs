//! P1: every record has one fate, counted against the records as they are read from the topics.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Finding;
use crate::poison::MARK;
use crate::topics::{CUSTOMERS, DEAD_LETTERS, Found, ORDERS, Topics};
use crate::world::World;

const LEDGER: &str = "
select topic, partition, next_offset, applied + stale + ignored + dead_lettered, dead_lettered
from consumer_offsets where epoch = 0 order by topic, partition";

/// Topic, partition, offset.
pub(crate) type Coordinates = (String, i32, i64);

/// What was read from the topics so far; each record is read once in the life of the stack.
#[derive(Debug, Default)]
pub(crate) struct Read {
    next: BTreeMap<&'static str, Vec<i64>>,
    counts: BTreeMap<(&'static str, i32), Count>,
    /// The records that have to be dead letters.
    pub(super) poison: BTreeMap<Coordinates, Found>,
    /// All dead letters by partition and offset.
    pub(super) letters: BTreeMap<(i32, i64), Found>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    next_offset: i64,
    records: i64,
    poison: i64,
}

impl Read {
    /// Reads what has come since the last time.
    pub(super) fn advance(&mut self, topics: &Topics) -> Result<()> {
        for topic in [ORDERS, CUSTOMERS] {
            for found in topics.read_on(topic, self.next.entry(topic).or_default())? {
                self.count(topic, found);
            }
        }
        let letters = topics.read_on(DEAD_LETTERS, self.next.entry(DEAD_LETTERS).or_default())?;
        self.letters.extend(letters.into_iter().map(|letter| ((letter.partition, letter.offset), letter)));
        Ok(())
    }

    fn count(&mut self, topic: &'static str, found: Found) {
        let count = self.counts.entry((topic, found.partition)).or_default();
        count.next_offset = found.offset + 1;
        count.records += 1;
        if found.header(MARK).is_some() {
            count.poison += 1;
            self.poison.insert((topic.to_owned(), found.partition, found.offset), found);
        }
    }
}

pub(super) fn differences(world: &World, read: &Read) -> Result<Vec<Finding>> {
    let ledger = world.stack.psql(LEDGER)?;
    let expected: Vec<String> = read.counts.iter().map(|(partition, count)| line(partition, count)).collect();
    let missing = expected.iter().filter(|line| !ledger.lines().any(|found| found == *line));
    let differences: Vec<String> = missing.map(|line| format!("topic|partition|next offset|fates|dead letters: expected {line}")).collect();
    if differences.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::new("P1", format!("{}\n    found\n    {}", differences.join("\n    "), ledger.replace('\n', "\n    ")))])
}

fn line((topic, partition): &(&'static str, i32), count: &Count) -> String {
    format!("{topic}|{partition}|{}|{}|{}", count.next_offset, count.records, count.poison)
}
