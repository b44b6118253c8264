//! The world of the rounds: the services, and the orderstream processes that share the work.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use stack::proxy::Proxy;
use stack::wait::{Attempt, until};
use stack::{PgBouncer, Pooling, Stack};
use tokio::runtime::Handle;

use crate::process::Process;
use crate::setting::Setting;
use crate::topics::{CUSTOMERS, Topics};
use crate::{redis_faults, schema_faults};

pub(crate) const CONNECTOR: &str = "shop";
const PROCESSES: usize = 3;
/// How many brokers there are in a world with several.
pub(crate) const BROKERS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);
/// A constraint for `enrichment.when_redis_is_down = hold`, with which no order is ever pending. The constraint refuses a pending row,
/// which so becomes a dead letter that no check expects.
const NEVER_PENDING: &str = "alter table results add constraint never_pending check (enrichment <> 'pending')";
const MAYBE_PENDING: &str = "alter table results drop constraint if exists never_pending";

/// A product that an operator's constraint refuses although the decoder finds nothing wrong.
pub(crate) const REFUSED_PRODUCT: &str = "REFUSED";

/// Settings with which the topic of customers is compacted while the shop works, and not once a week.
const COMPACTED: [(&str, &str); 4] =
    [("cleanup.policy", "compact"), ("max.message.bytes", "8388608"), ("segment.ms", "2000"), ("min.cleanable.dirty.ratio", "0.01")];

/// Which world the rounds take place in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// One of each server.
    Plain,
    /// Three brokers, of which each has a copy of everything.
    Ha,
}

impl Kind {
    fn brokers(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Ha => BROKERS,
        }
    }

    /// How long a partition that has something to do may be silent after healing: as long as a session with Kafka's group lasts, and some
    /// seconds. A coordinator that dies while it deals out partitions makes every member join anew, and the next coordinator waits for the
    /// sessions that the members had.
    pub(crate) fn longest_silence(self) -> Duration {
        Duration::from_secs(match self {
            Self::Plain => 10,
            Self::Ha => 20,
        })
    }
}

/// The services and the processes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) processes: Vec<Process>,
    /// How many of the processes work in this round; the others are stopped.
    pub(crate) active: usize,
    /// The setting of this round.
    pub(crate) setting: Setting,
    /// Whether the processes hold orders back while Redis is away, and do not write them as pending.
    hold: Arc<AtomicBool>,
    /// Whether `results` was changed by hand in this round.
    pub(crate) changed_by_hand: AtomicBool,
    /// Counts the beginnings and the ends of each return of the results database to a backup, so that the number is odd during a return.
    pub(crate) returns: AtomicUsize,
    /// The offsets of orders below which everything was processed and checked.
    processed: Mutex<Vec<i64>>,
    /// The pooler through which the first process reaches Postgres.
    pooler: PgBouncer,
    pub(crate) topics: Topics,
    pub(crate) runtime: Handle,
    pub(crate) stack: Stack,
}

impl World {
    /// Starts everything.
    pub(crate) fn start(runtime: &Handle, kind: Kind) -> Result<Self> {
        let report = |what: &str, time: Duration| println!("[{:5.1} s] {what}", time.as_secs_f64());
        let (mut builder, mut lines) = (Stack::temporary()?.report(report).brokers(kind.brokers()), Vec::new());
        for number in 0..PROCESSES {
            let ports = (0..kind.brokers()).map(|_| stack::free_port()).collect::<Result<Vec<_>>>()?;
            let to_kafka = ports.iter().map(|port| Proxy::start(runtime, *port)).collect::<Result<Vec<_>>>()?;
            let pairs: Vec<(u16, u16)> = ports.into_iter().zip(to_kafka.iter().map(Proxy::port)).collect();
            builder = builder.kafka_listener(&pairs);
            lines.push((number, to_kafka));
        }
        let (stack, hold) = (builder.start()?, Arc::default());
        let pooler = PgBouncer::start(&stack, Pooling::Session)?;
        let postgres = |number| if number == 0 { pooler.port() } else { stack.ports().postgres };
        let process = |(number, to_kafka)| Process::new(&stack, runtime, number, postgres(number), to_kafka, &hold);
        let processes = lines.into_iter().map(process).collect::<Result<Vec<_>>>()?;
        let topics = Topics::at(stack.bootstrap_servers());
        topics.configure(runtime, CUSTOMERS, &COMPACTED)?;
        // Guests have no customer.
        stack.psql("alter table orders alter column customer_id drop not null")?;
        let world = Self {
            kind,
            processes,
            active: PROCESSES,
            setting: Setting::default(),
            hold,
            changed_by_hand: AtomicBool::default(),
            returns: AtomicUsize::default(),
            processed: Mutex::default(),
            pooler,
            topics,
            runtime: runtime.clone(),
            stack,
        };
        world.processes[0].service.start()?;
        world.stack.connect_api().await_stored_offset(CONNECTOR)?;
        let refuse = format!("alter table results add constraint refused check (product_id <> '{REFUSED_PRODUCT}')");
        world.stack.psql(&refuse)?;
        Ok(world)
    }

