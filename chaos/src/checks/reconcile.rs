//! P2 and P8 once more, by what an operator has: `orderstream reconcile` has to say of a healed world that it is equal.

use std::process::Command;

use anyhow::{Context, Result};

use super::Finding;
use crate::process::program;
use crate::world::World;

/// Everything has come right by the other checks when this one looks.
const SETTLE_SECONDS: &str = "5";

pub(super) fn differences(world: &World) -> Result<Vec<Finding>> {
    let mut command = Command::new(program()?);
    command.args(["reconcile", "--settle", SETTLE_SECONDS, "--source", &world.stack.orderstream_database_url()]);
    command.env("KAFKA_BOOTSTRAP_SERVERS", world.stack.bootstrap_servers());
    command.env("DATABASE_URL", world.stack.orderstream_database_url()).env("REDIS_URL", world.stack.redis_url());
    let output = command.output().context("orderstream reconcile cannot be started")?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let text = [output.stdout, output.stderr].concat();
    Ok(vec![Finding::new("P2", format!("orderstream reconcile: {}", String::from_utf8_lossy(&text).trim().replace('\n', "\n    ")))])
}
