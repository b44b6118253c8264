//! The walk through the README's session, line by line: each command of the README is run, and its output is compared with the README's.
//!
//! A command that only reads is run again until it prints what the README says, because the effects of an insert need some milliseconds.
//! Times and versions, which differ from run to run, are compared by their shape.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stack::Ports;
use stack::wait::{self, Attempt};

mod answer;
mod turn;

use answer::has;
use turn::{Turn, turns};

const README: &str = include_str!("../../README.md");
/// The longest time that a machine with other work takes from an insert to the last of its effects.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the session takes place.
pub(crate) struct Scene {
    /// The ports of the services and of orderstream.
    pub(crate) ports: Ports,
    /// The command that talks to the containers, such as `docker compose`; `None` if the services are local processes.
    pub(crate) compose: Option<String>,
    /// The file that a shell reads first to find into a secured stack.
    pub(crate) shell_file: Option<PathBuf>,
}

/// Walks through the session.
///
/// # Errors
/// At the first line that fails or does not print what the README says.
pub(crate) fn walk(scene: &Scene) -> Result<()> {
    let turns = turns(README)?;
    for turn in &turns {
        let typed = scene.here(turn);
        println!("{}", typed.lines().next().unwrap_or_default());
        wait::until(&format!("`{typed}` answers as in the README"), PATIENCE, || attempt(scene, turn, &typed))?;
    }
    println!("{} lines of the README's session do what it says", turns.len());
    Ok(())
}

fn attempt(scene: &Scene, turn: &Turn, typed: &str) -> Attempt<()> {
    let answered = run(scene, turn, typed);
    match answered {
        Ok(answer) if has(&answer, &turn.answer) => Attempt::Ready(()),
        Ok(answer) if turn.is_question() => Attempt::NotYet(answer),
        Ok(answer) => Attempt::Hopeless(anyhow::anyhow!("`{typed}` answers\n{answer}\ninstead of\n{}", turn.answer)),
        Err(error) if turn.is_question() => Attempt::NotYet(format!("{error:#}")),
        Err(error) => Attempt::Hopeless(error),
    }
}

fn run(scene: &Scene, turn: &Turn, typed: &str) -> Result<String> {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail"]);
    // bash reads this file before anything else that is not typed by hand.
    if let Some(file) = &scene.shell_file {
        command.env("BASH_ENV", file);
    }
    if turn.is_sql {
        let url = format!("postgres://postgres:postgres@localhost:{}/orders", scene.ports.postgres);
        command.args(["-c", "exec psql -X -v ON_ERROR_STOP=1 \"$0\"", &url]);
    }
    // The shell reads the command from stdin, as if somebody typed it. In the shell's arguments the command would be found by pgrep, which
    // the README uses.
    let typing = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let answer = typing.and_then(|program| typed_into(program, typed));
    let output = answer.with_context(|| format!("`{typed}` cannot be run"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("`{typed}` failed: {printed}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(printed)
}

fn typed_into(mut program: Child, typed: &str) -> std::io::Result<Output> {
    if let Some(mut keyboard) = program.stdin.take() {
        keyboard.write_all(typed.as_bytes())?;
    }
    program.wait_with_output()
}

impl Scene {
    /// The command for this scene: with the ports of this stack, or for containers the command that the README's comment gives instead.
    fn here(&self, turn: &Turn) -> String {
        let Ports { postgres, redis, kafka, connect, orderstream, .. } = self.ports;
        if let (Some(compose), Some(other)) = (&self.compose, turn.in_containers()) {
            return other.replace("docker compose", compose);
        }
        turn.typed
            .replace("localhost:15432", &format!("localhost:{postgres}"))
            .replace("localhost:9092", &format!("localhost:{kafka}"))
            .replace("localhost:8083", &format!("localhost:{connect}"))
            .replace("localhost:8080", &format!("localhost:{orderstream}"))
            .replace("redis-cli ", &format!("redis-cli -p {redis} "))
            .replace("*6379", &format!("*{redis}"))
    }
}
