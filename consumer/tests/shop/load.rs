//! Orders that are inserted without a pause, and a watch over how long each partition commits nothing meanwhile.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use stack::wait::{Attempt, until};
use tokio::runtime::Runtime;

use super::{PATIENCE, Shop};

/// Twenty orders a step: with four partitions, each of them nearly always has work.
const INSERT: &str = "
insert into orders (customer_id, product_id, quantity, price)
select 'CUST00' || 1 + i % 5, 'LOAD', i, i + 0.99 from generate_series(1, 20) as i";
const ORDERS: i64 = 20;

const OFFSETS: &str = "select partition, next_offset from consumer_offsets where topic = 'shop.public.orders'";

/// The orders of the load that have a row.
pub const PROCESSED: &str = "select count(*) from results where product_id = 'LOAD'";

/// The longest time in which each partition committed nothing, by its number. Each partition nearly always has work, so that the time runs
/// from the insert on, with Debezium and Kafka in it.
pub type Gaps = BTreeMap<i32, Duration>;

/// The work that goes on beside the test.
pub struct Load {
    ends: Arc<AtomicBool>,
    inserted: Arc<AtomicI64>,
    processed: Arc<AtomicI64>,
    gaps: Arc<Mutex<Gaps>>,
    shop: JoinHandle<()>,
    watch: JoinHandle<()>,
}

impl Load {
    /// Begins to insert, with this pause after each step, and to watch.
    pub fn begin(shop: &Shop, pause: Duration) -> Self {
        let (ends, inserted, processed) = (Arc::<AtomicBool>::default(), Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default());
        let (url, gaps) = (shop.stack().database_url(), Arc::<Mutex<Gaps>>::default());
        let inserts = thread::spawn({
            let (url, ends, inserted) = (url.clone(), ends.clone(), inserted.clone());
            move || insert(&url, pause, &ends, &inserted)
        });
        let watch = thread::spawn({
            let (ends, processed, gaps) = (ends.clone(), processed.clone(), gaps.clone());
            move || watch(&url, &ends, &processed, &gaps)
        });
        Self { ends, inserted, processed, gaps, shop: inserts, watch }
    }

    /// Waits until so many orders have been processed from now on.
    pub fn goes_on(&self, orders: i64) {
        let before = self.processed.load(Ordering::Relaxed);
        until("the work goes on", PATIENCE, || Attempt::when(self.processed.load(Ordering::Relaxed) >= before + orders)).unwrap();
    }

    /// How many orders were inserted so far.
    pub fn inserted(&self) -> i64 {
        self.inserted.load(Ordering::Relaxed)
    }

    /// The gaps since this was last asked.
    pub fn gaps(&self) -> Gaps {
        take(&mut *self.gaps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the inserts. Returns how many orders there are, and the gaps since they were last asked for.
    pub fn end(self) -> (i64, Gaps) {
        self.ends.store(true, Ordering::Relaxed);
        self.shop.join().unwrap();
        self.watch.join().unwrap();
        let gaps = take(&mut *self.gaps.lock().unwrap_or_else(PoisonError::into_inner));
        (self.inserted.load(Ordering::Relaxed), gaps)
    }
}

fn insert(url: &str, pause: Duration, ends: &AtomicBool, inserted: &AtomicI64) {
    let runtime = Runtime::new().unwrap();
    let mut connection = runtime.block_on(PgConnection::connect(url)).unwrap();
    while !ends.load(Ordering::Relaxed) {
        runtime.block_on(sqlx::query(INSERT).execute(&mut connection)).unwrap();
        inserted.fetch_add(ORDERS, Ordering::Relaxed);
        // The shop inserts at a rate, and not as fast as it can, so that the partitions are never behind.
        thread::sleep(pause);
    }
}

fn watch(url: &str, ends: &AtomicBool, processed: &AtomicI64, gaps: &Mutex<Gaps>) {
    let runtime = Runtime::new().unwrap();
    let mut connection = runtime.block_on(PgConnection::connect(url)).unwrap();
    let mut moved = BTreeMap::<i32, (i64, Instant)>::new();
    while !ends.load(Ordering::Relaxed) {
        let offsets: Vec<(i32, i64)> = runtime.block_on(sqlx::query_as(OFFSETS).fetch_all(&mut connection)).unwrap();
        processed.store(offsets.iter().map(|(_, offset)| offset).sum(), Ordering::Relaxed);
        for (partition, offset) in offsets {
            let (last, since) = moved.entry(partition).or_insert((offset, Instant::now()));
            if *last != offset {
                let mut gaps = gaps.lock().unwrap_or_else(PoisonError::into_inner);
                let longest = gaps.entry(partition).or_default();
                *longest = since.elapsed().max(*longest);
                (*last, *since) = (offset, Instant::now());
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}
