//! `orderstream man`: prints the manual page of the program, or writes a page for each command into a folder. Packages and releases are
//! made with the folder.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap_mangen::{Man, generate_to};

use super::print;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write a page for each command into this folder instead, which is made if it is missing
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, program: clap::Command) -> anyhow::Result<ExitCode> {
    // `help COMMAND` says what the command's own page says.
    let program = program.disable_help_subcommand(true);
    let Some(folder) = &arguments.into else {
        let mut page = Vec::new();
        Man::new(program).render(&mut page).context("cannot make the page")?;
        return print(String::from_utf8_lossy(&page));
    };
    let failed = || format!("cannot write the pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    generate_to(program, folder).with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}
