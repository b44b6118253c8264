//! The ledger of offsets: reads for operators where each partition stands, and moves an offset by hand.

use std::sync::Arc;

use change::fate::Fates;
use change::record::Landmark;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use crate::claim::{fates, landmark};
use crate::{Ledger, StoreError};

/// A partition's row in `consumer_offsets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The first offset without a fate.
    pub next_offset: i64,
    /// One higher at each claim.
    pub generation: i64,
    /// The name of the process that claimed the partition last.
    pub claimed_by: String,
    /// When the partition was claimed last.
    pub claimed_at: DateTime<Utc>,
    /// The Kafka cluster that the offset belongs to.
    pub cluster_id: Option<String>,
    /// The fates of the records so far.
    pub fates: Fates,
    /// The last record before the next offset; `None` if an operator has moved the offset.
    pub landmark: Option<Landmark>,
    /// Why the process that claimed the partition has stopped it.
    pub stopped: Option<String>,
}

impl FromRow<'_, PgRow> for Entry {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let topic: String = row.try_get("topic")?;
        Ok(Self {
            topic: topic.into(),
            partition: row.try_get("partition")?,
            next_offset: row.try_get("next_offset")?,
            generation: row.try_get("generation")?,
            claimed_by: row.try_get("claimed_by")?,
            claimed_at: row.try_get("claimed_at")?,
            cluster_id: row.try_get("cluster_id")?,
            fates: fates(row)?,
            landmark: landmark(row)?,
            stopped: row.try_get("stopped")?,
        })
    }
}

/// The ledger's values for a partition, which the partition's owner compares with its own.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Standing {
    /// The topic.
    pub topic: String,
    /// The number of the partition in the topic.
    pub partition: i32,
    /// How often the partition was claimed.
    pub generation: i64,
    /// The offset after the last record whose fate is committed.
    pub next_offset: i64,
    /// The timestamp of the last record whose fate is committed, in milliseconds since 1970.
    pub last_ms: Option<i64>,
    /// Why the process that claimed the partition has stopped it.
    pub stopped: Option<String>,
}

/// Where a partition is to go on.
#[derive(Debug, Clone, Copy)]
pub struct Reset<'a> {
    /// The source's epoch.
    pub epoch: i32,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The next offset to be processed.
    pub to: i64,
    /// The name of the operator who moves the offset, for people.
    pub by: &'a str,
    /// The cluster that the new offset belongs to.
    pub cluster_id: Option<&'a str>,
}

const ENTRIES: &str = "
select topic, partition, next_offset, generation, claimed_by, claimed_at, cluster_id, applied, stale, ignored, dead_lettered,
    last_offset, last_ms, stopped
from consumer_offsets where epoch = $1 order by topic, partition";

const STANDINGS: &str = "select topic, partition, generation, next_offset, last_ms, stopped from consumer_offsets where epoch = $1";

/// Changes only the rows that this process has claimed. A process whose claim was refused must not write into the row of another.
const NOTE_STOPPED: &str = "
update consumer_offsets set stopped = $5 where epoch = $1 and topic = $2 and partition = $3 and claimed_by = $4 and stopped is distinct from $5";

const EPOCHS: &str = "select distinct epoch from consumer_offsets order by epoch";

const BEFORE: &str = "select next_offset from consumer_offsets where epoch = $1 and topic = $2 and partition = $3 for update";

/// A partition that was never claimed gets generation 0, so that its first claim has generation 1, as without a reset.
const RESET: &str = "
insert into consumer_offsets as o (epoch, topic, partition, next_offset, generation, claimed_by, cluster_id)
values ($1, $2, $3, $4, 0, $5, $6)
on conflict (epoch, topic, partition) do update
set next_offset = excluded.next_offset, clean_to = excluded.next_offset, last_offset = null, last_ms = null, stopped = null,
    generation = o.generation + 1, claimed_by = excluded.claimed_by, claimed_at = now(),
    cluster_id = coalesce(excluded.cluster_id, o.cluster_id), updated_at = now()
returning generation";

impl Ledger {
    /// All partitions of this epoch that were ever claimed, in order.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn entries(&self, epoch: i32) -> Result<Vec<Entry>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(ENTRIES).bind(epoch).fetch_all(on)).await?)
    }

    /// The epochs that have offsets.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn epochs(&self) -> Result<Vec<i32>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_scalar(EPOCHS).fetch_all(on)).await?)
    }

    /// Where all partitions of this epoch stand.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn standings(&self, epoch: i32) -> Result<Vec<Standing>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(STANDINGS).bind(epoch).fetch_all(on)).await?)
    }

    /// Notes why the process that claimed a partition under this name has stopped it, or that it has not.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn note_stopped(&self, epoch: i32, topic: &str, partition: i32, by: &str, why: Option<&str>) -> Result<(), StoreError> {
        let note = sqlx::query(NOTE_STOPPED).bind(epoch).bind(topic).bind(partition).bind(by).bind(why);
        self.lease().await?.ask(|on| note.execute(on)).await?;
        Ok(())
    }

    /// Moves a partition's offset and raises its generation in one transaction. A worker that has the partition can write nothing more, and
    /// claims the partition again from the new offset (P3, P4). Returns the next offset before the reset, if there was one, and the new
    /// generation.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn reset(&self, reset: &Reset<'_>) -> Result<(Option<i64>, i64), StoreError> {
        let mut lease = self.lease().await?;
        lease.begin().await?;
        let before = sqlx::query_scalar(BEFORE).bind(reset.epoch).bind(reset.topic).bind(reset.partition);
        let before: Option<i64> = lease.ask(|on| before.fetch_optional(on)).await?;
        let moved = sqlx::query_scalar(RESET)
            .bind(reset.epoch)
            .bind(reset.topic)
            .bind(reset.partition)
            .bind(reset.to)
            .bind(reset.by)
            .bind(reset.cluster_id);
        let generation = lease.ask(|on| moved.fetch_one(on)).await?;
        lease.commit().await?;
        Ok((before, generation))
    }
}
