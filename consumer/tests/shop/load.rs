//! Orders that are inserted without a pause, and a watch over how long each partition commits nothing meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use stack::wait::{Attempt, until};
use tokio::runtime::Runtime;

use crate::shop::{PATIENCE, Shop};

/// Twenty orders a step: with four partitions, each of them nearly always has work.
const INSERT: &str = "
insert into orders (customer_id, product_id, quantity, price)
select 'CUST00' || 1 + i % 5, 'UPGRADE', i, i + 0.99 from generate_series(1, 20) as i";
const ORDERS: i64 = 20;

const OFFSETS: &str = "select partition, next_offset from consumer_offsets where topic = 'shop.public.orders'";

/// How many orders are processed before the next process comes or goes.
const STRETCH: i64 = 2_000;

/// The longest time in which each partition with work committed nothing.
pub type Silences = BTreeMap<i32, Duration>;

/// The work that goes on beside what an operator does.
pub struct Load {
    ends: Arc<AtomicBool>,
    inserted: Arc<AtomicI64>,
    processed: Arc<AtomicI64>,
    shop: JoinHandle<()>,
    watch: JoinHandle<Silences>,
}

impl Load {
    /// Begins to insert and to watch.
    pub fn begin(shop: &Shop) -> Self {
        let (ends, inserted, processed) = (Arc::<AtomicBool>::default(), Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default());
        let url = shop.stack().database_url();
        let inserts = thread::spawn({
            let (url, ends, inserted) = (url.clone(), ends.clone(), inserted.clone());
            move || insert(&url, &ends, &inserted)
        });
        let watch = thread::spawn({
            let (ends, processed) = (ends.clone(), processed.clone());
            move || watch(&url, &ends, &processed)
        });
        let load = Self { ends, inserted, processed, shop: inserts, watch };
        load.goes_on();
        load
    }

    /// Waits until a stretch of orders has been processed from now on.
    pub fn goes_on(&self) {
        let before = self.processed.load(Ordering::Relaxed);
        until("the work goes on", PATIENCE, || Attempt::when(self.processed.load(Ordering::Relaxed) >= before + STRETCH)).unwrap();
    }

    /// Ends the inserts. Returns how many orders there are, and the longest time in which each partition committed nothing.
    pub fn end(self) -> (i64, Silences) {
        self.ends.store(true, Ordering::Relaxed);
        self.shop.join().unwrap();
        (self.inserted.load(Ordering::Relaxed), self.watch.join().unwrap())
    }
}

fn insert(url: &str, ends: &AtomicBool, inserted: &AtomicI64) {
    let runtime = Runtime::new().unwrap();
    let mut connection = runtime.block_on(PgConnection::connect(url)).unwrap();
    while !ends.load(Ordering::Relaxed) {
        runtime.block_on(sqlx::query(INSERT).execute(&mut connection)).unwrap();
        inserted.fetch_add(ORDERS, Ordering::Relaxed);
        // The shop inserts at a rate, and not as fast as it can, so that the partitions are never behind.
        thread::sleep(Duration::from_millis(20));
    }
}

fn watch(url: &str, ends: &AtomicBool, processed: &AtomicI64) -> Silences {
    let runtime = Runtime::new().unwrap();
    let mut connection = runtime.block_on(PgConnection::connect(url)).unwrap();
    let (mut moved, mut longest) = (BTreeMap::<i32, (i64, Instant)>::new(), Silences::new());
    while !ends.load(Ordering::Relaxed) {
        let offsets: Vec<(i32, i64)> = runtime.block_on(sqlx::query_as(OFFSETS).fetch_all(&mut connection)).unwrap();
        processed.store(offsets.iter().map(|(_, offset)| offset).sum(), Ordering::Relaxed);
        for (partition, offset) in offsets {
            let (last, since) = moved.entry(partition).or_insert((offset, Instant::now()));
            if *last != offset {
                let silence = longest.entry(partition).or_default();
                *silence = since.elapsed().max(*silence);
                (*last, *since) = (offset, Instant::now());
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    longest
}
