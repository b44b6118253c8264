//! The check of P7: the dead letters are exactly the poison, byte for byte. A record whose order the shop has corrected may be one too.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Finding;
use super::ledger::{Coordinates, Read};
use crate::topics::Found;
use crate::world::World;

/// The dead letters that are resolved. The letter of an order that was corrected has to be among them.
const ANSWERED: &str = r#"select topic, partition, "offset", resolution from dead_letters where epoch = 0 and resolved_at is not null"#;
const LETTERS: &str = r#"select topic, partition, "offset", dlq_partition, dlq_offset from dead_letters where epoch = 0"#;

pub(crate) fn differences(world: &World, read: &Read) -> Result<Vec<Finding>> {
    let (poison, letters) = (&read.poison, &read.letters);
    let mut counted = counted(&world.stack.psql(LETTERS)?)?;
    let mut differences = Vec::new();
    for (coordinates, record) in poison {
        match counted.remove(coordinates).map(|place| letters.get(&place)) {
            None => differences.push(format!("{coordinates:?} is no dead letter")),
            Some(None) => differences.push(format!("the letter of {coordinates:?} is not on the topic")),
            Some(Some(letter)) => differences.extend(changes(coordinates, record, letter)),
        }
    }
    let answered = world.stack.psql(ANSWERED)?;
    for (coordinates, place) in &counted {
        let (topic, partition, offset) = coordinates;
        let Some(record) = read.corrected.get(coordinates) else {
            differences.push(format!("{coordinates:?} is a dead letter and deserves none"));
            continue;
        };
        match letters.get(place) {
            None => differences.push(format!("the letter of {coordinates:?} is not on the topic")),
            Some(letter) => differences.extend(changes(coordinates, record, letter)),
        }
        if !answered.lines().any(|line| line.starts_with(&format!("{topic}|{partition}|{offset}|"))) {
            differences.push(format!("the letter of {coordinates:?} is open, and its order was corrected"));
        }
    }
    // A letter without a row was sent before a transaction that did not commit. The letter's record has to deserve a dead letter all the
    // same.
    let deserves = |origin: &Coordinates| poison.contains_key(origin) || read.corrected.contains_key(origin);
    let foreign = letters.values().filter(|letter| origin(letter).is_none_or(|origin| !deserves(&origin)));
    differences.extend(foreign.map(|letter| format!("on the topic, and no poison: {:?}", letter.header("x-dlq-id"))));
    Ok(Finding::of("P7", &differences))
}

fn counted(rows: &str) -> Result<BTreeMap<Coordinates, (i32, i64)>> {
    let row = |line: &str| -> Result<(Coordinates, (i32, i64))> {
        let fields: Vec<&str> = line.split('|').collect();
        let [topic, partition, offset, letter_partition, letter_offset] = fields[..] else { anyhow::bail!("{line}") };
        Ok(((topic.to_owned(), partition.parse()?, offset.parse()?), (letter_partition.parse()?, letter_offset.parse()?)))
    };
    rows.lines().map(row).collect::<Result<_>>().context("dead_letters cannot be read")
}

fn changes(coordinates: &Coordinates, record: &Found, letter: &Found) -> Option<String> {
    let same = (&record.key, &record.value, record.timestamp) == (&letter.key, &letter.value, letter.timestamp);
    let headers = letter.headers.starts_with(&record.headers);
    (!same || !headers).then(|| format!("the letter of {coordinates:?} is not the record, its headers are {:?}", letter.headers))
}

fn origin(letter: &Found) -> Option<Coordinates> {
    let header = |name: &str| letter.header(&format!("__connect.errors.{name}"));
    Some((header("topic")?.to_owned(), header("partition")?.parse().ok()?, header("offset")?.parse().ok()?))
}
