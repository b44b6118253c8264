//! Cargo from within a test.

use std::env;
use std::process::Command;

/// Where things are, which a shell says too.
const OF_A_SHELL: [&str; 2] = ["CARGO_HOME", "CARGO_TARGET_DIR"];

/// A command without what Cargo tells the tests that it runs. Build scripts look at those variables (that of `ring` does), and Cargo compiles
/// everything that rests on such a crate once more where they are not as a shell has them: minutes, in each test that builds something.
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
