//! `make chaos`: a random workload and a random schedule of faults on the real stack, and after each round a check of every promise.
//!
//! - [`world`]: the services and the orderstream processes ([`process`]), each behind a [`proxy`](stack::proxy) to Postgres,
//!   one to Redis and one to Kafka
//! - [`workload`]: what the shop does meanwhile, in [`statements`]; [`poison`]: records put straight on the topics that nobody can process
//! - [`setting`]: what the shop and its operators have chosen for a round
//! - [`schedule`]: which [`fault`] comes when; [`redis_faults`] are those of Redis itself, [`results_faults`] those of the results database,
//!   [`schema_faults`] change the shop's tables, [`broker_faults`] say which of several brokers a fault happens to
//! - [`killed_broker`]: in a world with several brokers, what the death of one of them costs when nothing else is wrong
//! - [`watch`]: what must hold at every moment of the round
//! - [`checks`]: what must hold at the end of the round
//! - [`round`]: work and faults, healing, and checks in order; [`table`] is what a round prints
//! - [`planted`]: the proof that each check finds a violation that was planted for it
//! - [`mirror`]: the same for the job `mirror`, with a world, work and checks of its own
//!
//! All choices come from one seed. What the machine makes of the choices is not the same twice, so a seed tries a failure again and
//! does not replay it.

mod broker_faults;
mod checks;
mod fault;
mod killed_broker;
mod mirror;
mod planted;
mod poison;
mod process;
mod redis_faults;
mod results_faults;
mod round;
mod schedule;
mod schema_faults;
mod setting;
mod statements;
mod table;
mod topics;
mod watch;
mod workload;
mod world;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Parser;

use crate::checks::Read;
use crate::round::Round;
use crate::world::{Kind, World};

/// Random work and random faults on the real stack, and proof that the promises hold.
#[derive(Debug, Parser)]
struct Options {
    /// How many rounds, each with other faults.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// The seed of the first round; the next one has the next number.
    #[arg(long)]
    seed: Option<u64>,
    /// How long the shop works in each round; faults begin until three seconds before its end.
    #[arg(long, default_value_t = 23)]
    seconds: u64,
    /// The world in which the rounds take place.
    #[arg(long, value_enum, default_value_t = Kind::Plain)]
    world: Kind,
    /// The job that the rounds are about.
    #[arg(long, value_enum, default_value_t = Job::Orders)]
    job: Job,
    /// After the rounds, plant a violation for each check and see that it is found.
    #[arg(long)]
    planted: bool,
}

/// A job of orderstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Job {
    Orders,
    Mirror,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let first = options.seed.unwrap_or_else(seed_of_the_day);
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    if options.job == Job::Mirror {
        return mirror::run(runtime.handle(), first, options.rounds, Duration::from_secs(options.seconds), options.planted);
    }
    let (mut world, mut read) = (World::start(runtime.handle(), options.world)?, Read::default());
    for seed in first..first + options.rounds {
        if !passes(&mut world, &mut read, Round::new(seed, Duration::from_secs(options.seconds))) {
            let logs = world.keep_logs(seed)?;
            let of = if world.kind == Kind::Ha { "WORLD=ha " } else { "" };
            println!("\nThe logs are in {}.\nOnce more: make chaos {of}ROUNDS=1 SEED={seed}", logs.display());
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("\n{} rounds from seed {first} on, no findings", options.rounds);
    if options.planted && !all_planted_are_found(&mut world, &mut read) {
        println!("\nThe logs are in {}.", world.keep_logs(first)?.display());
        return Ok(ExitCode::FAILURE);
    }
    world.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the round, prints it, and says whether it passed. An error that keeps a round from its end is as bad as a finding.
fn passes(world: &mut World, read: &mut Read, mut round: Round) -> bool {
    let ended = round.run(world, read);
    println!("{}", table::of(&round));
    if let Err(error) = &ended {
        println!("  the round did not come to its end: {error:#}");
    }
    ended.is_ok() && round.findings.is_empty()
}

/// Plants violations and prints what became of them. A violation that could not be planted is as bad as one that was not found.
fn all_planted_are_found(world: &mut World, read: &mut Read) -> bool {
    let outcome = planted::run(world, read);
    match &outcome {
        Ok(outcome) => println!("{outcome}"),
        Err(error) => println!("  FINDING not all violations could be planted: {error:#}"),
    }
    outcome.is_ok_and(|outcome| outcome.is_good())
}

fn seed_of_the_day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 1_000_000
}
