//! Claims a partition: decides who may write it, and from which offset (P3, P4).

use std::sync::Arc;

use change::fate::Fates;
use change::record::Landmark;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::offsets::Entry;
use crate::{Ledger, StoreError};

/// A partition that belongs to one worker. Each transaction of the worker is fenced by the claim's generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The source's epoch. Each epoch has offsets of its own.
    pub epoch: i32,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// One higher at each claim. A transaction with a lower generation writes nothing.
    pub generation: i64,
    /// The next offset to be processed.
    pub next_offset: i64,
    /// The last record before the next offset. The source looks for this record to recognise the log of the partition.
    pub landmark: Option<Landmark>,
    /// The fates of all records before the next offset.
    pub fates: Fates,
    /// Whether an earlier epoch has worked on the partition, so that rows of that epoch may still be there.
    pub has_past: bool,
}

impl Claim {
    /// Whether no record of the partition was processed before in this epoch. Earlier claims, if there were any, ended before their first
    /// commit.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.fates == Fates::default()
    }
}

/// The partition that a process wants to claim, and what is known of the partition now.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The source's epoch.
    pub epoch: i32,
    /// The topic.
    pub topic: &'a Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The first offset that Kafka still has.
    pub low: i64,
    /// The offset after the last one that Kafka has.
    pub high: i64,
    /// The name of this process, for people.
    pub claimant: &'a str,
    /// The id of the Kafka cluster, if the client knows it.
    pub cluster_id: Option<&'a str>,
}

/// Why a partition may not be started: to go on would skip or repeat events without a word (P2).
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Postgres failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Kafka has deleted events that were not processed yet.
    #[error(
        "{topic}-{partition}: the next event to process is offset {next}, but Kafka's first is {low}: up to {} events are gone from the topic. \
         Snapshot the source again and raise source.epoch; or go on without them: \
         orderstream offsets reset --topic {topic} --partition {partition} --to-low", low - next
    )]
    Gone {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The stored next offset.
        next: i64,
        /// Kafka's low watermark.
        low: i64,
    },
    /// The topic ends before the stored offset, so it is not the one that was read before.
    #[error(
        "{topic}-{partition}: the next event to process is offset {next}, but Kafka's last is {}: the topic was created anew or has lost \
         its end. Raise source.epoch to read it from its start: below offset {next} its events would count as seen. See: orderstream offsets show",
         high - 1
    )]
    Ahead {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The stored next offset.
        next: i64,
        /// Kafka's high watermark.
        high: i64,
    },
    /// The stored offset belongs to another Kafka cluster.
    #[error(
        "{topic}-{partition}: the stored offset belongs to Kafka cluster {stored}, this is cluster {actual}. \
         Check kafka.bootstrap_servers, or raise source.epoch to read this cluster's topics from their start; if the topic was mirrored with \
         its offsets: orderstream offsets reset --topic {topic} --partition {partition} --to {next}"
    )]
    OtherCluster {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The stored next offset.
        next: i64,
        /// The cluster of the stored offset.
        stored: String,
        /// The cluster that is connected.
        actual: String,
    },
}

const CLAIM: &str = "
insert into consumer_offsets as o (epoch, topic, partition, next_offset, generation, claimed_by, cluster_id)
values ($1, $2, $3, $4, 1, $5, $6)
on conflict (epoch, topic, partition) do update
set generation = o.generation + 1, claimed_by = excluded.claimed_by, claimed_at = now(), cluster_id = coalesce(o.cluster_id, excluded.cluster_id)
where coalesce(o.cluster_id = excluded.cluster_id, true)
returning generation, next_offset, last_offset, last_ms, applied, stale, ignored, dead_lettered,
    exists (select from consumer_offsets as past where past.partition = o.partition and past.epoch < o.epoch) as has_past";

const OF_OTHER_CLUSTER: &str =
    "select next_offset, coalesce(cluster_id, '') from consumer_offsets where epoch = $1 and topic = $2 and partition = $3";

const STANDING: &str = "select generation, next_offset from consumer_offsets where epoch = $1 and topic = $2 and partition = $3";

const COMMITTED: &str = "select partition, next_offset from consumer_offsets where epoch = $1 and topic = $2 order by partition";

