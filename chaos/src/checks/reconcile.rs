//! The check of P2 and P8 by an operator's means: `orderstream reconcile` has to find no difference in a healed world.

use std::process::{Command, Output};

use anyhow::{Context, Result};

use super::Finding;
use crate::process::program;
use crate::world::World;

/// How long the check waits for differences to settle: the other checks have found everything right before this check runs.
pub(crate) const SETTLE_SECONDS: u8 = 5;
/// How long a repair waits for differences to settle: much is still under way when a repair begins.
const PATIENT_SECONDS: &str = "30";
/// How often a repair is tried. Changes that are still on their way during one repair are judged by the next one.
const REPAIRS: usize = 5;

pub(crate) fn differences(world: &World, settle_seconds: u8) -> Result<Vec<Finding>> {
    let output = reconcile(world, &["--settle", &settle_seconds.to_string(), "--source", &world.stack.orderstream_database_url()])?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let text = [output.stdout, output.stderr].concat();
    Ok(vec![Finding::new("P2", format!("orderstream reconcile: {}", String::from_utf8_lossy(&text).trim().replace('\n', "\n    ")))])
}

/// Does what an operator does about rows that were changed by hand: repairs until nothing differs, or the tries are used up. The checks
/// say afterwards whether the rows are right.
pub(crate) fn repair(world: &World) -> Result<()> {
    for _ in 0..REPAIRS {
        // The repair writes a signal for Debezium, which takes the rights of the shop's own user.
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
