//! The audit trail: `results_history` has a row for each change of a row of `results`, written by triggers in the transaction that changes it.
//! Here is who says why a transaction changes rows, how recording begins and ends, and how long it is kept. The tables, triggers and functions
//! are in sql/results/0026_results_history.sql.
//!
//! Whether changes are recorded is a fact of the database and no setting of a session, so that a hand with psql is recorded like a batch. The
//! triggers are made and dropped, and not disabled: for a disabled trigger Postgres would collect the rows of each statement all the same.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ledger::{Lease, StoreError};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Executor};

use super::Results;
use super::traces::instant;

const SWITCH: &str = "select switch_history($1, $2)";

/// Whoever waits for the table holds up everybody who comes after (P9).
const SHORTLY: &str = "set local lock_timeout = '1s'";

const PREPARE: &str = "select prepare_history($1)";

const STATE: &str = "
select history_is_on() as is_on,
    has_history_partition(history_partition(date_trunc('month', now() at time zone 'UTC'))) as has_this_month,
    has_history_partition(history_partition(date_trunc('month', now() at time zone 'UTC') + interval '1 month')) as has_next_month,
    pg_has_role(current_user, c.relowner, 'usage') as may_switch
from pg_class c where c.oid = 'results'::regclass";

/// The partitions that end before the month that is so many months ago. Names of months stand in the order of time.
const OLD: &str = "
select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'results_history'::regclass
    and c.relname ~ '^results_history_[0-9]{4}_[0-9]{2}$'
    and c.relname < history_partition(date_trunc('month', now() at time zone 'UTC') - make_interval(months => $1))
order by c.relname";

/// Why a transaction changes rows of `results`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// An event of the shop.
    Event,
    /// A dead letter that is processed again.
    Replay,
    /// The sweep completes or refreshes a row.
    Sweep,
    /// The rest of a truncate of the shop.
    Truncate,
    /// A comparison with the shop sets rows right.
    Reconcile,
    /// Postgres was restored, and rows need revisions above those that Redis has.
    Restore,
}

impl Cause {
    /// The statement that says so, for the present transaction alone.
    fn statement(self) -> &'static str {
        match self {
            Self::Event => "set local orderstream.cause = 'event'",
            Self::Replay => "set local orderstream.cause = 'replay'",
            Self::Sweep => "set local orderstream.cause = 'sweep'",
            Self::Truncate => "set local orderstream.cause = 'truncate'",
            Self::Reconcile => "set local orderstream.cause = 'reconcile'",
            Self::Restore => "set local orderstream.cause = 'restore'",
        }
    }

    /// Begins a transaction that changes rows for this reason. The statement goes along with the beginning and costs no round trip.
    pub(super) async fn begin(self, lease: &mut Lease) -> Result<(), StoreError> {
        lease.begin_with(self.statement()).await
    }
}

/// How it stands with the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct HistoryState {
    /// Whether changes are recorded.
    pub is_on: bool,
    /// Whether there is a partition for the present month.
    pub has_this_month: bool,
    /// Whether there is a partition for the next month.
    pub has_next_month: bool,
    /// Whether this role may begin and end recording: it owns the tables.
    pub may_switch: bool,
}

/// A change of an order's row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredChange {
    /// When the transaction began.
    #[serde(deserialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// `i`, `u`, `d` or `t`.
    pub op: char,
    /// Why.
    pub cause: String,
    /// The revision of the state.
    pub revision: i64,
    /// The epoch of the event that the state is owed to.
    pub epoch: i32,
    /// The partition of that event.
    pub partition: i32,
    /// The offset of that event.
    pub offset: i64,
    /// The customer's version.
    pub customer_version: Option<String>,
    /// How complete the row was.
    pub enrichment: String,
    /// The columns that the change has changed, as texts.
    pub changed: BTreeMap<String, Option<String>>,
}

/// When recording began or ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Switch {
    /// When.
    #[serde(deserialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// Whether it began.
    pub is_on: bool,
}

/// The history of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct StoredHistory {
    /// Whether changes are recorded now.
    pub is_on: bool,
    /// When recording began and ended, the last twenty times.
    pub switches: Vec<Switch>,
    /// The name of the oldest partition.
    pub begins: Option<String>,
    /// The last 200 changes of the order, the first first.
    pub changes: Vec<StoredChange>,
}

impl Results {
    /// Begins or ends recording; `who` is noted. Returns whether anything was changed. If the table is in use for longer than a second, the
    /// error is of class contention, and the call is to be repeated.
    ///
    /// # Errors
    /// If Postgres is away or refuses: the role has to own the tables.
    pub async fn switch_history(&self, on: bool, who: &str) -> Result<bool, StoreError> {
        let mut lease = self.lease().await?;
        lease.begin_with(SHORTLY).await?;
        let query = sqlx::query_scalar(SWITCH).bind(on).bind(who);
        let switched = lease.ask(|on| query.fetch_one(on)).await?;
        lease.commit().await?;
        Ok(switched)
    }

    /// Makes the partitions of this month and of so many after it. Returns how many were made.
    ///
    /// # Errors
    /// As [`Self::switch_history`].
    pub async fn prepare_history(&self, ahead: i32) -> Result<i32, StoreError> {
        let query = sqlx::query_scalar(PREPARE).bind(ahead);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }

    /// How it stands with the audit trail.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn history_state(&self) -> Result<HistoryState, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(STATE).fetch_one(on)).await?)
    }

    /// Removes the partitions of months before the last `months`, each as a whole: an instant, for which the history has to be free. Returns
    /// how many were removed.
    ///
    /// # Errors
    /// As [`Self::switch_history`].
    pub async fn forget_history(&self, months: i32) -> Result<u64, StoreError> {
        let mut lease = self.lease().await?;
        let old: Vec<String> = lease.ask(|on| sqlx::query_scalar(OLD).bind(months).fetch_all(on)).await?;
        let mut removed = 0;
        for name in old {
            lease.begin_with(SHORTLY).await?;
            let drop = AssertSqlSafe(format!("drop table {name}"));
            lease.ask(|on| on.execute(drop)).await?;
            lease.commit().await?;
            removed += 1;
        }
        Ok(removed)
    }
}
