//! The timeline of a server, which tells an old primary from the one that took its place.
//!
//! Each promotion of a standby begins a new timeline, with a higher number. When the old primary comes back as a writer and the address leads
//! to it, the old primary takes writes that nobody will keep, and its ledger knows nothing of the other's: no fence in a ledger can help
//! (P4). So a process remembers the highest timeline that it has seen of a database system, and refuses a connection to a lower one. The
//! memory is the process's own: after a restart any server counts, so that an operator who has restored a backup on purpose can go on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Error, Row};

use crate::StoreError;
use crate::session::Unfit;

/// Asks for the database system and the timeline. The name of a file of the log begins with the timeline, also before the first checkpoint
/// after a promotion. A standby does not say, and takes no writes either.
const QUESTION: &str = "select (select system_identifier from pg_catalog.pg_control_system()),
    case when pg_catalog.pg_is_in_recovery() then null
        else ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::bigint end";

/// A timeline of a database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Timeline {
    system: i64,
    number: i64,
}

/// The server does not tell at all: the role may not ask, there is no such function, or the server does not offer it. Any other error, as that of a
/// server that ends just now, says nothing about the next connection.
const CANNOT_TELL: [&str; 3] = ["42501", "42883", "0A000"];

/// The highest timeline that was seen of each database system.
#[derive(Debug, Default)]
pub(crate) struct Timelines {
    highest: Mutex<HashMap<i64, i64>>,
    /// Whether the server does not tell: the role may not ask, or the server is none of the usual kind.
    is_silent: AtomicBool,
}

impl Timelines {
    /// Asks the server at the other end which timeline it is on.
    ///
    /// # Errors
    /// [`Unfit::OldTimeline`] if a higher one was seen before.
    pub(crate) async fn look(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Ok(());
        }
        match sqlx::raw_sql(QUESTION).fetch_one(connection).await {
            Ok(row) => read(&row)?.map_or(Ok(()), |now| Ok(self.see(now)?)),
            Err(Error::Database(error)) if error.code().is_some_and(|code| CANNOT_TELL.contains(&&*code)) => {
                self.is_silent.store(true, Ordering::Relaxed);
                tracing::info!(%error, "Postgres does not tell its timeline, so that an old primary that comes back would not be recognised");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn see(&self, now: Timeline) -> Result<(), Unfit> {
        let mut highest = self.highest.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = highest.entry(now.system).or_insert(now.number);
        if *seen > now.number {
            return Err(Unfit::OldTimeline { seen: *seen, now: now.number });
        }
        *seen = now.number;
        Ok(())
    }
}

fn read(row: &PgRow) -> Result<Option<Timeline>, Error> {
    let number: Option<i64> = row.try_get(1)?;
    let system = row.try_get(0)?;
    Ok(number.map(|number| Timeline { system, number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_timeline_of_the_same_system_is_refused_and_another_system_begins_anew() {
        let timelines = Timelines::default();
        let see = |system, number| timelines.see(Timeline { system, number });
        assert_eq!(see(1, 3), Ok(()));
        assert_eq!(see(1, 3), Ok(()));
        assert_eq!(see(1, 4), Ok(()));
        assert_eq!(see(1, 3), Err(Unfit::OldTimeline { seen: 4, now: 3 }));
        assert_eq!(see(1, 4), Ok(()), "the refused server is not remembered");
        assert_eq!(see(2, 1), Ok(()), "a dump was restored into a new system");
        assert_eq!(see(1, 3), Err(Unfit::OldTimeline { seen: 4, now: 3 }), "the system that was left is remembered");
    }
}
