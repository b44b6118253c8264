//! `orderstream completions`: prints the script with which a shell completes commands and options.

use std::process::ExitCode;

use clap_complete::{Shell, generate};

use super::print;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell that is to read the script
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, mut program: clap::Command) -> anyhow::Result<ExitCode> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    generate(arguments.shell, &mut program, name, &mut script);
    print(String::from_utf8_lossy(&script))
}
