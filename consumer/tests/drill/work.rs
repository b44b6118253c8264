//! The shop at work: orders come, change and go, and customers change, until the work is ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::runtime::Runtime;

use crate::shop::Shop;

/// How many customers there are. Each has some orders, as in a real shop.
const CUSTOMERS: i32 = 1_000;

const OPEN: &str = "
insert into customers (id, name, email, tier, country)
select 'C' || i, 'Customer ' || i, i || '@example.com', 'gold', 'DE' from generate_series(1, $1) as i";

/// The orders that the shop has before the drill begins.
const STOCK: &str = "
insert into orders (customer_id, product_id, quantity, price)
select 'C' || 1 + i % 1000, 'STOCK', i % 100, i % 1000 + 0.99 from generate_series(1, $1) as i";

/// One step: twenty orders come, eleven change, two go, and a customer changes.
const STEP: &str = "
with newest as (select max(id) as id from orders),
    come as (
        insert into orders (customer_id, product_id, quantity, price)
        select 'C' || 1 + (newest.id + i) % 1000, 'DRILL', i, i + 0.99 from newest, generate_series(1, 20) as i),
    changed as (
        update orders set quantity = quantity + 1, status = 'paid'
        where id between (select id - 110 from newest) and (select id - 100 from newest)),
    gone as (delete from orders where id between (select id - 301 from newest) and (select id - 300 from newest))
update customers set name = 'Customer ' || newest.id from newest where customers.id = 'C' || 1 + newest.id % 1000";

/// Fills the shop with customers and so many orders.
pub fn open(shop: &Shop, orders: i32) {
    shop.sql(&OPEN.replace("$1", &CUSTOMERS.to_string()));
    shop.sql(&STOCK.replace("$1", &orders.to_string()));
}

/// Work that goes on.
pub struct Work {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Work {
    pub fn begin(shop: &Shop) -> Self {
        let (ends, url) = (Arc::<AtomicBool>::default(), shop.stack().database_url());
        let thread = thread::spawn({
            let ends = ends.clone();
            move || go_on(&url, &ends)
        });
        Self { ends, thread }
    }

    /// Ends the work, and returns when the last change is committed.
    pub fn end(self) {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

fn go_on(url: &str, ends: &AtomicBool) {
    let runtime = Runtime::new().unwrap();
    let mut connection = runtime.block_on(PgConnection::connect(url)).unwrap();
    while !ends.load(Ordering::Relaxed) {
        runtime.block_on(sqlx::query(STEP).execute(&mut connection)).unwrap();
        // The shop works at a rate, and not as fast as it can, so that the partitions are never far behind.
        thread::sleep(Duration::from_millis(20));
    }
}
