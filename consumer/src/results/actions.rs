//! What operators do by the page: each action is a row of `operator_actions`, from what the operator was shown to what came of it.
//!
//! A plan is executed by one update, so it is executed once whichever processes are asked, and however often. The process that executes it
//! says every few seconds that it is at it, and learns by the same statement that it is to stop. The table's trigger keeps what was executed
//! (sql/results/0029_operator_actions.sql).

use chrono::{DateTime, Utc};
use ledger::StoreError;
use serde_json::Value;

use super::Results;

/// The number of actions that are listed at once (P10).
const PAGE: i64 = 50;

/// A row of `operator_actions`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct ActionRow {
    /// The id of the plan, and of the action.
    pub id: String,
    /// When it was planned.
    pub at: DateTime<Utc>,
    /// Who has planned it, and alone may execute it.
    pub who: String,
    /// What is done.
    pub action: String,
    /// To what, and how.
    pub parameters: Value,
    /// Why, in the operator's words.
    pub reason: String,
    /// What the operator was shown.
    pub plan: Value,
    /// `planned`, `running`, `stopping`, `done`, `stopped` or `failed`.
    pub state: String,
    /// When its execution began.
    pub executed_at: Option<DateTime<Utc>>,
    /// The process that executes it.
    pub instance: Option<String>,
    /// How far it is.
    pub progress: Option<Value>,
    /// What came of it.
    pub outcome: Option<String>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The seconds since the process that executes it was heard of.
    pub silent_seconds: Option<f64>,
    /// Whether the plan may still be executed.
    pub is_fresh: bool,
}

/// A plan that is to be stored.
#[derive(Debug, Clone)]
pub struct NewAction<'a> {
    /// Its id, which nobody can guess.
    pub id: &'a str,
    /// Who asks.
    pub who: &'a str,
    /// What they may do.
    pub role: &'a str,
    /// Where they ask from.
    pub address: &'a str,
    /// What is to be done.
    pub action: &'a str,
    /// To what, and how.
    pub parameters: &'a Value,
    /// Why.
    pub reason: &'a str,
    /// What the operator is shown.
    pub plan: &'a Value,
    /// For how many seconds the plan holds.
    pub lives_seconds: f64,
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything was done.
    Done,
    /// Somebody has stopped it.
    Stopped,
    /// Something was in the way.
    Failed,
}

impl Ended {
    /// The text in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// The columns of an [`ActionRow`].
macro_rules! columns {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            " id, at, who, action, parameters, reason, plan, state, executed_at, instance, progress, outcome, finished_at, \
             greatest(extract(epoch from now() - heard_at), 0)::float8 as silent_seconds, expires_at > now() as is_fresh ",
            $end
        )
    };
}

const PLAN: &str = "
insert into operator_actions (id, who, role, address, action, parameters, reason, plan, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9)) returning expires_at";
const ONE: &str = columns!("select", "from operator_actions where id = $1");
/// Rows of the same moment are never torn apart by the end of a page.
const LIST: &str = columns!(
    "select",
    "from operator_actions where executed_at < coalesce($1, 'infinity') order by executed_at desc fetch first $2 rows with ties"
);
const NOW: &str = columns!(
    "select",
    "from operator_actions where state in ('running', 'stopping') and executed_at is not null
        or id = (select id from operator_actions where finished_at is not null and executed_at is not null order by executed_at desc limit 1)
     order by executed_at desc limit 20"
);
const EXECUTE: &str = columns!(
    "update operator_actions set state = 'running', executed_at = date_trunc('milliseconds', clock_timestamp()), instance = $2, heard_at = now()
     where id = $1 and state = 'planned' and expires_at > now() returning",
    ""
);
const STOP: &str =
    columns!("update operator_actions set state = 'stopping', stopped_by = $2 where id = $1 and state = 'running' returning", "");
const HEARD: &str = "
update operator_actions set heard_at = now(), progress = coalesce($3, progress) where id = $1 and instance = $2 and finished_at is null
returning state";
const FINISH: &str = "
update operator_actions set state = $3, outcome = $4, progress = coalesce($5, progress), finished_at = now(), heard_at = now()
where id = $1 and instance = $2 and finished_at is null";