impl Ledger {
    /// Claims the partition, so that whoever had it before cannot write any more. A partition that was never claimed starts at the low
    /// watermark.
    ///
    /// # Errors
    /// If Postgres is away, or if going on from the stored offset would skip or repeat events.
    pub async fn claim(&self, wanted: &Wanted<'_>) -> Result<Claim, ClaimError> {
        let query = sqlx::query(CLAIM)
            .bind(wanted.epoch)
            .bind(&**wanted.topic)
            .bind(wanted.partition)
            .bind(wanted.low)
            .bind(wanted.claimant)
            .bind(wanted.cluster_id);
        let row = self.lease().await?.ask(|on| query.fetch_optional(on)).await.map_err(StoreError::from)?;
        let Some(row) = row else { return Err(self.of_other_cluster(wanted).await?) };
        let claim = Claim {
            epoch: wanted.epoch,
            topic: Arc::clone(wanted.topic),
            partition: wanted.partition,
            generation: row.try_get("generation").map_err(StoreError::from)?,
            next_offset: row.try_get("next_offset").map_err(StoreError::from)?,
            landmark: landmark(&row).map_err(StoreError::from)?,
            fates: fates(&row).map_err(StoreError::from)?,
            has_past: row.try_get("has_past").map_err(StoreError::from)?,
        };
        within_watermarks(wanted.topic, wanted.partition, claim.next_offset, wanted.low, wanted.high)?;
        Ok(claim)
    }

    /// The error for a claim that was refused because of the cluster. A process that was pointed at the wrong cluster must not fence the
    /// process that works, so the claim has left the row as it was.
    async fn of_other_cluster(&self, wanted: &Wanted<'_>) -> Result<ClaimError, StoreError> {
        let query = sqlx::query_as(OF_OTHER_CLUSTER).bind(wanted.epoch).bind(&**wanted.topic).bind(wanted.partition);
        let (next, stored): (i64, String) = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        let actual = wanted.cluster_id.unwrap_or_default().to_owned();
        Ok(ClaimError::OtherCluster { topic: Arc::clone(wanted.topic), partition: wanted.partition, next, stored, actual })
    }

    /// Reads the offset row as it is now. The row tells what became of a commit whose answer was lost (P4).
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn standing(&self, claim: &Claim) -> Result<Holder, StoreError> {
        let query = sqlx::query(STANDING).bind(claim.epoch).bind(&*claim.topic).bind(claim.partition);
        let row = self.lease().await?.ask(|on| query.fetch_optional(on)).await?;
        let Some(row) = row else { return Ok(Holder::Elsewhere) };
        let (generation, next): (i64, i64) = (row.try_get("generation")?, row.try_get("next_offset")?);
        Ok(if generation == claim.generation { Holder::Mine { next_offset: next } } else { Holder::Elsewhere })
    }

    /// Partition and next offset of each partition of `topic` that was ever claimed in this epoch.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn committed(&self, epoch: i32, topic: &str) -> Result<Vec<(i32, i64)>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(COMMITTED).bind(epoch).bind(topic).fetch_all(on)).await?)
    }
}

/// Whether a partition still belongs to this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The partition still belongs to this worker.
    Mine {
        /// The next offset, as committed.
        next_offset: i64,
    },
    /// Another worker has claimed the partition since.
    Elsewhere,
}

pub(crate) fn landmark(row: &PgRow) -> Result<Option<Landmark>, sqlx::Error> {
    let (offset, timestamp_ms): (Option<i64>, Option<i64>) = (row.try_get("last_offset")?, row.try_get("last_ms")?);
    Ok(offset.zip(timestamp_ms).map(|(offset, timestamp_ms)| Landmark { offset, timestamp_ms }))
}

pub(crate) fn fates(row: &PgRow) -> Result<Fates, sqlx::Error> {
    let count = |column| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
    Ok(Fates { applied: count("applied")?, stale: count("stale")?, ignored: count("ignored")?, dead_lettered: count("dead_lettered")? })
}

/// Whether a claim of this partition would be accepted.
///
/// # Errors
/// The error that the claim would return.
pub fn acceptable(entry: &Entry, low: i64, high: i64, cluster_id: Option<&str>) -> Result<(), ClaimError> {
    let (topic, partition, next) = (Arc::clone(&entry.topic), entry.partition, entry.next_offset);
    match (&entry.cluster_id, cluster_id) {
        (Some(stored), Some(actual)) if stored != actual => {
            Err(ClaimError::OtherCluster { topic, partition, next, stored: stored.clone(), actual: actual.to_owned() })
        }
        _ => within_watermarks(&topic, partition, next, low, high),
    }
}

/// Whether Kafka still has the next offset.
fn within_watermarks(topic: &Arc<str>, partition: i32, next: i64, low: i64, high: i64) -> Result<(), ClaimError> {
    let topic = || Arc::clone(topic);
    if next < low {
        return Err(ClaimError::Gone { topic: topic(), partition, next, low });
    }
    if next > high {
        return Err(ClaimError::Ahead { topic: topic(), partition, next, high });
    }
    Ok(())
}
