//! The shop at work: writers that connect to Postgres again whatever happens to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::JoinSet;

use crate::statements;
use crate::world::World;

const WRITERS: u64 = 2;
const LONG_TRANSACTIONS: u64 = 2;
/// How long a writer waits before it connects again; a restart of Postgres takes about as long.
const RECONNECT: Duration = Duration::from_millis(200);
/// Session settings of the shop: the shop goes on writing while orderstream may not, and the lock of a long transaction does not stop
/// the shop for long.
const SESSION: &str = "set default_transaction_read_only = off; set lock_timeout = '1s'; set statement_timeout = '20s'";

/// When the workload ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    end: Instant,
}

impl Clock {
    pub(crate) fn ending_in(time: Duration) -> Self {
        Self { end: Instant::now() + time }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

/// What the writers share: the newest order's id, and the count of transactions.
#[derive(Debug, Default)]
struct Shop {
    newest: AtomicI64,
    transactions: AtomicUsize,
}

/// Works until the time is over and returns how many transactions there were.
pub(crate) async fn run(url: String, seed: u64, clock: Clock) -> usize {
    let shop = Arc::new(Shop { newest: AtomicI64::new(1), ..Shop::default() });
    let mut writers = JoinSet::new();
    for number in 0..WRITERS + LONG_TRANSACTIONS {
        let (url, shop, rng) = (url.clone(), shop.clone(), Rng::with_seed(seed.wrapping_mul(31) + number));
        writers.spawn(write(url, shop, rng, clock, number >= WRITERS));
    }
    writers.join_all().await;
    shop.transactions.load(Ordering::Relaxed)
}

async fn write(url: String, shop: Arc<Shop>, mut rng: Rng, clock: Clock, slowly: bool) {
    while !clock.is_over() {
        let Ok(mut connection) = connect(&url).await else {
            tokio::time::sleep(RECONNECT).await;
            continue;
        };
        while !clock.is_over() {
            let step = if slowly { hold(&mut connection, &shop, &mut rng).await } else { work(&mut connection, &shop, &mut rng).await };
            // A transaction that was refused has no effect, and Postgres decides about a transaction whose connection was lost. Either
            // way the shop has a valid history.
            if step.is_err() && connection.execute("rollback").await.is_err() {
                break;
            }
        }
    }
}

async fn connect(url: &str) -> Result<PgConnection> {
    let mut connection = tokio::time::timeout(Duration::from_secs(5), PgConnection::connect(url)).await??;
    connection.execute(SESSION).await?;
    Ok(connection)
}

/// Deletes most of the orders of the rounds before.
pub(crate) fn clear(world: &World) -> Result<()> {
    world.stack.psql(statements::CLEAR).map(drop)
}

async fn work(connection: &mut PgConnection, shop: &Shop, rng: &mut Rng) -> Result<()> {
    let statement = statements::transaction(rng, shop.newest.load(Ordering::Relaxed));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
    let newest: i64 = sqlx::query_scalar("select last_value from orders_id_seq").fetch_one(&mut *connection).await?;
    shop.newest.store(newest, Ordering::Relaxed);
    shop.transactions.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(rng.u64(0..40))).await;
    Ok(())
}

/// Runs a transaction that stays open while other transactions and snapshots come and go.
async fn hold(connection: &mut PgConnection, shop: &Shop, rng: &mut Rng) -> Result<()> {
    let begin = statements::long_transaction(rng, shop.newest.load(Ordering::Relaxed));
    let end = if rng.u8(0..5) == 0 { "rollback" } else { "commit" };
    let pause = Duration::from_millis(rng.u64(200..5_000));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
    tokio::time::sleep(pause).await;
    connection.execute(end).await?;
    shop.transactions.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
