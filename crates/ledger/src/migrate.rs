//! Brings the tables up to date, one migration after the other. The log tells when each migration begins and when it is done.
//!
//! - A migration may take as long as it needs, because the limit of a statement is meant for batches. While a migration runs, the server is
//!   asked for a sign of life, so that a silent server is noticed all the same (P10).
//! - A migration waits for the lock on a table only shortly and tries again: whoever waits for such a lock holds up everybody who comes
//!   after (P9).
//! - Only one process migrates at a time. The lock for that is tried again and again instead of waited for: `create index concurrently`
//!   waits for every statement that was there before, and so for processes that wait for the lock.
//! - A program that is older than the tables goes on beside them where each newer migration allows it ([`newer`]).
//! - A file that begins with `-- no-transaction` makes one index concurrently and is named like that index. What an attempt that ended
//!   early has left is dropped before the next attempt.

use std::time::{Duration, Instant};

use service::retry::{Backoff, Policy};
use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};
use tokio::time::sleep;

use crate::session::Unfit;
use crate::{Class, Ledger, StoreError};

pub mod newer;

const TABLE: &str = "_sqlx_migrations";

const PATIENCE: Duration = Duration::from_secs(5);

/// Others may be held up by a migration that waits for a table, but no longer than this `lock_timeout`.
const NO_LIMIT: &str = "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = '1s'";

/// Making an index concurrently holds nobody up, and must not begin anew because somebody's transaction was long.
const NO_LIMIT_AT_ALL: &str = "set statement_timeout = 0; set lock_timeout = 0";

/// The number is free: nobody else uses it as an advisory lock.
const ALONE: &str = "select pg_try_advisory_lock(7365000)";
const DONE: &str = "select pg_advisory_unlock(7365000)";

/// The schema that has the tables, and the schema where new ones would be made, if the two differ.
const ELSEWHERE: &str = "
select n.nspname::text, coalesce(current_schema()::text, 'nowhere') from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = to_regclass('consumer_offsets') and n.nspname is distinct from current_schema()";

const INVALID: &str = "select exists (select from pg_index where indexrelid = to_regclass($1) and not indisvalid)";

/// How often a silent server is asked, and how many asks in vain end the migration.
const ASKED_EVERY: Duration = Duration::from_secs(5);
const ASKED_IN_VAIN: u32 = 4;

/// The log repeats after this time that a migration still runs.
const STILL: Duration = Duration::from_secs(60);

impl Ledger {
    /// Creates or updates the tables. Processes that start together take turns.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or was migrated by a newer version.
    pub async fn migrate(&self, migrations: &Migrator) -> Result<(), StoreError> {
        let mut connection = self.connections.connect(PATIENCE).await?;
        tokio::select! {
            done = up_to_date(&mut connection, migrations) => done,
            silence = self.silence() => Err(silence),
        }
    }

    /// Ends when the server has been silent for long.
    async fn silence(&self) -> StoreError {
        let (began, mut told, mut in_vain) = (Instant::now(), Instant::now(), 0);
        loop {
            sleep(ASKED_EVERY).await;
            match self.ping().await {
                Err(error) if error.is_silence() && in_vain + 1 == ASKED_IN_VAIN => return error,
                Err(error) if error.is_silence() => in_vain += 1,
                // An error is an answer too: the server is not silent.
                _ => in_vain = 0,
            }
            if told.elapsed() >= STILL {
                told = Instant::now();
                tracing::info!(seconds = began.elapsed().as_secs(), "The tables are still being brought up to date");
            }
        }
    }
}

async fn up_to_date(on: &mut PgConnection, migrations: &Migrator) -> Result<(), StoreError> {
    if let Some(elsewhere) = elsewhere(on).await? {
        return Err(elsewhere.into());
    }
    on.execute(NO_LIMIT).await?;
    alone(on).await?;
    for migration in pending(on, migrations).await? {
        apply(on, migration).await?;
    }
    newer::note(on, migrations).await?;
    on.execute(DONE).await?;
    Ok(())
}

/// The complaint if the tables are not where new ones would be made.
pub async fn elsewhere(on: &mut PgConnection) -> Result<Option<Unfit>, sqlx::Error> {
    let found: Option<(String, String)> = sqlx::query_as(ELSEWHERE).fetch_optional(on).await?;
    Ok(found.map(|(tables, first)| Unfit::SearchPath { tables, first }))
}

/// Waits until no other process migrates.
async fn alone(on: &mut PgConnection) -> Result<(), StoreError> {
    let mut is_told = false;
    while !sqlx::query_scalar::<_, bool>(ALONE).fetch_one(&mut *on).await? {
        if !is_told {
            tracing::info!("Another process brings the tables up to date; this one waits for it");
            is_told = true;
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

async fn pending<'m>(on: &mut PgConnection, migrations: &'m Migrator) -> Result<Vec<&'m Migration>, StoreError> {
    on.ensure_migrations_table(TABLE).await?;
    if let Some(version) = on.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version).into());
    }
    let applied = on.list_applied_migrations(TABLE).await?;
    match newer::newer(on, &newer::versions(&applied), migrations).await? {
        Some(newer) if newer.admits() => tracing::info!("{newer}"),
        Some(newer) => return Err(newer.into()),
        None => {}
    }
    let mut pending = Vec::new();
    for migration in migrations.iter() {
        match applied.iter().find(|applied| applied.version == migration.version) {
            Some(applied) if applied.checksum != migration.checksum => return Err(MigrateError::VersionMismatch(migration.version).into()),
            Some(_) => {}
            None => pending.push(migration),
        }
    }
    Ok(pending)
}

async fn apply(on: &mut PgConnection, migration: &Migration) -> Result<(), StoreError> {
    let (version, what) = (migration.version, &*migration.description);
    tracing::info!(migration = version, what, "A migration of the tables begins; on large tables it may take long");
    let mut backoff = Backoff::new(Policy { initial: Duration::from_millis(200), max: Duration::from_secs(5) });
    let (began, mut is_told) = (Instant::now(), false);
    while let Err(error) = attempt(on, migration).await {
        if error.class() != Class::Contention {
            return Err(error);
        }
        if !is_told {
            tracing::warn!(migration = version, what, %error, "A migration waits for a table that is in use; it is tried again and holds nobody up meanwhile");
            is_told = true;
        }
        sleep(backoff.next_delay()).await;
    }
    tracing::info!(migration = version, what, seconds = began.elapsed().as_secs_f64(), "The migration is done");
    Ok(())
}

async fn attempt(on: &mut PgConnection, migration: &Migration) -> Result<(), StoreError> {
    if migration.no_tx {
        on.execute(NO_LIMIT_AT_ALL).await?;
        let index = index_of(migration);
        let is_left: bool = sqlx::query_scalar(INVALID).bind(&index).fetch_one(&mut *on).await?;
        if is_left {
            on.execute(AssertSqlSafe(format!("drop index concurrently if exists {index}"))).await?;
        }
    } else {
        on.execute(NO_LIMIT).await?;
    }
    on.apply(TABLE, migration).await?;
    Ok(())
}

/// The name of the index that a migration without a transaction makes. The file has the same name.
#[must_use]
pub fn index_of(migration: &Migration) -> String {
    migration.description.replace(' ', "_")
}
