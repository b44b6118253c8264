//! The program behind `make up`, `make services`, `make down`, `make clean`, and the walk through the README's session.

mod down;
mod interrupts;
mod place;
mod restarts;
mod session;
mod up;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use place::Place;
use session::Scene;

/// The services of docker-compose.yml as local processes.
#[derive(Debug, Parser)]
#[command(name = "stack")]
enum Command {
    /// Start the services and orderstream, in the foreground.
    Up {
        #[command(flatten)]
        place: Place,
        /// Start Prometheus and Alertmanager too.
        #[arg(long)]
        monitoring: bool,
    },
    /// Start the services without orderstream, in the foreground.
    Services(Place),
    /// Stop what `up` or `services` started in another shell.
    Down(Place),
    /// Remove the data of the services.
    Clean(Place),
    /// Walk through the README's session against what `up` or docker compose started.
    Session {
        #[command(flatten)]
        place: Place,
        /// The services are containers, and this is the command for them: "docker compose".
        #[arg(long)]
        compose: Option<String>,
        /// The file that a shell reads first, where the containers are secured.
        #[arg(long)]
        shell_file: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(&Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When stderr is closed, there is nobody left to tell.
            let _: io::Result<()> = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Up { place, monitoring } => up::up(place, *monitoring),
        Command::Services(place) => up::services(place),
        Command::Down(place) => down::down(place),
        Command::Clean(place) => down::clean(place),
        Command::Session { place, compose, shell_file } => {
            let shell_file = shell_file.clone().or_else(|| place.shell_file());
            session::walk(&Scene { ports: place.ports(), compose: compose.clone(), shell_file })
        }
    }
}
