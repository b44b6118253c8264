//! The program behind `make up`, `make services`, `make mirror`, `make down`, `make clean`, and the walk through the sessions of the documentation.

mod down;
mod interrupts;
mod mirror;
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
use stack::Job;

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
    /// Start the services and the job `mirror` between two databases, in the foreground.
    Mirror(Place),
    /// Stop what `up`, `services` or `mirror` started in another shell.
    Down(Place),
    /// Remove the data of the services.
    Clean(Place),
    /// Walk through the README's session against what `up` or docker compose started, or through that of docs/mirror.md.
    Session {
        #[command(flatten)]
        place: Place,
        /// Walk through the session of docs/mirror.md against what `mirror` or docker compose started.
        #[arg(long)]
        mirror: bool,
        /// The port of the Postgres that has the mirror's tables, if another than the source's.
        #[arg(long)]
        target_port: Option<u16>,
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
        Command::Mirror(place) => mirror::mirror(place),
        Command::Down(place) => down::down(place),
        Command::Clean(place) => down::clean(place),
        Command::Session { place, mirror, target_port, compose, shell_file } => {
            let (job, ports) = (if *mirror { Job::Mirror } else { Job::Orders }, place.ports());
            let shell_file = shell_file.clone().or_else(|| place.shell_file());
            let target_port = target_port.unwrap_or(ports.postgres);
            session::walk(&Scene { job, ports, target_port, compose: compose.clone(), shell_file })
        }
    }
}
