//! Reads and closes the rows of `dead_letters` for operators. Only these letters count: a letter on the topic without a row belongs to no
//! committed batch.

use chrono::{DateTime, Utc};
use ledger::StoreError;

use super::Results;

/// A row of `dead_letters`.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Letter {
    /// topic-partition-offset-epoch of the record.
    pub id: String,
    /// The record's topic.
    pub topic: String,
    /// The record's partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The order, if the record could be read that far.
    pub order_id: Option<i64>,
    /// The customer, if the record could be read that far.
    pub customer_id: Option<String>,
    /// The reason, as in the header `x-dlq-reason`.
    pub reason: String,
    /// The step that refused the record.
    pub stage: String,
    /// What is wrong and where, without any value of the record (P11).
    pub message: String,
    /// The dead letter topic.
    pub dlq_topic: String,
    /// The partition of the dead letter topic that holds the letter.
    pub dlq_partition: i32,
    /// The letter's offset in that partition.
    pub dlq_offset: i64,
    /// How often the letter was replayed in vain.
    pub replays: i32,
    /// When the record was first refused.
    pub created_at: DateTime<Utc>,
    /// When the letter was closed.
    pub resolved_at: Option<DateTime<Utc>>,
    /// What became of the letter, if it was closed.
    pub resolution: Option<String>,
}

impl Letter {
    /// The order's or the customer's id.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.order_id.map(|id| id.to_string()).or_else(|| self.customer_id.clone())
    }
}

/// Which letters are meant. A field that is `None` or empty leaves all letters in.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The reasons.
    pub reasons: Vec<String>,
    /// The record's topic.
    pub topic: Option<String>,
    /// The order's or the customer's id.
    pub key: Option<String>,
    /// Only letters from this time on.
    pub since: Option<DateTime<Utc>>,
    /// Only letters from before this time.
    pub until: Option<DateTime<Utc>>,
    /// Whether closed letters are meant too.
    pub resolved: bool,
    /// Whether open letters are left out. Only pages of letters are asked so.
    pub only_resolved: bool,
    /// The ids of the letters.
    pub ids: Vec<String>,
}

/// The number of letters of one kind.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Count {
    /// The record's topic.
    pub topic: String,
    /// The source's epoch.
    pub epoch: i32,
    /// The reason.
    pub reason: String,
    /// How often the letters were replayed.
    pub replays: i32,
    /// How many letters there are.
    pub letters: i64,
}

/// The range of offsets that holds the meant letters in a partition of the dead letter topic.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LetterRange {
    /// The partition.
    pub dlq_partition: i32,
    /// The first offset.
    pub first: i64,
    /// The last offset.
    pub last: i64,
}

/// The condition that all statements here share. `$1` to `$7` are the values of the filter. A key that is a number may be an order's, and is
/// compared as one, so that both indexes serve; `case` keeps a key that is none from being read as one.
macro_rules! meant {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            " from dead_letters where (cardinality($1::text[]) = 0 or reason = any($1)) and topic = coalesce($2, topic) \
             and ($3::text is null or customer_id = $3 or order_id = case when $3 ~ '^-?[0-9]{1,19}$' then \
             case when $3::numeric between -9223372036854775808 and 9223372036854775807 then $3::bigint end end) and ($4::timestamptz is null or created_at >= $4) \
             and ($5::timestamptz is null or created_at < $5) and ($6 or resolved_at is null) \
             and (cardinality($7::text[]) = 0 or id = any($7)) ",
            $end
        )
    };
}

