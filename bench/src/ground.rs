//! The ground on which the cases run: the stack, orderstream as a user would start it, and the way back to an empty table.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::{Connection, FromRow, PgConnection};
use stack::wait::{Attempt, until};
use stack::{Service, Stack};
use tokio::runtime::Runtime;

use crate::cost::{Family, Reading};
use crate::fill;
use crate::shop::Shop;

mod committed;

/// The topic of customers.
pub(crate) const CUSTOMERS: &str = "bench.customers";
/// A topic of orders that has no orders.
const NO_ORDERS: &str = "bench.none";
/// How long a condition may take, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Empties every table of orderstream but the list of migrations, as on the first day.
const EMPTY: &str = "
select format('truncate %s restart identity', string_agg(format('%I', tablename), ', '))
from pg_tables where schemaname = 'public' and tableowner = 'orderstream' and tablename <> '_sqlx_migrations' \\gexec
select format('alter sequence %I restart', sequencename)
from pg_sequences where schemaname = 'public' and sequenceowner = 'orderstream' \\gexec
checkpoint";

/// The services with the customers in Kafka, and one program to measure.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The services.
    pub(crate) stack: Stack,
    /// The runtime for what waits on several things at once.
    pub(crate) runtime: Runtime,
    /// The shop from which the rows come.
    pub(crate) shop: Shop,
    watcher: Mutex<PgConnection>,
    program: PathBuf,
}

impl Ground {
    /// Starts the services, makes orderstream's tables, puts the customers into Kafka, and removes the connector. With `jdbc_sink` Connect has
    /// Debezium's JDBC sink too.
    pub(crate) fn prepare(shop: Shop, jdbc_sink: bool) -> Result<Self> {
        let program = program()?;
        let say = |what: &str, time: Duration| println!("[{:5.1} s] {what}", time.as_secs_f64());
        let stack = Stack::temporary()?.at_full_speed().jdbc_sink(jdbc_sink).report(say).start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let watcher = Mutex::new(runtime.block_on(PgConnection::connect(&stack.database_url()))?);
        let ground = Self { stack, runtime, shop, watcher, program };
        // The connector is removed, so that the drains have the machine to themselves and Postgres keeps no log for a reader that is gone.
        ground.retire_connector("shop")?;
        ground.migrate()?;
        fill::customers(&ground)?;
        ground.stack.create_topic(NO_ORDERS, fill::PARTITIONS, &[])?;
        Ok(ground)
    }

    /// Removes the connector, ends Connect, and drops the slot.
    pub(crate) fn retire_connector(&self, name: &str) -> Result<()> {
        self.stack.connect_api().remove(name)?;
        // Connect is killed, because it has nothing to save, and because a Connect that is told to end during its start sometimes does not.
        self.stack.connect().kill();
        let drop_slot = || self.stack.psql("select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active");
        until("the connector's slot is dropped", PATIENCE, || {
            let left = drop_slot().and_then(|_| self.stack.psql("select count(*) from pg_replication_slots"));
            Attempt::from(left.and_then(|left| if left == "0" { Ok(()) } else { bail!("there is one still") }))
        })
    }

