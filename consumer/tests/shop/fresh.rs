//! A database of a test's own, for tests of the Postgres edge, and batches to apply to it.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use change::position::{Origin, Position};
use change::value::Text;
use chrono::Utc;
use ledger::claim::Wanted;
use ledger::{Claim, StoreConfig};
use orderstream::orders::absent::ColumnSet;
use orderstream::orders::customer::Customer;
use orderstream::orders::enrich::{EnrichedOrder, Enrichment, KnownCustomer};
use orderstream::orders::order::Order;
use orderstream::orders::row::OrderState;
use orderstream::orders::write::{Delete, Put, Round};
use orderstream::results::batch::Batch;
use orderstream::results::{Applied, ApplyError, Results};
use rust_decimal::Decimal;
use sqlx::Connection;
use stack::Stack;

/// A migrated database of a test's own on the shared Postgres. No other test has the stack meanwhile, because other tests restart Postgres.
pub struct Fresh {
    pub stack: MutexGuard<'static, Stack>,
    pub results: Results,
    pub url: String,
    pub runtime: tokio::runtime::Runtime,
}

impl Fresh {
    pub fn database(name: &str) -> Self {
        Self::altered(name, &[])
    }

    /// Makes a database with these changes by `alter database`, which every session in the database begins with.
    pub fn altered(name: &str, changes: &[&str]) -> Self {
        Self::made(name, changes, |url| StoreConfig {
            url: url.into(),
            max_connections: 8,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
        })
    }

    /// Makes a database whose store has a configuration made from the URL of the database.
    pub fn with(name: &str, config: impl FnOnce(String) -> StoreConfig) -> Self {
        Self::made(name, &[], config)
    }

    fn made(name: &str, changes: &[&str], config: impl FnOnce(String) -> StoreConfig) -> Self {
        let stack = stack::shared().unwrap();
        stack.psql(&format!("drop database if exists {name} with (force)")).unwrap();
        stack.psql(&format!("create database {name}")).unwrap();
        for change in changes {
            stack.psql(&format!("alter database {name} {change}")).unwrap();
        }
        let url = stack.database_url().replace("/orders", &format!("/{name}"));
        let config = config(url.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let results = runtime.block_on(async {
            let results = Results::new(&config).unwrap();
            results.migrate().await.unwrap();
            results
        });
        Self { stack, results, url, runtime }
    }

    pub fn claim(&self, partition: i32) -> Claim {
        self.claim_in(0, partition)
    }

    pub fn claim_in(&self, epoch: i32, partition: i32) -> Claim {
        let topic: Arc<str> = "shop.public.orders".into();
        let wanted = Wanted { epoch, topic: &topic, partition, low: 0, high: i64::MAX, claimant: "test", cluster_id: None };
        self.runtime.block_on(self.results.ledger.claim(&wanted)).unwrap()
    }

    pub fn apply(&self, claim: &Claim, batch: &Batch) -> Result<Applied, ApplyError> {
        self.runtime.block_on(self.results.apply(claim, batch))
    }

    pub fn sql(&self, statement: &'static str) {
        self.runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        });
    }

    pub fn number(&self, query: &'static str) -> i64 {
        self.runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        })
    }

    pub fn live(&self, id: i64) -> Option<i32> {
        let states = self.runtime.block_on(self.results.states(&[id])).unwrap().states;
        states.into_iter().find_map(|state| match state {
            OrderState::Live(row) => Some(row.quantity),
            OrderState::Deleted(_) => None,
        })
    }
}

pub fn at(partition: i32, offset: i64, lsn: i64) -> Position {
    Position { epoch: 0, partition, offset, kind: Origin::Stream, commit: Some(lsn), lsn: Some(lsn), ts_ms: Some(1) }
}

pub fn put(order_id: i64, quantity: i32, position: Position) -> Put {
    let text = |text: &str| Text::Value(text.into());
    let order = Order {
        customer_id: text("C1"),
        product_id: text("P1"),
        quantity,
        price: Decimal::new(1999, 2),
        total: Decimal::new(1999, 2) * Decimal::from(quantity),
        status: text("pending"),
        ordered_at: None,
        updated_at: None,
        absent: ColumnSet::default(),
    };
    let customer =
        KnownCustomer { customer: Customer { name: Some("Ann".into()), ..Customer::default() }, version: Some("0.0.1".into()) }.into();
    let enriched = EnrichedOrder { order, customer, enrichment: Enrichment::Complete };
    Put { order_id, record: usize::try_from(position.offset).unwrap(), members: 1, enriched, position }
}

pub fn delete(order_id: i64, position: Position) -> Delete {
    Delete { order_id, record: usize::try_from(position.offset).unwrap(), members: 1, position }
}

pub fn batch(from: i64, to: i64, puts: Vec<Put>, deletes: Vec<Delete>) -> Batch {
    Batch { rounds: vec![Round { puts, deletes }], ..Batch::empty(from, to, Utc::now()) }
}
