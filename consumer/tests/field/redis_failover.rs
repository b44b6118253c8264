//! A Redis with replicas behind Sentinels: a replica takes the master's place, and no hash stays lost or old (P5, P8, P9).
//!
//! Replication is asynchronous. A failover loses what the replica had not got, and orderstream, which reads on each new connection how far
//! the server is, writes that again. After each failover every hash is compared with its row.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use stack::proxy::{Mode, Proxy};
use stack::{MASTER, Sentinels};
use tokio::runtime::Runtime;

use crate::shop::Shop;

/// A user of the Sentinels with no more rights than orderstream needs.
const CLIENT: &str = "client";

/// The host of the URL is not used with Sentinels, and nobody has this name.
const URL: &str = "redis://clerk:clerk@nobody.invalid:1";

/// How long a master stays cut off.
const CUT_OFF: Duration = Duration::from_secs(15);

/// A shop with one process, which reaches Redis through Sentinels.
struct Failover {
    shop: Shop,
    redis: Sentinels,
}

impl Failover {
    /// Starts everything, with these addresses of the Sentinels or their own.
    fn begin(name: &str, sentinels: impl FnOnce(&Sentinels) -> String) -> Self {
        let mut shop = Shop::closed();
        let redis = Sentinels::start(shop.stack(), name, 2).unwrap();
        let sentinels = sentinels(&redis);
        shop.start_another(&settings(&sentinels));
        let failover = Self { shop, redis };
        failover.await_everything_right();
        failover
    }

    fn connection(&self, server: usize) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.redis.url(server))?.get_connection()
    }

    fn await_everything_right(&self) {
        self.shop.await_the_end_of_the_topics();
        self.shop.await_equality();
        self.shop.await_equality_in(|| self.connection(self.redis.named_master().unwrap_or(0)));
    }

    /// Lets orders come in all the time while `happens` goes on.
    fn under_load<T>(&self, product: &str, happens: impl FnOnce() -> T) -> T {
        let insert = format!(
            "insert into orders (customer_id, product_id, quantity, price)
             select 'CUST00' || 1 + i % 5, '{product}', i, 2.50 from generate_series(1, 3) as i"
        );
        let ends = AtomicBool::new(false);
        thread::scope(|scope| {
            let _end = AtTheEnd(&ends);
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    self.shop.stack().psql(&insert).unwrap();
                }
            });
            happens()
        })
    }

    /// Waits until a server has the hash of an order that comes now, and returns how long that took since `began`.
    fn await_new_hash(&self, server: usize, began: Instant) -> Duration {
        let order = self.shop.order("CUST001", 1, "1.00");
        self.shop.await_that("the hash of a new order is there", || self.has(server, order));
        began.elapsed()
    }

    fn has(&self, server: usize, order: i64) -> bool {
        let exists = |mut connection| redis::cmd("EXISTS").arg(format!("order:{order}")).query::<bool>(&mut connection);
        self.connection(server).and_then(exists).unwrap_or(false)
    }

    /// Waits until the process says that it works with this server.
    fn await_in_use(&self, server: usize) {
        let address = format!("127.0.0.1:{}", self.redis.port(server));
        self.shop.await_that("the process names the master", || {
            let body = self.shop.process(0).get("/health").map(|(_, body)| body).unwrap_or_default();
            let health: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            health["dependencies"]["redis"]["server"] == address
        });
    }

    fn end(self) {
        self.shop.sql("delete from orders where product_id like 'SENTINEL%'");
        self.await_everything_right();
        assert_eq!(self.shop.new_letters(), 0);
    }
}

/// Ends the load, also when the test fails.
struct AtTheEnd<'a>(&'a AtomicBool);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The settings of a process that asks these Sentinels.
pub(crate) fn settings(sentinels: &str) -> Vec<(&str, &str)> {
    vec![
        ("REDIS_URL", URL),
        ("REDIS_SENTINELS", sentinels),
        ("REDIS_SENTINEL_MASTER", MASTER),
        ("REDIS_SENTINEL_USER", CLIENT),
        ("REDIS_SENTINEL_PASSWORD", CLIENT),
    ]
}