    /// The processes that work in this round.
    pub(crate) fn workers(&self) -> &[Process] {
        &self.processes[..self.active]
    }

    /// Lets `active` processes work from now on, with the setting.
    pub(crate) fn set_active(&mut self, active: usize, setting: Setting) -> Result<()> {
        setting.apply(&self.setting, &self.stack)?;
        (self.active, self.setting) = (active, setting);
        let hold = setting.hold;
        let others = self.hold.swap(hold, Ordering::SeqCst) != hold;
        for process in &self.processes[if others { 0 } else { active }..] {
            process.stop()?;
        }
        if others {
            self.stack.psql(if hold { NEVER_PENDING } else { MAYBE_PENDING })?;
        }
        self.workers().iter().try_for_each(|process| process.service.launch())
    }

    /// The offsets of orders below which everything was processed and checked.
    pub(crate) fn processed(&self) -> Vec<i64> {
        self.processed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the offsets of orders below which everything was processed and checked.
    pub(crate) fn was_processed(&self, offsets: &[i64]) {
        offsets.clone_into(&mut self.processed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends every fault, whatever became of it, and returns when all services are healthy. The orderstream processes are started, but not
    /// awaited.
    pub(crate) fn heal(&self) -> Result<()> {
        for process in self.workers() {
            process.heal_lines();
            process.service.resume();
            process.service.launch()?;
        }
        for service in self.stack.services() {
            service.resume();
            service.launch()?;
        }
        self.pooler.service().launch()?;
        // Connect ends when it does not find Kafka. The loop starts Connect again, as an operator's process manager would.
        until("all services are healthy", PATIENCE, || Attempt::from(self.services_are_healthy()))?;
        self.stack.psql("alter system reset default_transaction_read_only")?;
        self.stack.psql("select pg_reload_conf()")?;
        redis_faults::heal(&self.stack)?;
        schema_faults::heal(&self.stack)?;
        until("the connector runs", PATIENCE, || Attempt::from(self.connector_runs()))
    }

    fn services_are_healthy(&self) -> Result<()> {
        for service in self.stack.services() {
            service.launch()?;
            anyhow::ensure!(service.is_healthy(), "{} is not healthy yet", service.name());
        }
        Ok(())
    }

    /// Fails unless the connector runs, and starts a failed connector again, because the rounds do not test how Debezium recovers.
    pub(crate) fn connector_runs(&self) -> Result<()> {
        let state = self.stack.connector_state()?;
        if state == "FAILED" {
            self.stack.connect_api().restart_failed(CONNECTOR)?;
        }
        anyhow::ensure!(state == "RUNNING", "it is {state}");
        Ok(())
    }

    /// Copies the logs to a folder that stays.
    pub(crate) fn keep_logs(&self, seed: u64) -> Result<PathBuf> {
        let folder = stack::root().join(".stack/chaos").join(format!("seed-{seed}"));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for entry in fs::read_dir(self.stack.folder())? {
            let path = entry?.path();
            if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|extension| extension == "log")) {
                fs::copy(&path, folder.join(name))?;
            }
        }
        let dump =
            |name: &str, query: &str| fs::write(folder.join(name), self.stack.psql(query).unwrap_or_else(|error| format!("{error:#}")));
        for table in ["orders", "customers", "results", "consumer_offsets", "dead_letters", "due_orders", "due_customers", "deleted_orders"]
        {
            dump(&format!("{table}.csv"), &format!("copy (select * from {table} order by 1, 2) to stdout csv header"))?;
        }
        Ok(folder)
    }

    /// Ends everything in order.
    pub(crate) fn stop(&self) -> Result<()> {
        self.processes.iter().try_for_each(Process::stop)?;
        self.stack.stop()
    }
}
