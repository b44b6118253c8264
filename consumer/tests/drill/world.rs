//! The installation of a drill: the shop with its stack, `results` in a Postgres of its own, as in production, and an operator.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use stack::OtherPostgres;
use stack::wait::{Attempt, until};

use crate::operator::Operator;
use crate::shop::Shop;
use crate::shop::apart::poisoned;
use crate::shop::topic::{CUSTOMERS, ORDERS};

/// How long it may take until everything that has piled up is processed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lets the shop's Postgres see the tables of the other one, so that one query compares the two.
const SEE: &str = "
create extension if not exists postgres_fdw;
create server of_results foreign data wrapper postgres_fdw options (host '127.0.0.1', port '$1', dbname 'results');
create user mapping for postgres server of_results options (user 'postgres', password 'postgres');
import foreign schema public limit to (results, consumer_offsets, dead_letters) from server of_results into public";

const LETTERS: &str = "select topic, partition, \"offset\", reason from dead_letters order by 1, 2, 3";

const HALVES: [&str; 2] = [ORDERS, CUSTOMERS];

/// The installation, with the orderstream processes that run.
pub struct World {
    pub shop: Shop,
    pub results: OtherPostgres,
    pub operator: Operator,
    epoch: i32,
}

impl World {
    /// Begins an installation under this name, with the tables of orderstream.
    pub fn begin(name: &str) -> Self {
        let shop = Shop::anew();
        let results = OtherPostgres::start(shop.stack(), &format!("{name}-results")).unwrap();
        results.psql("create database results owner orderstream").unwrap();
        let mut world = Self { operator: Operator::of(&shop, Vec::new()), shop, results, epoch: 0 };
        world.operator = Operator::of(&world.shop, world.variables());
        world.says(true, &["migrate"]);
        world.sees_results();
        world
    }

    /// Lets the shop's Postgres see `results`.
    pub fn sees_results(&self) {
        self.shop.sql("drop extension if exists postgres_fdw cascade");
        self.shop.sql(&SEE.replace("$1", &self.results.port().to_string()));
    }

    /// The settings of each process beside those of the shop.
    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.results.url("orderstream:orderstream", "results")),
            ("SOURCE_URL", self.shop.stack().database_url()),
            ("SOURCE_EPOCH", self.epoch.to_string()),
            ("CONNECT_URL", self.shop.stack().connect_url()),
        ]
    }

    /// The variables of the operator's shell: the settings, and the URLs for the programs of Postgres, which take passwords from a file.
    fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.shop.environment(&as_settings(&self.settings()));
        let urls = [
            ("RESULTS_URL", self.results.url("orderstream", "results")),
            ("ADMIN_URL", self.results.url("postgres", "postgres")),
            ("SHOP_URL", self.shop.stack().database_url()),
        ];
        variables.extend(urls.map(|(name, value)| (name.to_owned(), value)));
        variables
    }

    /// Raises `source.epoch` for the operator and for all processes to come.
    pub fn raise_the_epoch(&mut self) {
        self.epoch += 1;
        self.operator.sets("SOURCE_EPOCH", &self.epoch.to_string());
    }

    /// Starts an orderstream process, and returns its number.
    pub fn start(&mut self) -> usize {
        let settings = self.settings();
        self.shop.start_another(&as_settings(&settings))
    }

    /// Starts an orderstream process that need not become ready, and returns its number.
    pub fn launch(&mut self) -> usize {
        let settings = self.settings();
        self.shop.launch_another(&as_settings(&settings))
    }

    /// Runs a command of the program, which must succeed or fail as expected, and returns what it prints.
    pub fn says(&self, succeeds: bool, arguments: &[&str]) -> String {
        let output = self.shop.orderstream(arguments, &as_settings(&self.settings()));
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.success(), succeeds, "{arguments:?}: {text}");
        text
    }

    /// Lets a process make its tables in the empty database, and types the restore all the same. Returns what the restore complained of; the
    /// database is gone again.
    pub fn restore_into_a_database_with_tables(&self) -> String {
        self.results.psql("create database results owner orderstream").unwrap();
        self.says(true, &["migrate"]);
        let refused = self.operator.is_refused("restore", 1);
        self.results.psql("drop database results with (force)").unwrap();
        refused
    }

    /// Stops a process in order.
    pub fn stop(&self, number: usize) {
        self.shop.process(number).service().stop().unwrap();
    }

    /// Puts so many records on the topic of orders that nobody can read, from this order on.
    pub fn poison(&self, first: i64, count: i64) {
        self.shop.topics().send(ORDERS, &(first..first + count).map(poisoned).collect::<Vec<_>>());
    }

    /// Where each partition of orders and customers stands in the ledger.
    pub fn ledger(&self) -> BTreeMap<(String, i32), i64> {
        let query = format!("select topic, partition, next_offset from consumer_offsets where epoch = {}", self.epoch);
        let of_line = |line: &str| {
            let words: Vec<&str> = line.split('|').collect();
            ((words[0].to_owned(), words[1].parse().unwrap()), words[2].parse().unwrap())
        };
        self.shop.sql(&query).lines().map(of_line).collect()
    }

    /// The letters: where each record stands, and why it was refused.
    pub fn letters(&self) -> Vec<String> {
        self.shop.sql(LETTERS).lines().map(str::to_owned).collect()
    }

    /// Waits until the ledger is at the end of every partition, and returns how long that took.
    pub fn await_no_lag(&self) -> Duration {
        let began = Instant::now();
        let look = || {
            let ledger = self.ledger();
            let behind = HALVES.map(|topic| {
                let ends = (0..).zip(self.shop.topics().ends(topic));
                ends.filter(|(partition, end)| ledger.get(&(topic.to_owned(), *partition)) != Some(end)).count()
            });
            if behind == [0, 0] { Attempt::Ready(()) } else { Attempt::NotYet(format!("{behind:?} partitions are behind: {ledger:?}")) }
        };
        until("the lag is zero", PATIENCE, look).unwrap();
        began.elapsed()
    }

    /// Waits until the snapshot of a new epoch has come: a row of that epoch for each order.
    pub fn await_snapshot(&self) {
        let query = format!("select count(*) = (select count(*) from orders) from results where epoch = {}", self.epoch);
        until("the snapshot has come", PATIENCE, || Attempt::when(self.shop.sql(&query) == "t")).unwrap();
        self.await_no_lag();
    }

    /// Waits until the shop's work so far is in `results` and in Redis, as the promises say.
    pub fn await_equality(&self) {
        self.shop.await_equality();
        self.await_no_lag();
        self.shop.await_redis_equality();
    }
}

fn as_settings<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
