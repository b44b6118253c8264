//! Postgres: the enriched orders and the ledger that makes them exactly-once.
//!
//! - `session`: what the server has to be for each of them
//! - `connections`: their number, and the deadline around every call
//! - `migrate`: the tables brought up to date
//! - [`claim`]: who may write a partition, and from which offset
//! - [`batch`]: what one transaction writes
//! - [`apply`]: the transaction of a batch of orders
//! - `fence`, `rounds`, `settle`, `lsn_space`, `refused`, `letters`: its statements, in order
//! - [`truncate`]: what a truncate removes, in all partitions
//! - [`bisect`]: the rows that Postgres refuses
//! - [`customers`]: the transaction of a batch of customers
//! - [`ledger`]: where each partition stands, and moved by hand
//! - `stand_in`: what the rows know of customers whose events lack a column
//! - [`marked`], [`due`]: customers who have changed, and the list of what the sweep has to complete
//! - [`states`]: rows read back, for the hashes in Redis
//! - [`dead_letters`], [`replay`]: letters listed, and processed again
//! - [`retention`]: what is removed after its time
//! - [`side`], [`reconcile`]: rows compared with those of the source, and set right
//! - [`raise`]: revisions above those of a Redis that is ahead
//! - [`summary`], [`lock`]: for operators
//! - [`error`]: what an error means

use ledger::{Lease, Ledger, StoreConfig, StoreError};

pub mod apply;
pub mod batch;
pub mod bisect;
mod column;
mod columns;
pub mod customers;
pub mod dead_letters;
pub mod due;
mod fence;
mod letters;
mod lsn_space;
pub mod marked;
mod numeric;
mod overtaken;
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
pub mod truncate;

pub use apply::{Applied, ApplyError};
pub use rounds::UPSERT;

/// The migrations, embedded: a binary and its schema cannot come apart.
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/results");

/// The tables of this job, on the connections of its ledger. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Results {
    /// Who may write which partition, and where each of them stands.
    pub ledger: Ledger,
}

impl Results {
    /// Prepares the connections; connects when they are first used.
    ///
    /// # Errors
    /// If the URL cannot be read.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        Ok(Self { ledger: Ledger::new(config)? })
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

    /// The last one that may do with a table what it likes: the tables were new.
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
        // Of letters there are few enough: a million take a second.
        let large = ["results", "deleted_orders", "due_orders", "due_customers"];
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > FIRST_TABLES && !migration.no_tx) {
            let sql = statements(migration);
            for table in large {
                let makes_it = sql.contains(&format!("create table {table} "));
                let index =
                    sql.split(';').any(|one| one.contains("index") && one.contains(&format!(" on {table}")) && one.contains("create"));
                assert!(
                    !index || makes_it,
                    "{}: an index on {table} needs a file of its own that begins with -- no-transaction",
                    migration.version
                );
            }
        }
    }
}
