//! The checks of equality: at the end of every test, whatever it did, results, hashes and ledger are what the shop's tables and topics say.

use std::collections::{BTreeMap, HashSet};

use stack::expected::{DIFFERENCES, HASHES};
use stack::wait::{Attempt, until};

use crate::shop::topic::{CUSTOMERS, DEAD_LETTERS, ORDERS};
use crate::shop::{PATIENCE, Shop};

/// How many differences a failure shows.
const TOLD: usize = 6;

/// Selects the next offset of each partition, and how many fates were counted below it.
const LEDGER: &str = "select next_offset, applied + stale + ignored + dead_lettered from consumer_offsets where epoch = 0 and topic =";

/// Selects what the list of the newest orders has to hold.
const NEWEST: &str = "select order_id from results order by order_id desc limit 100";

/// How many hashes are read in one round trip.
const CHUNK: usize = 1_000;

pub type Hash = BTreeMap<String, String>;

impl Shop {
    /// Waits until everything is as the promises say, with no new dead letter.
    pub fn await_everything_right(&self) {
        self.await_everything_right_with_letters(0);
    }

    /// Waits until everything is as the promises say, with so many new dead letters.
    pub fn await_everything_right_with_letters(&self, letters: i64) {
        self.await_the_end_of_the_topics();
        self.await_equality();
        self.await_redis_equality();
        assert_eq!(self.new_letters(), letters, "dead letters in the ledger");
    }

    /// Deletes the orders of a burst, because orders that stay are compared at the end of every later test.
    pub fn clear(&self, product: &str) {
        self.sql(&format!("delete from orders where product_id = '{product}'"));
        self.await_sql(&format!("select count(*) from results where product_id = '{product}'"), "0");
        self.await_everything_right_with_letters(self.new_letters());
        // The tombstones in Redis are removed, as if their time to live were over.
        let mut connection = self.redis().unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("order:*").query(&mut connection).unwrap();
        let live: HashSet<String> = self.sql("select 'order:' || order_id from results").lines().map(str::to_owned).collect();
        for chunk in keys.iter().filter(|key| !live.contains(*key)).collect::<Vec<_>>().chunks(CHUNK) {
            redis::cmd("DEL").arg(chunk).exec(&mut connection).unwrap();
        }
    }

    /// Waits until every record on the topics has its fate, each exactly one (P1).
    pub fn await_the_end_of_the_topics(&self) {
        for topic in [ORDERS, CUSTOMERS] {
            let look = || {
                let ends: Vec<String> = self.topics().ends(topic).iter().map(|end| format!("{end}|{end}")).collect();
                // Compaction has removed nothing yet, so the end of a partition is the number of its records.
                let ledger = self.sql(&format!("{LEDGER} '{topic}' order by partition"));
                if ledger.lines().eq(ends.iter()) { Attempt::Ready(()) } else { Attempt::NotYet(format!("{ledger:?} of {ends:?}")) }
            };
            until(&format!("every record on {topic} has one fate"), PATIENCE, look).unwrap();
        }
    }

    /// Waits until all of `results` equals all of `orders` joined with `customers` (P2).
    pub fn await_equality(&self) {
        let look = || {
            let differences = self.sql(&format!("{DIFFERENCES} limit {TOLD}"));
            if differences.is_empty() { Attempt::Ready(()) } else { Attempt::NotYet(differences) }
        };
        until("results = orders joined with customers", PATIENCE, look).unwrap();
    }

    /// Waits until every hash of an order equals its row, each hash without a row says that the order was deleted, and the list of the newest
    /// orders has them (P8).
    pub fn await_redis_equality(&self) {
        self.await_equality_in(|| self.redis());
    }

    /// Does the same with another Redis.
    pub fn await_equality_in(&self, connect: impl Fn() -> redis::RedisResult<redis::Connection>) {
        let look = || match connect().and_then(|connection| self.redis_differences(connection)) {
            Ok(differences) if differences.is_empty() => Attempt::Ready(()),
            Ok(differences) => Attempt::NotYet(format!("{} differences, such as {:?}", differences.len(), &differences[..1])),
            Err(error) => Attempt::NotYet(error.to_string()),
        };
        until("the hashes of orders = results", PATIENCE, look).unwrap();
    }

