//! Whether a program may work beside tables that a newer version has migrated, as in a rolling upgrade, or after going back by one version.
//!
//! Each migration may say in its first lines which programs go on beside it: `-- oldest program: 17` means those that know the migrations
//! up to 17. Without that line none does but those that know the migration itself. The newer program notes the number in the table
//! `migration_limits`, because an older program does not have the file.

use std::fmt;

use sqlx::migrate::{AppliedMigration, Migration, Migrator};
use sqlx::postgres::PgConnection;

const MARK: &str = "-- oldest program: ";

const NOTES: &str = "select to_regclass('migration_limits') is not null";

/// How many of the migrations are noted, and the highest of their limits.
const LIMIT: &str = "select count(*), max(oldest_program) from migration_limits where version = any($1)";

const NOTE: &str = "
insert into migration_limits select version, oldest_program from unnest($1::bigint[], $2::bigint[]) as l (version, oldest_program)
on conflict (version) do nothing";

/// The tables were migrated by a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newer {
    /// The newest migration of the tables.
    pub tables: i64,
    /// The newest migration that this program knows.
    pub program: i64,
    /// The newest migration that a program must know to work beside the tables; `None` if nothing is known of it.
    pub oldest_program: Option<i64>,
}

impl Newer {
    /// Whether this program may work beside the tables.
    #[must_use]
    pub fn admits(&self) -> bool {
        self.oldest_program.is_some_and(|oldest| oldest <= self.program)
    }
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, program, oldest_program } = self;
        write!(f, "the tables were migrated by a newer version (migration {tables}, this program knows {program})")?;
        match oldest_program {
            _ if self.admits() => write!(f, ", and this program may work beside it"),
            Some(oldest) => write!(f, ", and need a program that knows migration {oldest}; start the newer version"),
            None => write!(f, "; start the newer version"),
        }
    }
}

impl std::error::Error for Newer {}

/// Whether the applied migrations are newer than `known`, and what that means. `None` if they are not.
///
/// # Errors
/// If Postgres does not answer.
pub async fn newer(on: &mut PgConnection, applied: &[i64], known: &Migrator) -> Result<Option<Newer>, sqlx::Error> {
    let unknown: Vec<i64> = applied.iter().copied().filter(|version| !known.version_exists(*version)).collect();
    let Some(tables) = unknown.iter().max().copied() else { return Ok(None) };
    let program = known.iter().map(|migration| migration.version).max().unwrap_or(0);
    let oldest_program = limit(on, &unknown).await?;
    Ok(Some(Newer { tables, program, oldest_program }))
}

/// The highest limit of these migrations, if each has one.
async fn limit(on: &mut PgConnection, unknown: &[i64]) -> Result<Option<i64>, sqlx::Error> {
    if !sqlx::query_scalar::<_, bool>(NOTES).fetch_one(&mut *on).await? {
        return Ok(None);
    }
    let (noted, highest): (i64, Option<i64>) = sqlx::query_as(LIMIT).bind(unknown).fetch_one(on).await?;
    Ok(highest.filter(|_| usize::try_from(noted) == Ok(unknown.len())))
}

/// Notes for older programs which of them may work beside the applied migrations. A program of before the table for that notes nothing.
pub(super) async fn note(on: &mut PgConnection, known: &Migrator) -> Result<(), sqlx::Error> {
    if sqlx::query_scalar::<_, bool>(NOTES).fetch_one(&mut *on).await? {
        let limits: Vec<i64> = known.iter().map(oldest_program).collect();
        let versions: Vec<i64> = known.iter().map(|migration| migration.version).collect();
        sqlx::query(NOTE).bind(versions).bind(limits).execute(on).await?;
    }
    Ok(())
}

/// The newest migration that a program must know to work beside this one.
fn oldest_program(migration: &Migration) -> i64 {
    let marked = migration.sql.as_str().lines().take_while(|line| line.starts_with("--")).find_map(|line| line.strip_prefix(MARK));
    marked.and_then(|number| number.trim().parse().ok()).unwrap_or(migration.version)
}

pub(super) fn versions(applied: &[AppliedMigration]) -> Vec<i64> {
    applied.iter().map(|migration| migration.version).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_beside_newer_tables_only_if_each_of_their_migrations_says_so() {
        let newer = |oldest_program| Newer { tables: 30, program: 21, oldest_program };
        assert!(newer(Some(21)).admits());
        assert!(!newer(Some(22)).admits());
        assert!(!newer(None).admits());
        assert_eq!(
            newer(Some(22)).to_string(),
            "the tables were migrated by a newer version (migration 30, this program knows 21), and need a program that knows migration 22; start the newer version"
        );
    }
}
