//! Violations planted in processes that work: one is not ready, one ends by itself, all are silent.

use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::Service;
use stack::proxy::Mode;
use stack::wait::{Attempt, until};

use super::watched::{await_look, watch};
use super::{Outcome, Violation, look, try_out};
use crate::checks::Read;
use crate::process::Process;
use crate::topics::ORDERS;
use crate::watch::Watch;
use crate::world::World;

const UNREADY: Violation = Violation { what: "a process that is not ready", promise: "P9", says: "orderstream-1 is not ready" };
const DEATH: Violation = Violation { what: "a process that ends by itself", promise: "P9", says: "orderstream-0 ended by itself" };
const SILENCE: Violation = Violation { what: "a partition that is silent", promise: "P9", says: "was silent for" };
/// Twenty orders, so that some wait in each partition.
const WAITING: &str =
    "insert into orders (customer_id, product_id, quantity, price) select 'PLANT', 'WAITING', 1, 1.00 from generate_series(1, 20)";
const PATIENCE: Duration = Duration::from_secs(60);

/// Plants all of these violations.
pub(super) fn plant(world: &World, read: &mut Read, outcome: &mut Outcome) -> Result<()> {
    let cut_off = &world.processes[1];
    let refuse = || {
        cut_off.to_postgres.set(Mode::Refuse);
        until("the process is not ready", PATIENCE, || Attempt::when(!cut_off.service.is_healthy()))
    };
    let heal = || {
        cut_off.heal_lines();
        cut_off.service.await_health()
    };
    try_out(outcome, &UNREADY, refuse, heal, || Ok(look(world, read)))?;
    outcome.expect_nothing("after the process could reach Postgres again", &look(world, read));
    let watched = watch(world, |watch| disturb(world, watch))?;
    outcome.judge(&SILENCE, &watched.findings(world.kind));
    outcome.judge(&DEATH, &watched.findings(world.kind));
    Ok(())
}

/// Pauses all processes while orders wait, and kills one of them.
fn disturb(world: &World, watch: &Watch) -> Result<()> {
    let workers = || world.workers().iter().map(|process| &process.service);
    let before = world.topics.ends(ORDERS)?;
    let disturbed = workers().try_for_each(Service::pause).and_then(|()| {
        world.stack.psql(WAITING)?;
        until("orders wait", PATIENCE, || Attempt::when(world.topics.ends(ORDERS).is_ok_and(|ends| ends != before)))?;
        watch.healed();
        kill(&world.processes[0])?;
        thread::sleep(world.kind.longest_silence());
        await_look(watch)
    });
    workers().for_each(Service::resume);
    disturbed.and(world.processes[0].service.launch())
}

/// Kills the process from outside, so that the harness does not know who made it end.
fn kill(process: &Process) -> Result<()> {
    let pid = process.service.pid().context("it does not run")?.to_string();
    ensure!(Command::new("kill").args(["-KILL", &pid]).status()?.success(), "it cannot be killed");
    until("the process has ended", PATIENCE, || Attempt::when(process.service.died().is_some()))
}