#[expect(clippy::print_stderr, reason = "the times are measurements")]
fn note(what: &str, took: Duration) {
    eprintln!("{what}: {} ms", took.as_millis());
}

#[test]
fn failovers_under_load_leave_every_hash_equal_to_its_row() {
    let failover = Failover::begin("failovers", Sentinels::addresses);
    failover.await_in_use(0);
    let redis = &failover.redis;

    let began = Instant::now();
    let second = failover.under_load("SENTINEL1", || {
        redis.fail_over().unwrap();
        let second = redis.await_another_master(0).unwrap();
        note("SENTINEL FAILOVER, until a new hash is on the new master", failover.await_new_hash(second, began));
        second
    });
    failover.await_in_use(second);
    failover.await_everything_right();
    redis.await_replica(0).unwrap();

    let began = Instant::now();
    let third = failover.under_load("SENTINEL2", || {
        redis.server(second).kill();
        let third = redis.await_another_master(second).unwrap();
        note("SIGKILL of the master, until a new hash is on the new master", failover.await_new_hash(third, began));
        third
    });
    failover.await_everything_right();

    // The killed server comes back as a master that no Sentinel names, until they make a replica of it.
    redis.server(second).start().unwrap();
    let began = Instant::now();
    failover.under_load("SENTINEL3", || {
        redis.server(third).pause().unwrap();
        let fourth = redis.await_another_master(third).unwrap();
        note("SIGSTOP of the master, until a new hash is on the new master", failover.await_new_hash(fourth, began));
        redis.server(third).resume();
        redis.await_replica(third).unwrap();
    });
    failover.await_everything_right();
    failover.shop.process(0).await_readiness(200, "ok");
    failover.end();
}

#[test]
#[ignore = "takes a minute: make test-ha"]
fn a_master_that_is_cut_off_together_with_the_process_is_left_and_what_it_took_comes_again() {
    let runtime = Runtime::new().unwrap();
    let mut lines = Vec::new();
    let failover = Failover::begin("cut-off", |redis| {
        lines = redis.sentinel_ports().iter().map(|port| Proxy::start(runtime.handle(), *port).unwrap()).collect();
        lines.iter().map(|line| format!("127.0.0.1:{}", line.port())).collect::<Vec<_>>().join(",")
    });
    let redis = &failover.redis;
    let second = failover.under_load("SENTINEL4", || {
        lines.iter().for_each(|line| line.set(Mode::BlackHole));
        redis.cut_off(0).unwrap();
        let began = Instant::now();
        let second = redis.await_another_master(0).unwrap();
        failover.await_new_hash(0, began);
        failover.shop.process(0).await_readiness(200, "did not answer within");
        failover.shop.await_that("the master has been cut off for long", || began.elapsed() >= CUT_OFF);

        // Two masters take writes now, and only the Sentinels know which of them counts.
        let order = failover.shop.order("CUST001", 1, "1.00");
        failover.shop.await_that("the old master takes writes still", || failover.has(0, order));
        assert!(!failover.has(second, order), "nobody else writes");
        let healed = Instant::now();
        lines.iter().for_each(Proxy::heal);
        failover.shop.await_that("what the old master took has come again", || failover.has(second, order));
        note("Sentinels reachable again, until the new master has what the old one took", healed.elapsed());
        second
    });
    failover.await_in_use(second);
    let log = failover.shop.process(0).service().log_tail(400);
    assert!(log.contains("The Sentinels name another master of Redis"), "{log}");
    failover.await_everything_right();

    redis.join_again(0).unwrap();
    redis.await_replica(0).unwrap();
    failover.await_new_hash(second, Instant::now());
    failover.end();
}
