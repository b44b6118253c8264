//! `orderstream config`: prints the effective configuration, with secrets redacted.

use std::path::Path;
use std::process::ExitCode;

use service::settings::help;

use super::{print, say};
use crate::config::Loaded;
use crate::config::settings::SETTINGS;

#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("Every key, its environment variable, what it is for:\n\n{}", help(SETTINGS)))]
pub(super) struct Arguments {
    /// Print the table of all keys in Markdown instead
    #[arg(long)]
    pub(super) markdown: bool,
}

pub(super) fn run(file: Option<&Path>, loaded: &Loaded) -> anyhow::Result<ExitCode> {
    loaded.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
    let source = file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    print(format_args!("# Effective configuration: defaults, {source}, environment. Secrets are not shown.\n\n{}", loaded.report))
}
