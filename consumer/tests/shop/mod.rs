//! The shop of a test: the shared stack with its tables, and the orderstream processes that work on it.

pub mod apart;
mod commands;
pub mod equality;
pub mod fresh;
pub mod load;
pub mod operator;
pub mod poison;
mod process;
mod run;
pub mod series;
pub mod topic;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use stack::wait::{Attempt, until};
use stack::{Service, Stack};

pub use process::Process;
use topic::{CUSTOMERS, ORDERS, Topics};

/// How long a change may take to arrive everywhere, also after an outage (P9: ten seconds), on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The process that all tests share which need no process of their own. The process lives through every outage that the tests make.
static RESIDENT: Mutex<Option<Process>> = Mutex::new(None);

/// Waits once per run until the rows that the shop begins with are in Kafka.
static SNAPSHOT: Once = Once::new();

/// Numbers processes and consumer groups over all tests.
static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// The stack, for one test at a time, with the processes of that test.
pub struct Shop {
    processes: Vec<Process>,
    /// Whether the first process is the one that all tests share.
    has_resident: bool,
    group: String,
    letters_before: i64,
    stack: MutexGuard<'static, Stack>,
}

impl Shop {
    /// The shop with the shared orderstream process, which is ready and has processed everything that earlier tests have left.
    pub fn open() -> Self {
        Self::open_as(&[])
    }

    /// Does the same. The shared process has these settings if it is not there yet, so all tests of a binary name the same ones.
    pub fn open_as(settings: &[(&str, &str)]) -> Self {
        let mut shop = Self::on(stack::shared().unwrap());
        shop.has_resident = true;
        match resident().take().filter(|process| process.service.is_running()) {
            Some(process) => shop.processes.push(process),
            None => drop(shop.start_another(settings)),
        }
        shop.process(0).service.await_health().unwrap();
        shop.begin();
        shop
    }

