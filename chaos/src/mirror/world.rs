//! The world of the mirror's rounds: the services with both databases, and the processes that share the work.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use stack::proxy::Proxy;
use stack::wait::{Attempt, until};
use stack::{Job, Stack};
use tokio::runtime::Handle;

use super::work::{CREATE, TABLES};
use crate::process::{Process, program};
use crate::topics::Topics;

const PROCESSES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);
/// Settings with which a topic is compacted while the shop works, and not once a week. The shop never truncates the table of that topic, because
/// Kafka refuses a truncate there.
const COMPACTED: [(&str, &str); 4] =
    [("cleanup.policy", "compact"), ("max.message.bytes", "8388608"), ("segment.ms", "2000"), ("min.cleanable.dirty.ratio", "0.01")];
/// The table whose topic is compacted.
pub(super) const COMPACTED_TABLE: &str = "items";

/// The services and the processes.
#[derive(Debug)]
pub(super) struct World {
    pub(super) processes: Vec<Process>,
    /// How many of the processes work in this round; the others are stopped.
    pub(super) active: usize,
    pub(super) topics: Topics,
    pub(super) runtime: Handle,
    pub(super) stack: Stack,
}

/// The topic of a table.
pub(super) fn topic(table: &str) -> String {
    format!("cdc.public.{table}")
}

impl World {
    /// Starts everything, and waits until the tables are mirrored.
    pub(super) fn start(runtime: &Handle) -> Result<Self> {
        let report = |what: &str, time: Duration| println!("[{:5.1} s] {what}", time.as_secs_f64());
        let (mut builder, mut lines) = (Stack::temporary()?.report(report).job(Job::Mirror), Vec::new());
        for _ in 0..PROCESSES {
            let port = stack::free_port()?;
            let line = Proxy::start(runtime, port)?;
            builder = builder.kafka_listener(&[(port, line.port())]);
            lines.push(vec![line]);
        }
        let stack = builder.start()?;
        let process = |(number, to_kafka)| Process::of_mirror(&stack, runtime, number, to_kafka);
        let processes = lines.into_iter().enumerate().map(process).collect::<Result<Vec<_>>>()?;
        let topics = Topics::at(stack.bootstrap_servers());
        stack.psql_in("shop", CREATE)?;
        stack.psql_in(
            "shop",
            "insert into items values ('first', null, null); insert into sales values (1, 'n', 1); insert into moves values (0, 0, null); insert into visits values (0, 'first', null)",
        )?;
        let world = Self { processes, active: PROCESSES, topics, runtime: runtime.clone(), stack };
        until("Debezium has sent all tables", PATIENCE, || {
            let sent = |table: &&str| world.topics.ends(&topic(table)).is_ok_and(|ends| ends.iter().sum::<i64>() > 0);
            Attempt::when(TABLES.iter().all(sent))
        })?;
        // A Kafka Connect that is killed before its first offset is stored takes another snapshot, and no event tells what was deleted between the two.
        world.stack.connect_api().await_stored_offset("mirror")?;
        world.topics.configure(runtime, &topic(COMPACTED_TABLE), &COMPACTED)?;
        world.processes.iter().try_for_each(|process| process.service.launch())?;
        Ok(world)
    }

    /// The processes that work in this round.
    pub(super) fn workers(&self) -> &[Process] {
        &self.processes[..self.active]
    }

    /// Lets `active` processes work from now on.
    pub(super) fn set_active(&mut self, active: usize) -> Result<()> {
        self.active = active;
        self.processes[active..].iter().try_for_each(Process::stop)?;
        self.workers().iter().try_for_each(|process| process.service.launch())
    }

    /// Ends every fault, and returns when all services are healthy. The processes are started, but not awaited.
    pub(super) fn heal(&self) -> Result<()> {
        for process in self.workers() {
            process.heal_lines();
            process.service.resume();
            process.service.launch()?;
        }
        until("all services are healthy", PATIENCE, || Attempt::from(self.stack.heal()))
    }

    /// Does what an operator does whose tables wait, and returns what was printed.
    pub(super) fn apply(&self) -> Result<String> {
        let mut command = Command::new(program()?);
        let output = command.args(["mirror", "apply"]).envs(self.stack.mirror_settings()).output().context("mirror apply")?;
        anyhow::ensure!(output.status.success(), "mirror apply: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Copies the logs to a folder that stays.
    pub(super) fn keep_logs(&self, seed: u64) -> Result<PathBuf> {
        let folder = stack::root().join(".stack/chaos").join(format!("mirror-{seed}"));
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for entry in fs::read_dir(self.stack.folder())? {
            let path = entry?.path();
            if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|extension| extension == "log")) {
                fs::copy(&path, folder.join(name))?;
            }
        }
        Ok(folder)
    }
}
