//! What operators hold for a while: paused partitions, and the breaker around Redis. Every process reads the two tables once a second.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ledger::StoreError;

use super::Results;
use crate::health::{Controls, HeldState, Hold, Pause};

/// What is still in force, by the clock of Postgres, which is the same for all processes. The breaker is the row without a topic.
const CONTROLS: &str = "
select topic, partition, 'paused' as state, until, extract(epoch from until - now())::float8 as left_seconds, set_by, reason
from partition_controls where until > now()
union all
select null, null, state, until, extract(epoch from until - now())::float8, set_by, reason from breaker_controls where until > now()
limit 10000";

const PAUSE: &str = "
insert into partition_controls (topic, partition, until, set_by, reason)
values ($1, $2, now() + make_interval(secs => $3), $4, $5)
on conflict (topic, partition) do update
set until = excluded.until, set_by = excluded.set_by, set_at = excluded.set_at, reason = excluded.reason
returning until";

const RESUME: &str = "delete from partition_controls where topic = $1 and partition = $2 and until > now()";

const HOLD: &str = "
insert into breaker_controls (state, until, set_by, reason) values ($1, now() + make_interval(secs => $2), $3, $4)
on conflict (single) do update
set state = excluded.state, until = excluded.until, set_by = excluded.set_by, set_at = excluded.set_at, reason = excluded.reason
returning until";

const RELEASE: &str = "delete from breaker_controls where until > now()";

/// What has ended is left for a day, so that a look into the table tells of it.
const FORGET: &str = "
with gone as (delete from breaker_controls where until < now() - interval '1 day')
delete from partition_controls where until < now() - interval '1 day'";

#[derive(sqlx::FromRow)]
struct Row {
    topic: Option<String>,
    partition: Option<i32>,
    state: String,
    until: DateTime<Utc>,
    left_seconds: f64,
    set_by: String,
    reason: String,
}

impl Results {
    /// What operators hold now.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn controls(&self) -> Result<Controls, StoreError> {
        let rows: Vec<Row> = self.lease().await?.ask(|on| sqlx::query_as(CONTROLS).fetch_all(on)).await?;
        Ok(controls(rows, Instant::now()))
    }

    /// Pauses a partition for so long, or changes its pause. Returns until when.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn pause_partition(
        &self,
        topic: &str,
        partition: i32,
        time: Duration,
        by: &str,
        reason: &str,
    ) -> Result<DateTime<Utc>, StoreError> {
        let query = sqlx::query_scalar(PAUSE).bind(topic).bind(partition).bind(time.as_secs_f64()).bind(by).bind(reason);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }

    /// Ends the pause of a partition. Returns whether there was one.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn resume_partition(&self, topic: &str, partition: i32) -> Result<bool, StoreError> {
        let query = sqlx::query(RESUME).bind(topic).bind(partition);
        Ok(self.lease().await?.ask(|on| query.execute(on)).await?.rows_affected() > 0)
    }

    /// Holds the breaker around Redis for so long, or changes the hold. Returns until when.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn hold_breaker(&self, state: HeldState, time: Duration, by: &str, reason: &str) -> Result<DateTime<Utc>, StoreError> {
        let query = sqlx::query_scalar(HOLD).bind(state.as_str()).bind(time.as_secs_f64()).bind(by).bind(reason);
        Ok(self.lease().await?.ask(|on| query.fetch_one(on)).await?)
    }

    /// Ends the hold of the breaker. Returns whether there was one.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn release_breaker(&self) -> Result<bool, StoreError> {
        Ok(self.lease().await?.ask(|on| sqlx::query(RELEASE).execute(on)).await?.rows_affected() > 0)
    }

    /// Removes the rows that have ended a day ago.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn forget_controls(&self) -> Result<(), StoreError> {
        self.lease().await?.ask(|on| sqlx::query(FORGET).execute(on)).await?;
        Ok(())
    }
}

fn controls(rows: Vec<Row>, now: Instant) -> Controls {
    let mut controls = Controls::default();
    for Row { topic, partition, state, until, left_seconds, set_by: by, reason } in rows {
        let ends = now + Duration::try_from_secs_f64(left_seconds).unwrap_or_default();
        match (topic.zip(partition), HeldState::of(&state)) {
            (Some((topic, partition)), _) => {
                drop(controls.pauses.insert((topic.into(), partition), Pause { ends, until, by, reason }));
            }
            (None, Some(state)) => controls.hold = Some(Hold { state, ends, until, by, reason }),
            (None, None) => {}
        }
    }
    controls
}