    /// The shop with a process of the test's own that has these settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let mut shop = Self::closed();
        shop.start_another(settings);
        shop.begin();
        shop
    }

    /// The shop with no orderstream running.
    pub fn closed() -> Self {
        let shop = Self::on(stack::shared().unwrap());
        if let Some(process) = resident().take() {
            process.service.stop().unwrap();
        }
        shop
    }

    /// The shop on a stack on which nobody has worked before, with no orderstream running.
    pub fn anew() -> Self {
        Self::on(stack::anew().unwrap())
    }

    fn on(stack: MutexGuard<'static, Stack>) -> Self {
        run::wants_the_stack();
        let mut shop = Self { processes: Vec::new(), has_resident: false, group: fresh_group(), letters_before: 0, stack };
        // Before the first process of the run there are no tables.
        shop.letters_before = shop.stack.psql("select count(*) from dead_letters").map_or(0, |count| count.trim().parse().unwrap());
        SNAPSHOT.call_once_force(|_| shop.await_the_first_snapshot());
        shop
    }

    /// Waits until the rows that the shop begins with are in Kafka, so that later records belong to a test, also in the first test.
    fn await_the_first_snapshot(&self) {
        for (topic, table) in [(CUSTOMERS, "customers"), (ORDERS, "orders")] {
            let rows = self.number(&format!("select count(*) from {table}"));
            self.await_that("the first snapshot is in Kafka", || self.topics().ends(topic).iter().sum::<i64>() >= rows);
        }
    }

    fn begin(&mut self) {
        run::begins(|| {
            self.await_the_end_of_the_topics();
            self.await_equality();
        });
        self.letters_before = self.number("select count(*) from dead_letters");
    }

    /// Starts one more process in the consumer group, waits until it is ready, and returns its number.
    pub fn start_another(&mut self, settings: &[(&str, &str)]) -> usize {
        let number = self.launch_another(settings);
        self.processes[number].service.await_health().unwrap();
        number
    }

    /// Starts one more process in the consumer group without waiting until it is ready, and returns its number.
    pub fn launch_another(&mut self, settings: &[(&str, &str)]) -> usize {
        self.launch(Path::new(env!("CARGO_BIN_EXE_orderstream")), settings)
    }

    /// Does the same with another orderstream program.
    pub fn launch(&mut self, program: &Path, settings: &[(&str, &str)]) -> usize {
        let (port, program) = (stack::free_port().unwrap(), program.to_owned());
        let mut environment = self.environment(settings);
        environment.push(("HTTP_LISTEN".to_owned(), format!("127.0.0.1:{port}")));
        let launch = move || {
            let mut command = Command::new(&program);
            command.envs(environment.clone());
            command
        };
        let name = format!("orderstream-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
        let service = self.stack.service(&name, launch, move || stack::answers(&format!("http://127.0.0.1:{port}/readyz")));
        service.launch().unwrap();
        self.processes.push(Process { service, port });
        self.processes.len() - 1
    }

    /// Kills a process by SIGKILL. The process's group would wait for it until the session timeout, so processes that are started from
    /// here on join another group. Another group is as good, because the ledger and not the group decides where a process begins (P3).
    pub fn kill(&mut self, number: usize) {
        self.processes[number].service.kill();
        self.group = fresh_group();
    }

    /// The settings of a process or command on this shop.
    pub fn environment(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let stack = [
            ("KAFKA_BOOTSTRAP_SERVERS", self.stack.bootstrap_servers()),
            ("KAFKA_GROUP_ID", self.group.clone()),
            ("DATABASE_URL", self.stack.orderstream_database_url()),
            ("REDIS_URL", self.stack.redis_url()),
        ];
        let own = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
        stack.into_iter().chain(own).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The stack's services, to be stopped, paused and killed.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The stack's topics.
    pub fn topics(&self) -> Topics {
        Topics::at(self.stack.bootstrap_servers())
    }

    /// The consumer group of the processes that this test has started.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// An orderstream process by its number.
    pub fn process(&self, number: usize) -> &Process {
        &self.processes[number]
    }

    /// Runs SQL as the superuser of the shop's database, and returns what it prints: a line per row, with columns separated by `|`.
    pub fn sql(&self, statement: &str) -> String {
        self.stack.psql(statement).unwrap().trim().to_owned()
    }

    /// The first number of the first row.
    pub fn number(&self, query: &str) -> i64 {
        let text = self.sql(query);
        text.lines().next().unwrap_or_default().parse().unwrap_or_else(|_| panic!("{query} is {text:?}"))
    }

    /// Inserts one order and returns its id.
    pub fn order(&self, customer_id: &str, quantity: i32, price: &str) -> i64 {
        let insert = "insert into orders (customer_id, product_id, quantity, price) values";
        self.number(&format!("{insert} ('{customer_id}', 'PROD500', {quantity}, {price}) returning id"))
    }

    /// Inserts so many orders of this product, by the five customers of the sample data in turn.
    pub fn orders(&self, product: &str, count: i32) {
        self.sql(&format!(
            "insert into orders (customer_id, product_id, quantity, price)
             select 'CUST00' || 1 + i % 5, '{product}', i % 100, i % 1000 + 0.99 from generate_series(1, {count}) as i"
        ));
    }

    /// Inserts a customer, or changes the customer's name.
    pub fn customer(&self, id: &str, name: &str) {
        self.sql(&format!(
            "insert into customers (id, name, email, tier, country) values ('{id}', '{name}', '{id}@example.com', 'gold', 'DE')
             on conflict (id) do update set name = excluded.name"
        ));
    }

    /// Dead letters in the ledger since the test began.
    pub fn new_letters(&self) -> i64 {
        self.number("select count(*) from dead_letters") - self.letters_before
    }

    /// Waits until a condition holds for which this file has no function.
    #[track_caller]
    pub fn await_that(&self, what: &str, mut holds: impl FnMut() -> bool) {
        until(what, PATIENCE, || Attempt::when(holds())).unwrap();
    }

    /// Waits until `query` prints `expected`.
    pub fn await_sql(&self, query: &str, expected: &str) {
        let look = || {
            let found = self.sql(query);
            if found == expected { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
        };
        until(&format!("{query} = {expected}"), PATIENCE, look).unwrap();
    }

    /// Waits until `query` gives at least `least`.
    pub fn await_at_least(&self, query: &str, least: i64) {
        let look = || {
            let found = self.number(query);
            if found >= least { Attempt::Ready(()) } else { Attempt::NotYet(format!("it is {found}")) }
        };
        until(&format!("{query} >= {least}"), PATIENCE, look).unwrap();
    }
}

impl Drop for Shop {
    /// Stops the processes in order, so that they leave their group and the next test need not wait for it. The shared process stays.
    fn drop(&mut self) {
        run::ends();
        let has_failed = std::thread::panicking();
        let mut processes: Vec<Process> = self.processes.drain(..).collect();
        if has_failed {
            processes.iter().for_each(|process| tell(&process.service));
        } else {
            processes.iter().for_each(Process::note_series);
        }
        if !has_failed && self.has_resident && processes[0].service.is_running() {
            *resident() = Some(processes.remove(0));
        }
        for process in processes {
            process.service.stop().ok();
        }
    }
}

#[expect(clippy::print_stderr, reason = "the log of a process is what a failed test is explained by")]
fn tell(process: &Service) {
    eprintln!("-- {}, the end of its log:\n{}", process.name(), process.log_tail(60));
}

fn resident() -> MutexGuard<'static, Option<Process>> {
    RESIDENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fresh_group() -> String {
    format!("group-{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}
