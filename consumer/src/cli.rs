//! The command line of `orderstream`: reads the arguments, loads the configuration, runs one command and returns the exit code. Each
//! command has a file of its own.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use service::settings::Environment;

use crate::config::{Config, Loaded};
use crate::health::PROGRAM;
use job::Job;

mod check;
mod completions;
mod config;
mod dlq;
mod http;
mod job;
mod man;
mod migrate;
mod mirror;
mod offsets;
mod page;
mod ready;
mod rebuild;
mod reconcile;
mod run;
mod status;
mod table;
mod trace;

/// The exit code if the work could not be done.
const FAILED: u8 = 1;
/// The exit code if the configuration is wrong. Source: sysexits.h, `EX_USAGE`; 2 is clap's.
const BAD_CONFIGURATION: u8 = 64;

/// Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
#[derive(Debug, Parser)]
#[command(version = PROGRAM, propagate_version = true)]
struct Arguments {
    /// Configuration file (.toml, .yaml or .yml); environment variables win over it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    request: Option<Request>,
}

#[derive(Debug, Subcommand)]
enum Request {
    #[command(flatten)]
    Configured(Command),
    /// Make tokens for the page
    #[command(subcommand)]
    Page(page::Command),
    /// Print the script with which a shell completes commands and options
    Completions(completions::Arguments),
    /// Print the manual page, or write a page for each command into a folder
    Man(man::Arguments),
}

/// The commands that need a configuration.
#[derive(Debug, Subcommand)]
enum Command {
    /// Process orders until SIGTERM (the default)
    Run,
    /// Open every connection and report what is found, one line each
    Check,
    /// Create or update the tables in Postgres
    Migrate,
    /// Ask the process on this machine whether it is ready; exit code 1 and the reasons if not (for health checks)
    Ready,
    /// Show how everything stands: processes, source, partitions, lag, dead letters, what is to be repaired, Redis
    Status(status::Arguments),
    /// Tell what happened to one order or one customer: a verdict, and everything that each server knows
    Trace(trace::Arguments),
    /// Write Redis anew, beside running processes
    #[command(subcommand)]
    Rebuild(rebuild::Command),
    /// List, show, replay and close dead letters
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Show where each partition stands, or move it by hand
    #[command(subcommand)]
    Offsets(offsets::Command),
    /// Compare the shop's orders with results and Redis; --repair sets right what differs
    Reconcile(reconcile::Arguments),
    /// Keep any tables equal in another Postgres
    #[command(subcommand)]
    Mirror(mirror::Command),
    /// Print the effective configuration and where each value comes from
    Config(config::Arguments),
}

/// Parses the arguments, loads the configuration, runs the command.
#[must_use]
pub fn main() -> ExitCode {
    // The provider of TLS is chosen before anything opens a connection. With two providers in the program the first TLS connection would
    // panic, in whatever task opens it. An error means that a provider was chosen before.
    rustls::crypto::ring::default_provider().install_default().ok();
    let arguments = Arguments::parse();
    let file = arguments.config.as_deref();
    match arguments.request.unwrap_or(Request::Configured(Command::Run)) {
        Request::Configured(command) => configured(&command, file),
        Request::Page(command) => done(page::run(&command)),
        Request::Completions(arguments) => done(completions::run(&arguments, Arguments::command())),
        Request::Man(arguments) => done(man::run(&arguments, Arguments::command())),
    }
}

fn configured(command: &Command, file: Option<&Path>) -> ExitCode {
    // The tables of settings are the same whatever is configured, and they are needed most when the configuration is wrong, so nothing is
    // loaded for them.
    if let Command::Config(config::Arguments { markdown: true }) = command {
        return done(print(service::settings::markdown(crate::config::settings::SETTINGS)));
    }
    match Config::load(file, &Environment::of_process()) {
        Ok(loaded) => done(execute(command, file, loaded)),
        Err(problems) => {
            say(problems);
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

fn execute(command: &Command, file: Option<&Path>, loaded: Loaded) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run => in_runtime(run::run(loaded, file)),
        Command::Migrate => in_runtime(migrate::run(warned(loaded))),
        Command::Ready => in_runtime(ready::run(warned(loaded))),
        Command::Check => in_runtime(check::run(warned(loaded))),
        Command::Status(arguments) => in_runtime(status::run(arguments, warned(loaded))),
        Command::Trace(arguments) => in_runtime(trace::run(arguments, warned(loaded))),
        Command::Rebuild(command) => in_runtime(rebuild::run(command, warned(loaded))),
        Command::Dlq(command) => in_runtime(dlq::run(command, warned(loaded))),
        Command::Offsets(command) => in_runtime(async { offsets::run(command, &Job::orders(&warned(loaded))?).await }),
        Command::Reconcile(arguments) => in_runtime(reconcile::run(arguments, warned(loaded))),
        Command::Mirror(command) => in_runtime(mirror::run(command, loaded)),
        Command::Config(_) => config::run(file, &loaded),
    }
}

fn in_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new().context("cannot start the threads")?.block_on(work)
}

/// Writes the warnings to standard error, for commands that have no log.
fn warned(loaded: Loaded) -> Config {
    loaded.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
    loaded.config
}

fn done(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        say(format_args!("error: {error:#}"));
        ExitCode::from(FAILED)
    })
}

fn print(text: impl Display) -> anyhow::Result<ExitCode> {
    write!(std::io::stdout(), "{text}").context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: impl Display) {
    // If standard error is closed, there is nobody left to tell.
    drop(writeln!(std::io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_and_the_file_may_stand_anywhere() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).unwrap();
        assert!(parse("orderstream").request.is_none());
        for line in ["orderstream --config a.toml check", "orderstream check --config a.toml"] {
            let arguments = parse(line);
            assert!(matches!(arguments.request, Some(Request::Configured(Command::Check))));
            assert_eq!(arguments.config, Some("a.toml".into()));
        }
    }

    #[test]
    fn the_help_of_config_lists_every_key() {
        let mut command = Arguments::command();
        let help = command.find_subcommand_mut("config").unwrap().render_long_help().to_string();
        assert!(help.contains("KAFKA_SASL_PASSWORD_FILE") && help.contains("batch.max_records"), "{help}");
    }
}
