//! The rounds of the job `mirror`: `make chaos JOB=mirror`.
//!
//! - [`world`]: the services with a source and a target, and the processes
//! - [`work`]: what the shop does to five kinds of tables
//! - [`alteration`]: how the shape of a table changes in each round
//! - [`fault`]: what happens to servers, lines, processes and topics
//! - [`round`], [`checks`]: work and faults at once, healing, and what must hold then
//! - [`unguarded`]: the proof that the checks notice when the guard of positions is gone

mod alteration;
mod checks;
mod fault;
mod round;
mod unguarded;
mod work;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Handle;

use self::world::World;

/// Runs so many rounds from the seed on, and then takes the guard away if `planted` says so.
pub(crate) fn run(runtime: &Handle, first: u64, rounds: u64, time: Duration, planted: bool) -> Result<ExitCode> {
    let mut world = World::start(runtime)?;
    for seed in first..first + rounds {
        let found = round::run(&mut world, seed, time);
        if let Err(error) = &found {
            println!("  the round did not come to its end: {error:#}");
        }
        if found.map_or(true, |findings| !findings.is_empty()) {
            println!("\nThe logs are in {}.\nOnce more: make chaos JOB=mirror ROUNDS=1 SEED={seed}", world.keep_logs(seed)?.display());
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("\n{rounds} rounds of the mirror from seed {first} on, no findings");
    if planted {
        unguarded::is_noticed(&mut world, first)?;
        println!("without the guard of positions the checks find differences");
    }
    world.stack.stop()?;
    Ok(ExitCode::SUCCESS)
}
