//! The tables of the job in Postgres: the enriched orders in `results`, and what belongs to them. The ledger of offsets is a crate.
//!
//! - [`actions`]: what operators do by the page
//! - [`batch`]: what one transaction writes
//! - [`apply`]: the transaction of a batch of orders
//! - its statements, in order: `fence` moves the offset, `rounds` has the deletes and the upsert ([`UPSERT`]), `settle` looks at rows and
//!   tombstones side by side, `lsn_space` finds events of another database, `refused` marks rows behind a dead letter, `letters` records
//!   dead letters, `overtaken` closes those that the batch has overtaken
//! - [`truncate`]: removes what a truncate covers, in all partitions
//! - [`bisect`]: finds the rows that Postgres refuses
//! - [`comparisons`]: what the last comparison has found
//! - [`controls`]: what operators hold for a while: paused partitions, and the breaker
//! - [`customers`]: the transaction of a batch of customers
//! - `stand_in`: takes from the rows what an event of a customer leaves out
//! - [`history`]: the audit trail: who says why rows change, and how recording begins and ends
//! - [`latest`]: the newest orders
//! - [`letter_pages`]: dead letters in pages, counted, and which kinds of them are rising
//! - [`marked`], [`due`]: the customers who have changed, and the list of orders that the sweep has to complete
//! - [`states`]: reads rows back, for the hashes in Redis
//! - [`dead_letters`], [`replay`]: lists dead letters, and processes them again
//! - [`retention`]: removes tombstones and closed dead letters after their time
//! - [`side`], [`reconcile`]: compares rows with those of the source, and corrects them
//! - [`processes`]: the processes of the consumer group
//! - [`raise`]: gives rows revisions above those of a Redis that is ahead
//! - [`summary`]: counts for operators
//! - [`traces`]: what is known of one order or one customer

use ledger::{Lease, Ledger, StoreConfig, StoreError};

pub mod actions;
pub mod apply;
pub mod batch;
pub mod bisect;
mod columns;
pub mod comparisons;
pub mod controls;
pub mod customers;
pub mod dead_letters;
pub mod due;
mod fence;
pub mod history;
pub mod latest;
pub mod letter_pages;
mod letters;
mod lsn_space;
pub mod marked;
mod numeric;
mod overtaken;
pub mod processes;
pub mod raise;
pub mod reconcile;
mod refused;
pub mod replay;
pub mod retention;
mod rounds;
mod settle;
pub mod side;
mod stand_in;
pub mod states;
pub mod summary;
mod timestamp;
pub mod traces;
pub mod truncate;

pub use apply::{Applied, ApplyError};
pub use rounds::UPSERT;

/// The migrations, embedded in the binary, so that a binary and its schema cannot come apart.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/results");

/// The tables of this job, on the connections of its ledger. A clone is cheap.
#[derive(Debug, Clone)]
pub struct Results {
    /// The ledger: who may write a partition, and where each partition stands.
    pub ledger: Ledger,
}

impl Results {
    /// Prepares the connections. Each of them connects when it is first used.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        Ok(Self { ledger: Ledger::new(config)? })
    }

    /// Prepares connections that only read, for a `program` of another name in the server's views: its questions take no connection of the
    /// workers (P10).
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn reading(config: &StoreConfig, program: &'static str) -> Result<Self, StoreError> {
        Ok(Self { ledger: Ledger::reading(config, program)? })
    }

    /// Creates or updates the tables. Processes that start together take turns.
    ///
    /// # Errors
    /// If Postgres is away, refuses, or was migrated by a newer version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.ledger.migrate(&MIGRATIONS).await
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        self.ledger.lease().await
    }
}

#[cfg(test)]
mod tests {
    use ledger::migrate::index_of;
    use sqlx::migrate::Migration;

    use super::MIGRATIONS;

    /// The last migration that may lock tables for long, because the tables were new.
    const FIRST_TABLES: i64 = 7;

    fn statements(migration: &Migration) -> String {
        let lines = migration.sql.as_str().lines().map(|line| line.split("--").next().unwrap_or_default().trim());
        lines.collect::<Vec<_>>().join(" ").to_lowercase()
    }

    #[test]
    fn an_index_is_made_concurrently_alone_and_its_file_is_named_so() {
        for migration in MIGRATIONS.iter().filter(|migration| migration.no_tx) {
            let (sql, index) = (statements(migration), index_of(migration));
            assert!(sql.trim().starts_with(&format!("create index concurrently if not exists {index} on ")), "{index}: {sql}");
            assert_eq!(sql.trim().trim_end_matches(';').matches(';').count(), 0, "{index}: one statement");
        }
    }

    #[test]
    fn no_migration_makes_an_index_on_a_table_that_may_be_large_while_it_is_locked() {
        // Dead letters are few enough: an index on a million of them takes a second.
        let large = ["results", "deleted_orders", "due_orders", "due_customers"];
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > FIRST_TABLES && !migration.no_tx) {
            let sql = statements(migration);
            for table in large {
                let makes_it = sql.contains(&format!("create table {table} "));
                let index =
                    sql.split(';').any(|one| one.contains("index") && one.contains(&format!(" on {table} ")) && one.contains("create"));
                assert!(
                    !index || makes_it,
                    "{}: an index on {table} needs a file of its own that begins with -- no-transaction",
                    migration.version
                );
            }
        }
    }
}
