//! The rows of `dead_letters`, for operators, and their closing. Only these letters count: a letter on the topic without a row belongs to no
//! committed batch. What a letter is about is the job's ([`About`]); the rest of the table is the same in all jobs.

use change::rejection::Rejection;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::{PgConnection, PgRow};

use crate::{Ledger, StoreError};

/// A row of `dead_letters`.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Letter<A> {
    /// topic-partition-offset-epoch of the record.
    pub id: String,
    /// The record's topic.
    pub topic: String,
    /// The record's partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// What the record is about, if it could be read that far.
    #[sqlx(flatten)]
    pub about: A,
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

/// What the letters of a job are about.
pub trait About: for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {
    /// The statements, made by [`crate::letters!`].
    const STATEMENTS: Statements;

    /// What the letter is about, in a word.
    fn key(&self) -> Option<String>;
}

/// The statements about the letters of a job.
#[derive(Debug, Clone, Copy)]
pub struct Statements {
    #[doc(hidden)]
    pub counts: &'static str,
    #[doc(hidden)]
    pub newest: &'static str,
    #[doc(hidden)]
    pub stretches: &'static str,
    #[doc(hidden)]
    pub at: &'static str,
    #[doc(hidden)]
    pub before: &'static str,
    #[doc(hidden)]
    pub resolve: &'static str,
    #[doc(hidden)]
    pub one: &'static str,
}

/// Which letters are meant. A field that is `None` or empty leaves all letters in.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The reasons.
    pub reasons: Vec<String>,
    /// The record's topic.
    pub topic: Option<String>,
    /// What the record is about: the job says how that is told.
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

/// How many letters had which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Letters that changed their row.
    pub applied: u64,
    /// Letters that are older than what is there.
    pub stale: u64,
    /// Letters with nothing to do.
    pub ignored: u64,
    /// Letters that were refused again and stay.
    pub refused: u64,
    /// Letters that were left alone, because nothing tells what came after them.
    pub unknown: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.applied += more.applied;
        self.stale += more.stale;
        self.ignored += more.ignored;
        self.refused += more.refused;
        self.unknown += more.unknown;
    }
}

/// Letters of one reason.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LetterCount {
    /// The reason, as in the header `x-dlq-reason`.
    pub reason: String,
    /// Letters that are open.
    pub open: i64,
    /// Letters that were replayed, or became obsolete.
    pub resolved: i64,
    /// When the newest letter arrived.
    pub newest: DateTime<Utc>,
}

const BY_REASON: &str = "
select reason, count(*) filter (where resolved_at is null) as open, count(*) filter (where resolved_at is not null) as resolved,
    max(created_at) as newest
from dead_letters group by reason order by reason";

/// The condition that all statements share: `$1` to `$7` are the values of the filter. The argument is the condition for the key, `$3`.
#[doc(hidden)]
#[macro_export]
macro_rules! meant {
    ($key:literal, $start:literal, $end:literal) => {
        concat!(
            $start,
            " from dead_letters where (cardinality($1::text[]) = 0 or reason = any($1)) and topic = coalesce($2, topic) \
             and ($3::text is null or ",
            $key,
            ") and ($4::timestamptz is null or created_at >= $4) \
             and ($5::timestamptz is null or created_at < $5) and ($6 or resolved_at is null) \
             and (cardinality($7::text[]) = 0 or id = any($7)) ",
            $end
        )
    };
}

/// The statements about the letters of a job. The argument is the condition for the letters that are about the text `$3`.
#[macro_export]
macro_rules! letters {
    ($key:literal) => {
        $crate::letters::Statements {
            counts: $crate::meant!(
                $key,
                "select topic, epoch, reason, replays, count(*) as letters",
                "group by topic, epoch, reason, replays order by topic, epoch, reason, replays"
            ),
            newest: $crate::meant!($key, "select *", "order by created_at desc, id limit $8"),
            stretches: $crate::meant!(
                $key,
                "select dlq_partition, min(dlq_offset) as first, max(dlq_offset) as last",
                "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) group by dlq_partition order by dlq_partition"
            ),
            at: $crate::meant!(
                $key,
                "select *",
                "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) and dlq_partition = $12 and dlq_offset = any($13)"
            ),
            before: $crate::meant!(
                $key,
                "select count(*)",
                "and dlq_topic = $8 and epoch = $9 and replays < $10 and topic = any($11) and dlq_partition = $12 and dlq_offset < $13"
            ),
            resolve: $crate::meant!(
                $key,
                "update dead_letters set resolved_at = now(), resolution = $8 where id in (select id",
                "order by id limit $9 for update)"
            ),
            one: "select * from dead_letters where id = $1",
        }
    };
}

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

