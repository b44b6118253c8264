//! Topics, a database and a Redis database of a test's own, for a shop that other tests must not meet. [`Apart::settings`] tells the
//! processes of that shop where they are.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use stack::wait::{Attempt, until};

use super::topic::Sent;
use super::{PATIENCE, Shop, poison};

/// The topics and databases of a test's own.
#[derive(Debug)]
pub struct Apart {
    pub orders: String,
    pub customers: Option<String>,
    pub letters: String,
    database: String,
    redis: String,
}

/// A session of Postgres that holds a lock and waits for its next statement.
#[derive(Debug)]
pub struct Lock {
    psql: Child,
    _stdin: ChildStdin,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Postgres ends an idle session at once if its client is gone.
        self.psql.kill().ok();
        self.psql.wait().ok();
    }
}

impl Apart {
    /// Makes a database, a Redis database and a topic of orders with one partition and these settings, under a name that no other test has.
    pub fn new(shop: &Shop, name: &str, orders: &[(&str, &str)]) -> Self {
        Self::with_partitions(shop, name, 1, orders)
    }

    /// Makes the same as [`Apart::new`], with so many partitions.
    pub fn with_partitions(shop: &Shop, name: &str, partitions: i32, orders: &[(&str, &str)]) -> Self {
        shop.sql(&format!("drop database if exists {name} with (force)"));
        shop.sql(&format!("create database {name}"));
        let apart = Self {
            orders: format!("{name}.public.orders"),
            customers: None,
            letters: "dlq-errors".into(),
            database: shop.stack().database_url().replace("/orders", &format!("/{name}")),
            redis: format!("{}/9", shop.stack().redis_url()),
        };
        apart.empty_redis();
        shop.stack().create_topic(&apart.orders, partitions, orders).unwrap();
        apart
    }

    /// Adds a topic of customers.
    pub fn and_customers(self, shop: &Shop, settings: &[(&str, &str)]) -> Self {
        let customers = self.orders.replace("orders", "customers");
        shop.stack().create_topic(&customers, 1, settings).unwrap();
        Self { customers: Some(customers), ..self }
    }

    /// Adds a topic of customers under another name.
    pub fn and_customers_of(self, name: &str, shop: &Shop, settings: &[(&str, &str)]) -> Self {
        let customers = format!("{name}.public.customers");
        shop.stack().create_topic(&customers, 1, settings).unwrap();
        Self { customers: Some(customers), ..self }
    }

    /// Adds a topic of dead letters.
    pub fn and_letters(self, shop: &Shop, settings: &[(&str, &str)]) -> Self {
        let letters = self.orders.replace("public.orders", "letters");
        shop.stack().create_topic(&letters, 1, settings).unwrap();
        Self { letters, ..self }
    }

    /// The settings of a process that works on these topics and databases.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("DATABASE_URL", &self.database),
            ("REDIS_URL", &self.redis),
            ("KAFKA_ORDERS_TOPIC", &self.orders),
            ("KAFKA_CUSTOMERS_TOPIC", self.customers.as_deref().unwrap_or_default()),
            ("KAFKA_DEAD_LETTER_TOPIC", &self.letters),
        ]
    }

    /// The settings of [`Apart::settings`], and more.
    pub fn settings_and<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [self.settings(), more.to_vec()].concat()
    }

    /// Removes all keys of the Redis database.
    pub fn empty_redis(&self) {
        redis::cmd("FLUSHDB").exec(&mut self.redis()).unwrap();
    }

    /// How many orders have a hash.
    pub fn hashes(&self) -> usize {
        redis::cmd("KEYS").arg("order:*").query::<Vec<String>>(&mut self.redis()).unwrap().len()
    }

    fn redis(&self) -> redis::Connection {
        redis::Client::open(self.redis.as_str()).unwrap().get_connection().unwrap()
    }

    /// Locks a table against everybody until the value is dropped.
    pub fn lock(&self, table: &str) -> Lock {
        let mut psql = Command::new("psql").args(["-XAtq", &self.database]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = psql.stdin.take().unwrap();
        writeln!(stdin, "begin; lock table {table} in access exclusive mode; select 'locked';").unwrap();
        let mut answer = String::new();
        BufReader::new(psql.stdout.take().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "locked");
        Lock { psql, _stdin: stdin }
    }

    /// What a query prints: a line per row, with columns separated by `|`; nothing while the tables do not exist.
    pub fn sql(&self, statement: &str) -> String {
        let psql = Command::new("psql").args(["-XAtqc", statement, &self.database]).output().unwrap();
        String::from_utf8(psql.stdout).unwrap().trim().to_owned()
    }

    /// Waits until a query prints `expected`.
    #[track_caller]
    pub fn await_sql(&self, query: &str, expected: &str) {
        let look = || {
            let found = self.sql(query);
            if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
        };
        until(&format!("{query} = {expected}"), PATIENCE, look).unwrap();
    }
}

/// The event of an order's insert, as Debezium writes it.
pub fn order(id: i64) -> Sent {
    Sent::order(id, poison::event(id).to_string())
}

/// The event of an order's insert with a price that is not a number.
pub fn poisoned(id: i64) -> Sent {
    Sent::order(id, poison::event(id).to_string().replace("1.00", "cheap"))
}
