//! A standby of Postgres that hangs, and a standby that takes over (P2, P3, P8, P10).
//!
//! While a synchronous standby hangs, nothing counts as committed before the standby has it. The server ends its statement timer before it
//! waits for the standby, so no timeout ends that wait and lets COMMIT succeed with a warning. Orderstream's deadline gives the connection
//! up, and the ledger decides whether the commit succeeded.
//!
//! An asynchronous standby that takes over lacks the last commits. The records of those commits are processed again, also in a partition
//! where no further record comes.

use std::ops::Range;
use std::time::{Duration, Instant};

use stack::OtherPostgres;
use stack::wait::{Attempt, until};

use crate::shop::poison::event;
use crate::shop::topic::Sent;
use crate::shop::{PATIENCE, Shop};

/// A database of Redis that only these tests use.
pub(crate) const REDIS_DATABASE: i64 = 4;

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) const COMMITTED: &str = "select coalesce(sum(next_offset), 0) from consumer_offsets where topic like '%.orders'";

pub(crate) const ROWS: &str = "select count(*), count(distinct order_id), sum(quantity) from results";

pub(crate) fn redis(shop: &Shop) -> redis::Connection {
    let mut connection = shop.redis().unwrap();
    redis::cmd("SELECT").arg(REDIS_DATABASE).exec(&mut connection).unwrap();
    connection
}

pub(crate) fn hashes(shop: &Shop) -> usize {
    let keys: Vec<String> = redis::cmd("KEYS").arg("order:*").query(&mut redis(shop)).unwrap();
    keys.len()
}

pub(crate) fn await_sql(postgres: &OtherPostgres, query: &str, expected: &str) {
    let look = || match postgres.psql(query) {
        Ok(found) if found.trim() == expected => Attempt::Ready(()),
        other => Attempt::NotYet(format!("it is {other:?}")),
    };
    until(&format!("{query} = {expected}"), PATIENCE, look).unwrap();
}

pub(crate) fn records(orders: Range<i64>) -> Vec<Sent> {
    orders.map(|id| Sent::order(id, event(id).to_string())).collect()
}

#[test]
fn a_commit_that_a_hanging_standby_has_not_got_is_none_and_a_promotion_loses_nothing() {
    let mut shop = Shop::closed();
    let topic = "synchronous.orders";
    shop.stack().create_topic(topic, 1, &[("retention.ms", "-1")]).unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
    let primary = OtherPostgres::start(shop.stack(), "synchronous-primary").unwrap();
    let standby = primary.standby(shop.stack(), "synchronous-standby").unwrap();
    let (url, cache) = (primary.orderstream_database_url(), format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
    let number = shop.start_another(&[
        ("DATABASE_URL", &url),
        ("REDIS_URL", &cache),
        ("KAFKA_ORDERS_TOPIC", topic),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "1000"),
        ("DATABASE_LOCK_TIMEOUT_MS", "500"),
        ("HEALTH_STALL_SECONDS", "2"),
    ]);
    let send = |orders: Range<i64>| shop.topics().send(topic, &records(orders));
    send(0..100);
    await_sql(&primary, COMMITTED, "100");
    primary.psql("alter system set synchronous_standby_names = '*'").unwrap();
    primary.psql("select pg_reload_conf()").unwrap();
    await_sql(&primary, "select count(*) from pg_stat_replication where sync_state = 'sync'", "1");
    shop.await_that("the hashes are there", || hashes(&shop) == 100);

    standby.service().pause().unwrap();
    send(100..200);
    await_sql(&primary, "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'", "t");
    let began = Instant::now();
    shop.await_that("several timeouts have passed", || began.elapsed() > 5 * STATEMENT_TIMEOUT);
    assert_eq!((primary.psql(COMMITTED).unwrap().trim(), hashes(&shop)), ("100", 100));
    shop.process(number).await_readiness(503, "commits wait for a synchronous standby that is away");

    // The standby never gets the last commits.
    primary.service().kill();
    let standby = standby.in_place_of(shop.stack(), &primary).unwrap();
    standby.psql("select pg_promote()").unwrap();
    await_sql(&standby, COMMITTED, "200");
    await_sql(&standby, ROWS, "200|200|200");
    shop.await_that("every hash is there", || hashes(&shop) == 200);
    shop.process(number).await_readiness(200, "ok");
    shop.process(number).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
}

/// A primary, a standby that follows the primary asynchronously, and a process that works on a topic of its own.
struct Failover {
    shop: Shop,
    topic: String,
    primary: OtherPostgres,
    standby: OtherPostgres,
    number: usize,
}