    fn migrate(&self) -> Result<()> {
        let mut command = self.command(&[]);
        let output = command.arg("migrate").output().with_context(|| format!("{} cannot be run", self.program.display()))?;
        if !output.status.success() {
            bail!("orderstream migrate: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Empties the tables and Redis, lets orderstream itself put all customers into Redis, and waits until the servers have nothing left to
    /// do.
    pub(crate) fn reset(&self) -> Result<()> {
        self.empty()?;
        let process = self.orderstream(NO_ORDERS, &[]);
        process.start()?;
        let all = u64::from(self.shop.customers);
        until("Redis has the customers", PATIENCE, || {
            Attempt::from(self.processed(CUSTOMERS).and_then(|(processed, open)| {
                if processed == all && open == 0 && self.reflected(CUSTOMERS)? { Ok(()) } else { bail!("{processed} of {all}") }
            }))
        })?;
        process.stop()?;
        self.rest()
    }

    /// Empties the tables and Redis.
    pub(crate) fn empty(&self) -> Result<()> {
        self.stack.psql(EMPTY)?;
        let mut redis = self.redis()?;
        redis::cmd("FLUSHALL").exec(&mut redis)?;
        // Redis refuses the command while it rewrites its log on its own because the log has grown. A rewrite of Redis' own began before
        // the keys were gone, so the command is sent until Redis takes it.
        until("Redis writes its log anew", PATIENCE, || {
            Attempt::from(redis::cmd("BGREWRITEAOF").exec(&mut redis).map_err(anyhow::Error::from))
        })?;
        self.rest()
    }

    /// Waits until Redis writes no files in the background and Postgres has finished a checkpoint.
    pub(crate) fn rest(&self) -> Result<()> {
        let mut redis = self.redis()?;
        until("Redis has written its files", PATIENCE, || {
            let info: Result<String> = redis::cmd("INFO").arg("persistence").query(&mut redis).map_err(Into::into);
            let busy = ["rdb_bgsave_in_progress:1", "aof_rewrite_in_progress:1", "aof_rewrite_scheduled:1"];
            Attempt::from(info.and_then(|info| match busy.iter().find(|sign| info.contains(**sign)) {
                Some(sign) => bail!("{sign}"),
                None => Ok(()),
            }))
        })?;
        self.stack.psql("checkpoint").map(drop)
    }

    /// A connection to Redis.
    pub(crate) fn redis(&self) -> Result<redis::Connection> {
        Ok(redis::Client::open(self.stack.redis_url())?.get_connection()?)
    }

    /// An orderstream process on a topic of orders, not started yet.
    pub(crate) fn orderstream(&self, topic: &str, settings: &[(&str, String)]) -> Service {
        self.named("orderstream", topic, settings)
    }

    /// One more orderstream process, without HTTP endpoints, because the first process has their port.
    pub(crate) fn another(&self, number: usize, topic: &str) -> Service {
        self.named(&format!("orderstream-{number}"), topic, &[("HTTP_LISTEN", String::new())])
    }

    fn named(&self, name: &str, topic: &str, settings: &[(&str, String)]) -> Service {
        let (program, environment) = (self.program.clone(), self.environment(topic, settings));
        let port = self.stack.ports().orderstream;
        let launch = move || {
            let mut command = Command::new(&program);
            command.envs(environment.clone());
            command
        };
        self.stack.service(name, launch, move || stack::answers(&format!("http://127.0.0.1:{port}/readyz")))
    }

    fn command(&self, settings: &[(&str, String)]) -> Command {
        let mut command = Command::new(&self.program);
        command.envs(self.environment(NO_ORDERS, settings));
        command
    }

    /// The settings that a user would make: addresses and topics, and every other key at its default.
    fn environment(&self, topic: &str, settings: &[(&str, String)]) -> Vec<(String, String)> {
        let stack = &self.stack;
        let own = [
            ("KAFKA_BOOTSTRAP_SERVERS", stack.bootstrap_servers()),
            ("KAFKA_ORDERS_TOPIC", topic.to_owned()),
            ("KAFKA_CUSTOMERS_TOPIC", CUSTOMERS.to_owned()),
            ("DATABASE_URL", stack.orderstream_database_url()),
            ("REDIS_URL", stack.redis_url()),
            ("HTTP_LISTEN", format!("127.0.0.1:{}", stack.ports().orderstream)),
        ];
        own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// Reads one cheap row from Postgres, over a connection that exists already.
    pub(crate) fn row<T>(&self, query: &'static str, argument: &str) -> Result<T>
    where
        T: Send + Unpin + for<'r> FromRow<'r, sqlx::postgres::PgRow>,
    {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.runtime.block_on(sqlx::query_as(query).bind(argument).fetch_one(&mut *watcher))?)
    }

    /// Makes a new connection for [`Ground::row`], because Postgres was stopped.
    pub(crate) fn watch_anew(&self) -> Result<()> {
        let watcher = self.runtime.block_on(PgConnection::connect(&self.stack.database_url()))?;
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = watcher;
        Ok(())
    }

    /// The URL of another database of the same server than `orders`, for the superuser.
    pub(crate) fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.stack.ports().postgres)
    }

    /// What the endpoint of the process answers.
    pub(crate) fn get(&self, path: &str) -> Result<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.stack.ports().orderstream);
        Ok(ureq::get(&url).config().timeout_global(Some(Duration::from_secs(2))).build().call()?.body_mut().read_to_string()?)
    }

    /// The processor time and the bytes of log that the services and `processes` have used so far.
    pub(crate) fn reading(&self, processes: &[Service]) -> Result<Reading> {
        const WAL: &str = "select (pg_current_wal_lsn() - '0/0')::float8 where $1 = ''";
        let (wal,): (f64,) = self.row(WAL, "")?;
        Reading::now(&self.families(processes), wal)
    }

    /// The families of the services and of `processes`.
    pub(crate) fn families(&self, processes: &[Service]) -> [Family; 5] {
        [
            ("orderstream", processes.iter().filter_map(Service::pid).collect()),
            ("postgres", self.stack.postgres().pid().into_iter().collect()),
            ("redis", self.stack.redis().pid().into_iter().collect()),
            ("kafka", self.stack.kafka().pid().into_iter().collect()),
            ("connect", self.stack.connect().pid().into_iter().collect()),
        ]
    }

    /// The program that is measured.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

/// The path of the orderstream program. The Makefile builds orderstream and this benchmark into one folder.
fn program() -> Result<PathBuf> {
    let here = env::current_exe().context("the folder of this program is unknown")?;
    let program = here.parent().unwrap_or(Path::new("/")).join("orderstream");
    if !program.is_file() {
        bail!("{} is missing: `make bench` builds it", program.display());
    }
    Ok(program)
}
