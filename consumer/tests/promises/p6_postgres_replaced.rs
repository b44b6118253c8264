//! P6 on a Postgres of the test's own: a failover to a standby that is read-only at first, and a disk without room.

use std::io::Write;
use std::ops::Range;

use stack::OtherPostgres;
use stack::wait::{Attempt, until};

use crate::shop::poison::event;
use crate::shop::topic::{DEAD_LETTERS, Sent};
use crate::shop::{PATIENCE, Shop};

/// The database of Redis that only these tests use; each test begins with it empty.
const REDIS_DATABASE: i64 = 2;

/// One orderstream process with a Postgres, a topic of orders and a database of Redis of its own.
struct Aside {
    shop: Shop,
    topic: &'static str,
    /// The end of the dead letter topic before the start. Letters of customers come again, because this process has another Postgres and so
    /// processes the poison among the customers once more.
    before: Vec<i64>,
}

impl Aside {
    fn start(mut shop: Shop, postgres: &OtherPostgres, topic: &'static str) -> Self {
        shop.stack().create_topic(topic, 4, &[("retention.ms", "-1")]).unwrap();
        let (url, redis) = (postgres.orderstream_database_url(), format!("{}/{REDIS_DATABASE}", shop.stack().redis_url()));
        empty_redis(&shop);
        let before = shop.topics().ends(DEAD_LETTERS);
        shop.start_another(&[
            ("DATABASE_URL", &url),
            ("REDIS_URL", &redis),
            ("KAFKA_ORDERS_TOPIC", topic),
            ("BATCH_MAX_RECORDS", "100"),
            ("HEALTH_STALL_SECONDS", "2"),
        ]);
        Self { shop, topic, before }
    }

    /// How many dead letters the topic of orders has.
    fn letters(&self) -> usize {
        let letters = self.shop.topics().read(DEAD_LETTERS, &self.before);
        letters.iter().filter(|letter| letter.header("__connect.errors.topic") == Some(self.topic)).count()
    }

    fn send(&self, orders: Range<i64>) {
        let records: Vec<Sent> = orders.map(|id| Sent::order(id, event(id).to_string())).collect();
        self.shop.topics().send(self.topic, &records);
    }

    fn await_sql(&self, postgres: &OtherPostgres, query: &str, is_right: impl Fn(&str) -> bool) {
        self.shop.await_that(query, || postgres.psql(query).is_ok_and(|found| is_right(found.trim())));
    }

    /// Waits until so many orders are in results, each applied once, complete, and with its hash, and none is a dead letter.
    fn await_everything_right(self, postgres: &OtherPostgres, orders: i64) {
        let fates =
            format!("select sum(applied), sum(stale + ignored + dead_lettered) from consumer_offsets where topic = '{}'", self.topic);
        self.await_sql(postgres, &fates, |found| found == format!("{orders}|0"));
        let rows = format!(
            "select count(*), sum(quantity), count(*) filter (where enrichment = 'complete'),
                (select count(*) from dead_letters where topic = '{}') from results",
            self.topic
        );
        self.await_sql(postgres, &rows, |found| found == format!("{orders}|{orders}|{orders}|0"));
        assert_eq!(self.letters(), 0);
        self.shop.process(0).await_readiness(200, "ok");
        let mut redis = redis(&self.shop);
        let look = || {
            let versions = "select 'order:' || order_id, lpad(epoch::text, 10, '0') || '-' || lpad(revision::text, 20, '0') from results";
            let rows = postgres.psql(versions).unwrap();
            let (keys, versions): (Vec<&str>, Vec<&str>) = rows.lines().filter_map(|row| row.split_once('|')).unzip();
            let mut hashes = redis::pipe();
            for key in &keys {
                hashes.hget(key, "version");
            }
            let found: Vec<Option<String>> = hashes.query(&mut redis).unwrap();
            let rows = keys.iter().zip(versions).zip(&found);
            let mut differences = rows.filter(|((_, version), found)| found.as_deref() != Some(version));
            differences
                .next()
                .map_or(Attempt::Ready(()), |first| Attempt::NotYet(format!("{first:?} and {} more differ", differences.count())))
        };
        until("every hash is as new as its row", PATIENCE, look).unwrap();
        self.shop.process(0).service().stop().unwrap();
        empty_redis(&self.shop);
    }
}