/// A process says once a second that it is at it, so after minutes nobody is: an action whose process has ended would never end.
const CLOSE_INTERRUPTED: &str = "
update operator_actions set state = 'failed', outcome = 'interrupted: its process was not heard of any more', finished_at = now()
where id = any(array(
    select id from operator_actions where state in ('running', 'stopping') and heard_at < now() - interval '10 minutes' limit $1))
and state in ('running', 'stopping') and heard_at < now() - interval '10 minutes'";

const FORGET: &str = "
delete from operator_actions where id = any(array(
    select id from operator_actions where executed_at is null and at < now() - interval '1 day'
    union all
    (select id from operator_actions where executed_at < now() - interval '400 days' order by executed_at limit $1)
    limit $1))";

impl Results {
    /// Stores a plan. Returns until when it may be executed.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn plan_action(&self, new: &NewAction<'_>) -> Result<DateTime<Utc>, StoreError> {
        let query = sqlx::query_scalar(PLAN).bind(new.id).bind(new.who).bind(new.role).bind(new.address).bind(new.action);
        let query = query.bind(new.parameters).bind(new.reason).bind(new.plan).bind(new.lives_seconds);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }

    /// A plan or an action.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn action(&self, id: &str) -> Result<Option<ActionRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(ONE).bind(id).fetch_optional(on)).await?)
    }

    /// The actions whose execution began before this moment, the last first, at least 50 of them if there are so many.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn actions_before(&self, before: Option<DateTime<Utc>>) -> Result<Vec<ActionRow>, StoreError> {
        let query = sqlx::query_as(LIST).bind(before).bind(PAGE);
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The actions that run now, and the last one that has ended.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn actions_now(&self) -> Result<Vec<ActionRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(NOW).fetch_all(on)).await?)
    }

    /// Begins to execute a plan. `None` if it was executed before, or is too old, or is none: then nothing was changed.
    ///
    /// # Errors
    /// If Postgres is away. After a lost answer the row tells what became of it.
    pub async fn execute_action(&self, id: &str, instance: &str) -> Result<Option<ActionRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(EXECUTE).bind(id).bind(instance).fetch_optional(on)).await?)
    }

    /// Asks an action to stop, and notes who has asked. `None` if it does not run.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn stop_action(&self, id: &str, who: &str) -> Result<Option<ActionRow>, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query_as(STOP).bind(id).bind(who).fetch_optional(on)).await?)
    }

    /// Says that this process is at it, and how far. Returns whether the action is to stop.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn action_goes_on(&self, id: &str, instance: &str, progress: Option<&Value>) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar(HEARD).bind(id).bind(instance).bind(progress);
        let state: Option<String> = self.lease().await?.ask(|on| query.fetch_optional(on)).await?;
        Ok(state.as_deref() != Some("running"))
    }

    /// Notes what came of an action. The call may be repeated.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn finish_action(
        &self,
        id: &str,
        instance: &str,
        ended: Ended,
        outcome: &str,
        progress: Option<&Value>,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(FINISH).bind(id).bind(instance).bind(ended.as_str()).bind(outcome).bind(progress);
        self.lease().await?.ask(|on| query.execute(on)).await?;
        Ok(())
    }

    /// Ends up to `limit` actions as failed whose process was not heard of for ten minutes. Returns how many.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn close_interrupted_actions(&self, limit: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(CLOSE_INTERRUPTED).bind(limit);
        Ok(self.lease().await?.ask(|on| query.execute(on)).await?.rows_affected())
    }

    /// The time by the clock of Postgres, which says when each letter was recorded.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn clock(&self) -> Result<DateTime<Utc>, StoreError> {
        let query = sqlx::query_scalar("select clock_timestamp()");
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }

    /// Removes plans that were never executed after a day, and actions after 400 days, up to `limit` of them. Returns how many.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn forget_actions(&self, limit: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(FORGET).bind(limit);
        Ok(self.lease().await?.ask(|on| query.execute(on)).await?.rows_affected())
    }

    /// About how many rows `results` has, without counting them; `None` before the table was analyzed.
    ///
    /// # Errors
    /// If Postgres is away.
    pub async fn rows_estimated(&self) -> Result<Option<u64>, StoreError> {
        let query = sqlx::query_scalar("select reltuples::bigint from pg_class where oid = 'results'::regclass");
        let rows: i64 = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        Ok(u64::try_from(rows).ok())
    }
}