const COUNTS: &str = meant!(
    "select topic, epoch, reason, replays, count(*) as letters",
    "group by topic, epoch, reason, replays order by topic, epoch, reason, replays"
);
const NEWEST: &str = meant!("select *", "order by created_at desc, id limit $8");
const STRETCHES: &str = meant!(
    "select dlq_partition, min(dlq_offset) as first, max(dlq_offset) as last",
    "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) group by dlq_partition order by dlq_partition"
);
const AT: &str = meant!(
    "select *",
    "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) and dlq_partition = $12 and dlq_offset = any($13)"
);
const BEFORE: &str = meant!(
    "select count(*)",
    "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) and dlq_partition = $12 and dlq_offset < $13"
);
const RESOLVE: &str =
    meant!("update dead_letters set resolved_at = now(), resolution = $8 where id in (select id", "order by id limit $9 for update)");
const ONE: &str = "select * from dead_letters where id = $1";

/// Binds the values of the filter.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {
        $query
            .bind(&$filter.reasons)
            .bind(&$filter.topic)
            .bind(&$filter.key)
            .bind($filter.since)
            .bind($filter.until)
            .bind($filter.resolved)
            .bind(&$filter.ids)
    };
}

/// Which of the letters that a filter means may be replayed.
#[derive(Debug, Clone, Copy)]
pub struct Replayable<'a> {
    /// The dead letter topic.
    pub dlq_topic: &'a str,
    /// The topics whose records can be replayed.
    pub topics: &'a [String],
    /// The present epoch.
    pub epoch: i32,
    /// The loop guard: a letter that was replayed this often is left alone.
    pub max_replays: i32,
}

impl Results {
    /// Counts the letters by kind.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letter_counts(&self, filter: &Filter) -> Result<Vec<Count>, StoreError> {
        Ok(self.lease().await?.ask(|on| filtered!(sqlx::query_as(COUNTS), filter).fetch_all(on)).await?)
    }

    /// The newest letters.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn newest_letters(&self, filter: &Filter, limit: i64) -> Result<Vec<Letter>, StoreError> {
        Ok(self.lease().await?.ask(|on| filtered!(sqlx::query_as(NEWEST), filter).bind(limit).fetch_all(on)).await?)
    }

    /// One letter.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(ONE).bind(id).fetch_optional(on)).await?)
    }

    /// The ranges of offsets on the dead letter topic that hold the letters to be replayed.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn stretches(&self, filter: &Filter, of: Replayable<'_>) -> Result<Vec<LetterRange>, StoreError> {
        let query = filtered!(sqlx::query_as(STRETCHES), filter).bind(of.dlq_topic).bind(of.epoch).bind(of.max_replays).bind(of.topics);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The letters to be replayed whose records stand at these offsets. A copy that a later copy has replaced is not among them.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letters_at(
        &self,
        filter: &Filter,
        of: Replayable<'_>,
        dlq_partition: i32,
        offsets: &[i64],
    ) -> Result<Vec<Letter>, StoreError> {
        let query = filtered!(sqlx::query_as(AT), filter).bind(of.dlq_topic).bind(of.epoch).bind(of.max_replays).bind(of.topics);
        Ok(self.lease().await?.ask(|on| query.bind(dlq_partition).bind(offsets).fetch_all(on)).await?)
    }

    /// How many of the letters to be replayed stand before this offset of a partition of the dead letter topic.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letters_before(&self, filter: &Filter, of: Replayable<'_>, dlq_partition: i32, offset: i64) -> Result<u64, StoreError> {
        let query = filtered!(sqlx::query_scalar(BEFORE), filter).bind(of.dlq_topic).bind(of.epoch).bind(of.max_replays).bind(of.topics);
        let count: i64 = self.lease().await?.ask(|on| query.bind(dlq_partition).bind(offset).fetch_one(on)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Closes up to `limit` of the meant letters, notes the operator's words on what became of them, and returns how many were closed.
    ///
    /// # Errors
    /// If Postgres is away or refuses. The call may be repeated.
    pub async fn resolve_letters(&self, filter: &Filter, resolution: &str, limit: i64) -> Result<u64, StoreError> {
        let query = filtered!(sqlx::query(RESOLVE), filter).bind(resolution).bind(limit);
        Ok(self.lease().await?.ask(|on| query.execute(on)).await?.rows_affected())
    }
}