impl Ledger {
    /// Counts the letters by kind.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letter_counts<A: About>(&self, filter: &Filter) -> Result<Vec<Count>, StoreError> {
        Ok(self.lease().await?.ask(|on| filtered!(sqlx::query_as(A::STATEMENTS.counts), filter).fetch_all(on)).await?)
    }

    /// The newest letters.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn newest_letters<A: About>(&self, filter: &Filter, limit: i64) -> Result<Vec<Letter<A>>, StoreError> {
        Ok(self.lease().await?.ask(|on| filtered!(sqlx::query_as(A::STATEMENTS.newest), filter).bind(limit).fetch_all(on)).await?)
    }

    /// One letter.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letter<A: About>(&self, id: &str) -> Result<Option<Letter<A>>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(A::STATEMENTS.one).bind(id).fetch_optional(on)).await?)
    }

    /// The ranges of offsets on the dead letter topic that hold the letters to be replayed.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn stretches<A: About>(&self, filter: &Filter, of: Replayable<'_>) -> Result<Vec<LetterRange>, StoreError> {
        let query = filtered!(sqlx::query_as(A::STATEMENTS.stretches), filter)
            .bind(of.dlq_topic)
            .bind(of.epoch)
            .bind(of.max_replays)
            .bind(of.topics);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The letters to be replayed whose records stand at these offsets. A copy that a later copy has replaced is not among them.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letters_at<A: About>(
        &self,
        filter: &Filter,
        of: Replayable<'_>,
        dlq_partition: i32,
        offsets: &[i64],
    ) -> Result<Vec<Letter<A>>, StoreError> {
        let query =
            filtered!(sqlx::query_as(A::STATEMENTS.at), filter).bind(of.dlq_topic).bind(of.epoch).bind(of.max_replays).bind(of.topics);
        Ok(self.lease().await?.ask(|on| query.bind(dlq_partition).bind(offsets).fetch_all(on)).await?)
    }

    /// How many of the letters to be replayed stand before this offset of a partition of the dead letter topic.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letters_before<A: About>(
        &self,
        filter: &Filter,
        of: Replayable<'_>,
        dlq_partition: i32,
        offset: i64,
    ) -> Result<u64, StoreError> {
        let query = filtered!(sqlx::query_scalar(A::STATEMENTS.before), filter)
            .bind(of.dlq_topic)
            .bind(of.epoch)
            .bind(of.max_replays)
            .bind(of.topics);
        let count: i64 = self.lease().await?.ask(|on| query.bind(dlq_partition).bind(offset).fetch_one(on)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Closes up to `limit` of the meant letters, notes the operator's words on what became of them, and returns how many were closed.
    ///
    /// # Errors
    /// If Postgres is away or refuses. The call may be repeated.
    pub async fn resolve_letters<A: About>(&self, filter: &Filter, resolution: &str, limit: i64) -> Result<u64, StoreError> {
        let query = filtered!(sqlx::query(A::STATEMENTS.resolve), filter).bind(resolution).bind(limit);
        Ok(self.lease().await?.ask(|on| query.execute(on)).await?.rows_affected())
    }

    /// The letters by reason.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn letters_by_reason(&self) -> Result<Vec<LetterCount>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(BY_REASON).fetch_all(on)).await?)
    }
}

const RESOLVE: &str = "
update dead_letters d set resolved_at = now(), resolution = c.resolution
from unnest($1::text[], $2::text[]) as c (id, resolution) where d.id = c.id";

const REFUSE: &str = "
update dead_letters d set reason = c.reason, stage = c.stage, message = c.message, replays = d.replays + 1
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as c (id, reason, stage, message) where d.id = c.id";

/// Notes what became of replayed letters: those that are closed, each with its resolution, and those that were refused again and stay.
///
/// # Errors
/// If Postgres is away or refuses.
pub async fn note_replayed(
    connection: &mut PgConnection,
    resolved: Vec<(&str, &str)>,
    refused: &[(&str, &Rejection)],
) -> Result<(), StoreError> {
    let (ids, resolutions): (Vec<&str>, Vec<&str>) = resolved.into_iter().unzip();
    sqlx::query(RESOLVE).bind(ids).bind(resolutions).execute(&mut *connection).await?;
    let refusal = |of: fn(&Rejection) -> &str| refused.iter().map(|(_, rejection)| of(rejection)).collect::<Vec<_>>();
    sqlx::query(REFUSE)
        .bind(refused.iter().map(|(id, _)| *id).collect::<Vec<_>>())
        .bind(refusal(|rejection| rejection.reason.as_str()))
        .bind(refusal(|rejection| rejection.stage.as_str()))
        .bind(refusal(|rejection| &rejection.message))
        .execute(connection)
        .await?;
    Ok(())
}
