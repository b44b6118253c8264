//! P2 and P8 once more, by what an operator has: `orderstream reconcile` has to say of a healed world that it is equal.

use std::process::{Command, Output};

use anyhow::{Context, Result};

use super::Finding;
use crate::process::program;
use crate::world::World;

/// Everything has come right by the other checks when this one looks.
pub(crate) const SETTLE_SECONDS: u8 = 5;
/// And much is under way when somebody repairs.
const PATIENT_SECONDS: &str = "30";
/// What is still on its way while one compares is judged by the next.
const REPAIRS: usize = 5;

pub(crate) fn differences(world: &World, settle_seconds: u8) -> Result<Vec<Finding>> {
    let output = reconcile(world, &["--settle", &settle_seconds.to_string(), "--source", &world.stack.orderstream_database_url()])?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let text = [output.stdout, output.stderr].concat();
    Ok(vec![Finding::new("P2", format!("orderstream reconcile: {}", String::from_utf8_lossy(&text).trim().replace('\n', "\n    ")))])
}

/// What an operator does about rows that were changed by hand, as often as it is asked for. Whether it was a repair, the checks say.
pub(crate) fn repair(world: &World) -> Result<()> {
    for _ in 0..REPAIRS {
        // To write a signal takes the shop's own rights.
        let output = reconcile(world, &["--settle", PATIENT_SECONDS, "--repair", "--source", &world.stack.database_url()])?;
        if output.status.success() {
            return Ok(());
        }
        println!("  the repair says: {}", String::from_utf8_lossy(&output.stdout).trim().replace('\n', "\n    "));
    }
    Ok(())
}

fn reconcile(world: &World, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(program()?);
    command.arg("reconcile").args(arguments);
    command.env("KAFKA_BOOTSTRAP_SERVERS", world.stack.bootstrap_servers());
    command.env("DATABASE_URL", world.stack.orderstream_database_url()).env("REDIS_URL", world.stack.redis_url());
    command.output().context("orderstream reconcile cannot be started")
}
