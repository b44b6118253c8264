//! `orderstream page token`: makes a token for the page. The token is shown once; the configuration gets a line that is of no use to whoever
//! reads it.

use std::process::ExitCode;

use super::{print, say};
use crate::config::Role;
use crate::config::tokens::{NewToken, parse};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a token: prints the line for page.tokens, and on standard error the token itself, once
    Token(Arguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the token may do: read (names masked), reveal (also names and payloads), operate (everything)
    #[arg(long, value_parser = role)]
    role: Role,
    /// Whose token it is; the record of actions names it
    #[arg(long)]
    name: String,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "one of read, reveal, operate".to_owned())
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Token(Arguments { role, name }) = command;
    let made = NewToken::make(name, *role)?;
    parse(&made.line).map_err(|why| anyhow::anyhow!("--name: {why}"))?;
    say(format_args!("The token of {name}, which nobody can show again:\n{}\n\nThe line for page.tokens:", made.token));
    print(format_args!("{}\n", made.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_roles_are_taken() {
        assert_eq!(role("operate"), Ok(Role::Operate));
        assert!(role("admin").is_err());
    }

    #[test]
    fn a_name_that_the_configuration_would_refuse_is_refused_before_the_token_is_shown() {
        let arguments = Arguments { role: Role::Read, name: "two words".into() };
        let error = run(&Command::Token(arguments)).unwrap_err().to_string();
        assert!(error.starts_with("--name:"), "{error}");
    }
}