    fn redis_differences(&self, mut connection: redis::Connection) -> redis::RedisResult<Vec<String>> {
        let keys: Vec<String> = redis::cmd("KEYS").arg("order:*").query(&mut connection)?;
        let mut hashes = BTreeMap::new();
        for chunk in keys.chunks(CHUNK) {
            let mut pipeline = redis::pipe();
            for key in chunk {
                pipeline.hgetall(key);
            }
            let found: Vec<Hash> = pipeline.query(&mut connection)?;
            hashes.extend(chunk.iter().cloned().zip(found));
        }
        let mut differences = Vec::new();
        for row in self.sql(HASHES).lines() {
            let expected: Hash = serde_json::from_str(row).unwrap();
            let found = hashes.remove(&format!("order:{}", expected["order_id"]));
            if found.as_ref() != Some(&expected) {
                differences.push(format!("expected {expected:?}, found {found:?}"));
            }
        }
        let listed: Vec<String> = redis::cmd("LRANGE").arg("recent_orders").arg(0).arg(-1).query(&mut connection)?;
        let id = |order: &String| serde_json::from_str::<serde_json::Value>(order).unwrap()["order_id"].to_string();
        let listed: Vec<String> = listed.iter().map(id).collect();
        if !self.sql(NEWEST).lines().eq(listed.iter()) {
            differences.push(format!("recent_orders has {} orders, and not the newest: {:?}", listed.len(), listed.first()));
        }
        let is_tombstone = |hash: &Hash| hash.keys().eq(["deleted_at", "version"]);
        differences.extend(hashes.iter().filter(|(_, hash)| !is_tombstone(hash)).map(|(key, hash)| format!("{key} has no row: {hash:?}")));
        Ok(differences)
    }

    /// The hash of an order; empty if there is none.
    pub fn hash(&self, order_id: i64) -> Hash {
        redis::cmd("HGETALL").arg(format!("order:{order_id}")).query(&mut self.redis().unwrap()).unwrap()
    }

    /// Waits until a field of the hash of an order is `expected`.
    pub fn await_hash_field(&self, order_id: i64, field: &str, expected: &str) {
        let look = || {
            let found = self.hash(order_id);
            if found.get(field).map_or("", |value| value) == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("{found:?}")) }
        };
        until(&format!("order:{order_id} {field} = {expected}"), PATIENCE, look).unwrap();
    }

    /// Waits until Redis has the customer with this name. An order may overtake its customer's event, because the two come through
    /// different topics, and the order is rightly `missing` until the customer's event comes.
    pub fn await_customer(&self, id: &str, name: &str) {
        let known =
            || redis::cmd("HGET").arg(format!("customer:{id}")).arg("name").query::<Option<String>>(&mut self.redis().unwrap()).unwrap();
        until(&format!("customer:{id} is called {name}"), PATIENCE, || Attempt::when(known().as_deref() == Some(name))).unwrap();
    }

    /// Waits until the hash says that the order was deleted, and nothing else.
    pub fn await_tombstone(&self, order_id: i64) {
        let look = || {
            let found = self.hash(order_id);
            if found.keys().eq(["deleted_at", "version"]) { Attempt::Ready(()) } else { Attempt::NotYet(format!("{found:?}")) }
        };
        until(&format!("order:{order_id} says that the order was deleted"), PATIENCE, look).unwrap();
    }

    /// A connection to Redis.
    pub fn redis(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.stack().redis_url())?.get_connection()
    }

    /// Runs a command of Redis.
    pub fn redis_command(&self, command: &str) {
        redis::cmd(command).exec(&mut self.redis().unwrap()).unwrap();
    }

    /// How many dead letters are on the topic, counted or not.
    pub fn letters_on_topic(&self) -> i64 {
        self.topics().ends(DEAD_LETTERS).iter().sum()
    }
}
