//! The shop of a test: the shared stack with its tables, and the orderstream processes that work on it.

use std::process::Command;
use std::sync::MutexGuard;
use std::time::Duration;

use stack::wait::{Attempt, until};
use stack::{Service, Stack};

/// Within this every change is everywhere, also after an outage (P9: ten seconds) on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Every difference between `results` and `orders` joined with `customers`; none, if all is right (P2).
const DIFFERENCES: &str = "
with expected as (
    select o.id as order_id, o.customer_id, c.name, c.email, c.tier, c.country, o.product_id, o.quantity, o.price, o.quantity * o.price as total,
        o.status, o.created_at, o.updated_at, case when c.id is null then 'missing' else 'complete' end as enrichment
    from orders o left join customers c on c.id = o.customer_id),
actual as (
    select order_id, customer_id, customer_name, customer_email, customer_tier, customer_country, product_id, quantity, price, total,
        status, ordered_at, updated_at, enrichment
    from results)
(select 'expected', * from (select * from expected except all select * from actual) as missing limit 3)
union all
(select 'found', * from (select * from actual except all select * from expected) as extra limit 3)";

/// The stack, for one test at a time, with the processes of that test.
pub struct Shop {
    processes: Vec<Service>,
    stack: MutexGuard<'static, Stack>,
}

impl Shop {
    /// The shop with one orderstream, ready, and everything processed that the tests before have left.
    pub fn open() -> Self {
        let shop = Self::with(&[]);
        shop.await_equality();
        shop
    }

    /// The same with settings of its own, not waiting for anything but readiness.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let mut shop = Self { processes: Vec::new(), stack: stack::shared().unwrap() };
        shop.start_another(settings);
        shop
    }

    /// The shop with no orderstream running.
    pub fn closed() -> Self {
        Self { processes: Vec::new(), stack: stack::shared().unwrap() }
    }

    /// One more process in the consumer group; its number.
    pub fn start_another(&mut self, settings: &[(&str, &str)]) -> usize {
        let number = self.processes.len();
        let port = stack::free_port().unwrap();
        let mut environment: Vec<(String, String)> = [
            ("KAFKA_BOOTSTRAP_SERVERS", self.stack.bootstrap_servers()),
            ("DATABASE_URL", self.stack.orderstream_database_url()),
            ("REDIS_URL", self.stack.redis_url()),
            ("HTTP_LISTEN", format!("127.0.0.1:{port}")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let launch = move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
            command.envs(environment.clone());
            command
        };
        let process = self
            .stack
            .service(&format!("orderstream-{number}"), launch, move || stack::answers(&format!("http://127.0.0.1:{port}/readyz")));
        process.start().unwrap();
        self.processes.push(process);
        number
    }

    /// The stack's services, to be stopped, paused and killed.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// An orderstream process by its number.
    pub fn process(&self, number: usize) -> &Service {
        &self.processes[number]
    }

    /// Runs SQL as the superuser of the shop's database and returns what it prints, a line per row, columns by `|`.
    pub fn sql(&self, statement: &str) -> String {
        self.stack.psql(statement).unwrap().trim().to_owned()
    }

    /// The first number of the first row.
    pub fn number(&self, query: &str) -> i64 {
        self.sql(query).lines().next().unwrap_or_default().parse().unwrap()
    }

    /// Inserts one order and returns its id.
    pub fn order(&self, customer_id: &str, quantity: i32, price: &str) -> i64 {
        let insert = "insert into orders (customer_id, product_id, quantity, price) values";
        self.number(&format!("{insert} ('{customer_id}', 'PROD500', {quantity}, {price}) returning id"))
    }

    /// Waits until `query` prints `expected`.
    pub fn await_sql(&self, query: &str, expected: &str) {
        let look = || {
            let found = self.sql(query);
            if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
        };
        until(&format!("{query} = {expected}"), PATIENCE, look).unwrap();
    }

    /// Waits until all of `results` equals all of `orders` joined with `customers` (P2).
    pub fn await_equality(&self) {
        let look = || {
            let differences = self.sql(DIFFERENCES);
            if differences.is_empty() { Attempt::Ready(()) } else { Attempt::NotYet(differences) }
        };
        until("results = orders joined with customers", PATIENCE, look).unwrap();
    }

    /// Runs a Redis command by redis-cli and returns what it prints.
    pub fn redis(&self, arguments: &[&str]) -> String {
        let url = self.stack.redis_url();
        let output = Command::new("redis-cli").args(["-u", &url]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// One field of the hash of an order; empty if there is none.
    pub fn hash_field(&self, order_id: i64, field: &str) -> String {
        self.redis(&["HGET", &format!("order:{order_id}"), field])
    }

    /// Waits until a field of the hash of an order is `expected`.
    pub fn await_hash_field(&self, order_id: i64, field: &str, expected: &str) {
        let look = || {
            let found = self.hash_field(order_id, field);
            if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found:?}")) }
        };
        until(&format!("order:{order_id} {field} = {expected}"), PATIENCE, look).unwrap();
    }
}
