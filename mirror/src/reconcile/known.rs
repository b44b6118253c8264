//! What is known of rows beside their difference: which partitions lag, which dead letters are open, which event each row owes its state to.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context;
use kafka::source::TopicPartition;
use kafka::source::survey::{self, Survey};
use ledger::StoreError;
use sqlx::AssertSqlSafe;

use super::side::of_keys;
use super::{Key, Pairing, Sides};
use crate::layout::SCHEMA;
use crate::quote::quote_identifier as identifier;
use crate::tables::Mirrored;

const LETTERS: &str = "
select partition, max(\"offset\") from dead_letters
where epoch = $1 and topic = $2 and resolved_at is null and (table_name is null or (table_schema, table_name) = ($3, $4)) group by partition";

/// Where the event stands that a row owes its state to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stood {
    pub(super) epoch: i32,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) is_gone: bool,
}

/// The place of a key, and where its row stands.
type StoodRow = (i32, i32, i32, i64, bool);

/// Asks Kafka where the topics end by now.
pub(super) async fn survey(sides: &Sides, tables: impl Iterator<Item = &Mirrored>) -> anyhow::Result<Survey> {
    let topics: HashSet<String> = tables.map(|table| table.topic.clone()).collect();
    let (reread, topics) = (sides.reread.clone(), topics.into_iter().collect::<Vec<_>>());
    let surveyed = service::tasks::blocking(move || survey::survey(&reread.properties, &reread.group, &topics)).await;
    surveyed.context("what differs cannot be judged without Kafka")
}

/// The partitions that have not yet come to where Kafka's log ended in `survey`, which was made before.
pub(super) async fn lagging(sides: &Sides, survey: &Survey) -> anyhow::Result<HashSet<TopicPartition>> {
    let entries = sides.target.entries(sides.epoch).await.context("the target's Postgres")?;
    let mut lagging = HashSet::new();
    for (partition, log) in &survey.logs {
        let entry = entries.iter().find(|entry| entry.topic == partition.topic && entry.partition == partition.number);
        let next = entry.map_or(log.low, |entry| entry.next_offset);
        if sides.reread.waits(&partition.topic, partition.number, next..log.high).await {
            lagging.insert(partition.clone());
        }
    }
    Ok(lagging)
}

/// The last open dead letter of the table in each partition.
pub(super) async fn letters(sides: &Sides, table: &Mirrored) -> anyhow::Result<BTreeMap<i32, i64>> {
    let query = sqlx::query_as(LETTERS).bind(sides.epoch).bind(table.topic.clone());
    let query = query.bind(table.source.schema.clone()).bind(table.source.table.clone());
    let mut lease = sides.target.lease().await.context("the target's Postgres")?;
    let rows: Result<Vec<(i32, i64)>, StoreError> = lease.ask(|on| async { Ok(query.fetch_all(on).await?) }).await;
    Ok(rows.context("the target's Postgres")?.into_iter().collect())
}

/// Where the rows with these keys stand, by the place of the key.
pub(super) async fn stood(sides: &Sides, pairing: &Pairing, keys: &[Key]) -> anyhow::Result<BTreeMap<usize, Stood>> {
    let arrays: Vec<String> = (1..=pairing.key.len()).map(|at| format!("${at}::text[]")).collect();
    let places: Vec<String> = (0..pairing.key.len()).map(|at| format!("k{at}")).collect();
    let sql = format!(
        "select u.n::int, g.epoch, g.partition, g.\"offset\", g.gone_at is not null from unnest({}) with ordinality as u ({}, n) join {} g on {}",
        arrays.join(", "),
        places.join(", "),
        guard(pairing.mirrored.id),
        same(pairing, "g.k", "u.k")
    );
    let query = sqlx::query_as_with(AssertSqlSafe(sql), of_keys(keys, pairing.key.len())?);
    let mut lease = sides.target.lease().await.context("the target's Postgres")?;
    let rows: Result<Vec<StoodRow>, StoreError> = lease.ask(|on| async { Ok(query.fetch_all(on).await?) }).await;
    let stood = rows.context("the target's Postgres")?.into_iter().map(|(place, epoch, partition, offset, is_gone)| {
        (usize::try_from(place - 1).unwrap_or_default(), Stood { epoch, partition, offset, is_gone })
    });
    Ok(stood.collect())
}

/// The name of a table's guard.
pub(super) fn guard(id: i32) -> String {
    format!("{}.{}", identifier(SCHEMA), identifier(&format!("guard_{id}")))
}

/// The condition that two rows have the same key, the second as texts.
pub(super) fn same(pairing: &Pairing, one: &str, other: &str) -> String {
    let pairs = pairing.key.iter().enumerate().map(|(at, (cast, equals))| format!("{one}{at} {equals} {other}{at}::{cast}"));
    pairs.collect::<Vec<_>>().join(" and ")
}