fn redis(shop: &Shop) -> redis::Connection {
    let mut connection = shop.redis().unwrap();
    redis::cmd("SELECT").arg(REDIS_DATABASE).exec(&mut connection).unwrap();
    connection
}

fn empty_redis(shop: &Shop) {
    redis::cmd("FLUSHDB").exec(&mut redis(shop)).unwrap();
}

#[test]
fn a_failover_to_a_standby_that_is_read_only_at_first_loses_nothing() {
    let shop = Shop::closed();
    let primary = OtherPostgres::start(shop.stack(), "primary").unwrap();
    let standby = primary.standby(shop.stack(), "standby").unwrap();
    let aside = Aside::start(shop, &primary, "failover.orders");
    aside.send(0..20_000);
    aside.await_sql(&primary, "select count(*) from results", |found| found.parse::<i64>().unwrap() >= 300);
    // The primary stops in order, so the standby has everything.
    primary.service().stop().unwrap();
    let standby = standby.in_place_of(aside.shop.stack(), &primary).unwrap();
    assert_eq!(standby.psql("select pg_is_in_recovery()").unwrap(), "t");
    let committed = standby.psql("select count(*) from results").unwrap();
    assert_ne!(committed, "20000", "it was through before: this test shows nothing");
    aside.send(20_000..21_000);
    let process = aside.shop.process(0);
    aside.shop.await_that("it is told that the server is read-only", || process.service().log_tail(100).contains("SQLSTATE 25006"));
    process.await_readiness(503, "postgres: down");
    assert_eq!(standby.psql("select count(*) from results").unwrap(), committed);
    standby.psql("select pg_promote()").unwrap();
    aside.await_everything_right(&standby, 21_000);
}

/// Fills the disk with a table that keeps the room that it takes, because nothing vacuums the table and nothing in it is compressed.
const FILL: &str = "
create table filler (bytes text) with (autovacuum_enabled = off) tablespace brim;
alter table filler alter bytes set storage plain;
do $$ begin
    loop insert into filler values (repeat('x', 6000)); end loop;
exception when disk_full then null;
end $$";

const TO_THE_DISK: &str = "
alter table results set tablespace brim;
alter index results_pkey set tablespace brim;
alter index results_by_customer set tablespace brim";

/// Starts a Postgres with a small disk of its own. A user who may not mount a disk cannot run this test, which is a failure unless the
/// variable says that the failure is known.
fn with_disk(shop: &Shop) -> Option<OtherPostgres> {
    const KNOWN: &str = "ORDERSTREAM_TESTS_WITHOUT_MOUNT";
    match OtherPostgres::start_with_disk(shop.stack(), "brim", 16) {
        Ok(postgres) => Some(postgres),
        Err(error) if std::env::var_os(KNOWN).is_some() => {
            // The message does not go through `eprintln`, because the test harness holds its output back.
            let mut stderr = std::io::stderr();
            writeln!(stderr, "NOT SHOWN, because {KNOWN} is set: what a full disk does. {error:#}").unwrap();
            None
        }
        Err(error) => panic!("{error:#}; run the tests as root, or set {KNOWN}=1 to leave this one out"),
    }
}

#[test]
fn a_full_disk_delays_and_loses_nothing() {
    let shop = Shop::closed();
    let Some(postgres) = with_disk(&shop) else { return };
    let aside = Aside::start(shop, &postgres, "brim.orders");
    postgres.psql(&format!("create tablespace brim location '{}'", postgres.disk().display())).unwrap();
    postgres.psql(TO_THE_DISK).unwrap();
    postgres.psql(FILL).unwrap();
    aside.send(0..2_000);
    let process = aside.shop.process(0);
    aside.shop.await_that("it is told that the disk is full", || process.service().log_tail(100).contains("SQLSTATE 53100"));
    process.await_readiness(503, "stalled");
    process.await_readiness(503, "No space left on device (SQLSTATE 53100)");
    let meanwhile = "select (select count(*) from results), (select count(*) from dead_letters where topic = 'brim.orders'), sum(next_offset) from consumer_offsets where topic = 'brim.orders'";
    assert_eq!(postgres.psql(meanwhile).unwrap(), "0|0|0");
    assert_eq!(aside.letters(), 0);
    postgres.psql("drop table filler").unwrap();
    aside.await_everything_right(&postgres, 2_000);
}
