//! Cargo called from within a test, without the environment variables that Cargo sets for tests.

use std::env;
use std::process::Command;

/// Variables that a shell may set too: they say where Cargo's files lie, and so they stay.
const OF_A_SHELL: [&str; 2] = ["CARGO_HOME", "CARGO_TARGET_DIR"];

/// Removes from the command the variables that Cargo sets for the tests that it runs.
///
/// Some build scripts (such as that of `ring`) look at these variables. If the variables differ from those of a shell, Cargo compiles the
/// crate and everything that depends on it once more, which takes minutes in each test that builds something.
#[must_use]
pub fn without_cargos_variables(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        let is_cargos = name.to_str().is_some_and(|name| name.starts_with("CARGO_") && !OF_A_SHELL.contains(&name));
        if is_cargos {
            command.env_remove(name);
        }
    }
    command
}