impl Failover {
    /// Starts the servers and the process under a name that no other test has.
    fn begin(name: &str, partitions: i32, cache: impl Fn(&Shop) -> String) -> Self {
        let mut shop = Shop::closed();
        let topic = format!("{name}.orders");
        shop.stack().create_topic(&topic, partitions, &[("retention.ms", "-1")]).unwrap();
        redis::cmd("FLUSHDB").exec(&mut redis(&shop)).unwrap();
        let primary = OtherPostgres::start(shop.stack(), &format!("{name}-primary")).unwrap();
        let standby = primary.standby(shop.stack(), &format!("{name}-standby")).unwrap();
        let settings =
            [("DATABASE_URL", &*primary.orderstream_database_url()), ("REDIS_URL", &*cache(&shop)), ("KAFKA_ORDERS_TOPIC", &*topic)];
        let number = shop.start_another(&settings);
        Self { shop, topic, primary, standby, number }
    }

    fn send(&self, records: &[Sent]) {
        self.shop.topics().send(&self.topic, records);
    }

    /// Kills the primary, and lets the standby take its place with what the standby has.
    fn happens(self) -> (Shop, String, OtherPostgres, usize) {
        self.primary.service().kill();
        let standby = self.standby.in_place_of(self.shop.stack(), &self.primary).unwrap();
        standby.psql("select pg_promote()").unwrap();
        (self.shop, self.topic, standby, self.number)
    }
}

pub(crate) fn end(shop: &Shop, number: usize) {
    shop.process(number).service().stop().unwrap();
    redis::cmd("FLUSHDB").exec(&mut redis(shop)).unwrap();
}

#[test]
fn what_an_asynchronous_standby_lacks_is_processed_again_though_no_further_record_comes() {
    let failover = Failover::begin("asynchronous", 2, |shop| format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
    failover.send(&records(0..100));
    await_sql(&failover.primary, COMMITTED, "100");
    await_sql(&failover.standby, COMMITTED, "100");

    failover.standby.service().stop().unwrap();
    failover.send(&records(100..200));
    await_sql(&failover.primary, COMMITTED, "200");
    failover.shop.await_that("every hash is there", || hashes(&failover.shop) == 200);

    let (shop, _, standby, number) = failover.happens();
    await_sql(&standby, COMMITTED, "200");
    await_sql(&standby, ROWS, "200|200|200");
    let log = shop.process(number).service().log_tail(100);
    assert!(log.contains("Postgres has lost its last commits"), "{log}");
    shop.process(number).await_readiness(200, "ok");
    end(&shop, number);
}

/// A change of each order from 0 to 19 to this quantity.
fn change(quantity: i64) -> Vec<Sent> {
    let of = |id| {
        let mut event = event(id);
        event["op"] = "u".into();
        event["after"]["quantity"] = quantity.into();
        event["source"]["sequence"] = format!(r#"["{quantity}","{quantity}"]"#).into();
        event["source"]["lsn"] = quantity.into();
        Sent::order(id, event.to_string())
    };
    (0..20).map(of).collect()
}

fn await_quantities(shop: &Shop, quantity: i64) {
    let mut redis = redis(shop);
    shop.await_that(&format!("all hashes have quantity {quantity}"), || {
        let mut of = |id| redis::cmd("HGET").arg(format!("order:{id}")).arg("quantity").query::<Option<i64>>(&mut redis).unwrap();
        (0..20).all(|id| of(id) == Some(quantity))
    });
}

/// Gives a user of Redis the right to write hashes, and with `all` the progress too. Without the progress Redis says as little of what it
/// has as during a rebuild.
fn rights(shop: &Shop, all: bool) {
    let mut user = redis::cmd("ACL");
    user.arg(&["SETUSER", "ahead", "on", ">ahead", "+@all", "resetkeys"]);
    user.arg(if all { &["~*"][..] } else { &["~order:*", "~customer:*", "~recent_orders", "~orderstream:recent_orders:turn", "%R~*"] });
    user.exec(&mut redis(shop)).unwrap();
}

#[test]
fn hashes_ahead_of_a_standby_are_written_again_though_redis_says_little_of_its_progress() {
    let failover = Failover::begin("ahead", 1, |shop| {
        rights(shop, true);
        format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()).replace("redis://", "redis://ahead:ahead@")
    });
    failover.send(&change(1));
    await_quantities(&failover.shop, 1);
    await_sql(&failover.standby, COMMITTED, "20");

    failover.standby.service().stop().unwrap();
    rights(&failover.shop, false);
    // Each change is a batch, and so takes revisions of its own. When the changes come again they come in one batch.
    for quantity in 2..8 {
        failover.send(&change(quantity));
        await_quantities(&failover.shop, quantity);
    }

    let (shop, topic, standby, number) = failover.happens();
    let log = || shop.process(number).service().log_tail(300);
    shop.await_that("the loss is seen", || log().contains("Postgres has lost its last commits"));
    rights(&shop, true);
    await_sql(&standby, COMMITTED, "140");
    shop.topics().send(&topic, &change(8));
    await_quantities(&shop, 8);
    end(&shop, number);
    redis::cmd("ACL").arg(&["DELUSER", "ahead"]).exec(&mut redis(&shop)).unwrap();
}
