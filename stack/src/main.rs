//! `make up`, `make services`, `make down` and `make clean`.

mod down;
mod interrupts;
mod restarts;
mod up;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// The services of docker-compose.yml as local processes.
#[derive(Debug, Parser)]
#[command(name = "stack")]
enum Command {
    /// Start the services and orderstream, in the foreground.
    Up,
    /// Start the services without orderstream, in the foreground.
    Services,
    /// Stop what `up` or `services` started in another shell.
    Down,
    /// Remove the data of the services.
    Clean,
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _: io::Result<()> = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Up => up::up(),
        Command::Services => up::services(),
        Command::Down => down::down(),
        Command::Clean => down::clean(),
    }
}
