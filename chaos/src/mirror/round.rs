//! One round: work, a change of a table, faults, healing, checks.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use fastrand::Rng;

use super::fault::{self, Fault};
use super::world::World;
use super::{alteration, checks, work};
use crate::checks::Finding;
use crate::workload::Clock;

/// The longest time for which one process needs more memory than it may.
const MOST_MEMORY_MB: u64 = 250;

/// Runs the round, prints it, and returns what was found.
pub(super) fn run(world: &mut World, seed: u64, time: Duration) -> Result<Vec<Finding>> {
    let mut rng = Rng::with_seed(seed);
    let workers = rng.usize(2..=world.processes.len());
    world.set_active(workers)?;
    println!("\nround with seed {seed}: {workers} processes");
    let world: &World = world;
    let (began, altering) = (Instant::now(), rng.fork());
    let plan = fault::plan(&mut rng, time, workers);
    let shop = rng.fork();
    let transactions = thread::scope(|scope| -> Result<usize> {
        // The change of a table comes before the faults, and the shop works meanwhile.
        let altered = {
            let clock = Clock::ending_in(Duration::from_secs(3));
            let shop = shop.clone();
            let working = scope.spawn(move || work::run(&world.stack, shop, clock));
            let altered = alteration::make(&mut altering.clone(), &world.stack, seed)?;
            working.join().map_err(|_| anyhow!("the shop panicked"))?;
            altered
        };
        println!("  {:5.1} s  {altered}", began.elapsed().as_secs_f64());
        let (begin, clock) = (Instant::now(), Clock::ending_in(time));
        let working = scope.spawn(move || work::run(&world.stack, shop, clock));
        let faults: Vec<_> = plan.into_iter().map(|fault| scope.spawn(move || happen(world, fault, begin))).collect();
        for happened in faults {
            println!("  {}", happened.join().map_err(|_| anyhow!("a fault panicked"))?);
        }
        working.join().map_err(|_| anyhow!("the shop panicked"))
    })?;
    let healing = Instant::now();
    world.heal()?;
    let (healed, settling) = (healing.elapsed(), Instant::now());
    let mut findings = checks::settle(world);
    let memory = world.workers().iter().filter_map(crate::process::Process::memory).max().unwrap_or_default();
    if memory > MOST_MEMORY_MB {
        findings.push(Finding::new("P10", format!("a process has {memory} MB")));
    }
    let (healed, settled) = (healed.as_secs_f64(), settling.elapsed().as_secs_f64());
    println!("  {transactions} transactions; healed after {healed:.1} s, all right after {settled:.1} s more; most memory {memory} MB");
    findings.iter().for_each(|finding| println!("  FINDING {finding}"));
    Ok(findings)
}

/// Lets the fault happen, and says when it did.
fn happen(world: &World, fault: Fault, begin: Instant) -> String {
    thread::sleep(fault.at.saturating_sub(begin.elapsed()));
    let began = begin.elapsed().as_secs_f64();
    let mut in_the_way = fault.begin(world).err();
    if in_the_way.is_none() {
        thread::sleep(fault.lasts);
        in_the_way = fault.end(world).err();
    }
    let note = in_the_way.map(|error| format!("  (in the way: {})", error.to_string().lines().next().unwrap_or_default()));
    format!("{began:5.1} - {:5.1} s  {fault}{}", begin.elapsed().as_secs_f64(), note.unwrap_or_default())
}
