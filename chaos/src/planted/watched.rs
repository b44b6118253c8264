//! Violations that the watch sees while no process of orderstream works: a position that falls, and a process that takes too much memory.

use std::process::Command;
use std::time::Duration;
use std::{mem, thread};

use anyhow::{Result, anyhow};
use stack::wait::{Attempt, until};

use super::{Outcome, Violation};
use crate::watch::{Watch, Watched};
use crate::world::World;

/// The violations of a position that falls, each with the column that falls.
const FALLS: [(Violation, &str); 2] = [
    (Violation { what: "an offset that falls", promise: "P3", says: "next_offset and generation fell" }, "next_offset"),
    (Violation { what: "a generation that falls", promise: "P3", says: "next_offset and generation fell" }, "generation"),
];
const MEMORY: Violation = Violation { what: "a process with 280 MB", promise: "P10", says: "a process had " };
/// A Perl program that takes memory, prints `taken`, and keeps the memory until it is killed.
const TAKE_MEMORY: &str = r#"$| = 1; my $taken = "x" x shift; print "taken\n"; sleep 600"#;
const PATIENCE: Duration = Duration::from_secs(30);

/// Plants all of these violations, one at a time.
pub(super) fn plant(world: &mut World, outcome: &mut Outcome) -> Result<()> {
    for (violation, column) in &FALLS {
        let lower = |by: i64| change(world, column, by);
        let watched = watch(world, |watch| lower(-1).and_then(|()| await_look(watch)).and(lower(1)).and_then(|()| await_look(watch)))?;
        outcome.judge(violation, &watched.findings(world.kind));
    }
    outcome.expect_nothing("after positions had fallen", &watch(world, await_look)?.findings(world.kind));
    plant_memory(world, outcome)
}

fn change(world: &World, column: &str, by: i64) -> Result<()> {
    let order = "select partition from results where product_id = 'PLANT'";
    let rows = format!("topic = 'shop.public.orders' and partition = ({order})");
    world.stack.psql(&format!("update consumer_offsets set {column} = {column} + {by} where {rows}")).map(drop)
}

/// Puts a program that takes too much memory in the place of an orderstream process.
fn plant_memory(world: &mut World, outcome: &mut Outcome) -> Result<()> {
    let launch = || {
        let mut command = Command::new("perl");
        command.args(["-e", TAKE_MEMORY, "280000000"]);
        command
    };
    let large = world.stack.service("large", launch, || Ok(()));
    let orderstream = mem::replace(&mut world.processes[0].service, large);
    world.active = 1;
    let watched = watch(world, |watch| {
        let service = &world.processes[0].service;
        service.launch()?;
        until("the memory is taken", PATIENCE, || Attempt::when(service.log_tail(1).contains("taken")))?;
        await_look(watch)
    });
    world.processes[0].service = orderstream;
    world.active = 0;
    outcome.judge(&MEMORY, &watched?.findings(world.kind));
    Ok(())
}

/// Runs the watch during `act`, and returns what it saw.
pub(super) fn watch(world: &World, act: impl FnOnce(&Watch) -> Result<()>) -> Result<Watched> {
    let watch = Watch::default();
    thread::scope(|scope| {
        let watching = scope.spawn(|| watch.run(world));
        let acted = await_look(&watch).and_then(|()| act(&watch));
        watch.end();
        let watched = watching.join().map_err(|_| anyhow!("the watch panicked"))?;
        acted.map(|()| watched)
    })
}

/// Waits until the watch has finished a look that began after the call.
pub(super) fn await_look(watch: &Watch) -> Result<()> {
    let looks = watch.looks();
    until("the watch looks", PATIENCE, || Attempt::when(watch.looks() > looks + 1))
}
