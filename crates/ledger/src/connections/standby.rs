//! Asks whether commits wait for a synchronous standby that is away (P9).

use tokio::time::timeout;

use super::{AT_ONCE, Connections};
use crate::StoreError;
use crate::unanswered::Unanswered;

/// Counts the commits of this role that have waited for a synchronous standby for more than two seconds.
const HELD_UP: &str = "select count(*) from pg_catalog.pg_stat_activity where usename = current_user and wait_event = 'SyncRep'
    and clock_timestamp() - state_change > interval '2 seconds'";

impl Connections {
    /// The number of commits that wait for a standby, asked on the connection for pings, because all others may be busy with waiting.
    pub async fn commits_held_up(&self) -> Result<i64, StoreError> {
        let mut pinging = self.pinging.lock().await;
        let Some(mut connection) = pinging.take() else { return Ok(0) };
        let asking = sqlx::query_scalar(HELD_UP).fetch_one(&mut connection);
        let answer = timeout(AT_ONCE, asking).await.map_err(|_| sqlx::Error::from(Unanswered::Silent(AT_ONCE)))?;
        *pinging = Some(connection);
        Ok(answer?)
    }
}
