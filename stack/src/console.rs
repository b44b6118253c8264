//! What a document shows as typed at a prompt: the commands and statements, the answers that are printed for them, and the shell that types
//! them. The README's session and the drills of docs/operations.md are typed this way, so that a document and what is tested cannot differ.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result};

mod answer;
mod turn;

pub use answer::has;
pub use turn::{Turn, turns};

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether the command ended with 0.
    pub succeeded: bool,
    /// What the command printed on its standard output.
    pub printed: String,
    /// What the command printed on its standard error.
    pub complained: String,
}

/// Types a text into a program, and waits until the program ends.
///
/// # Errors
/// When the program cannot be run.
pub fn typed(program: &mut Command, text: &str) -> Result<Answer> {
    // The program reads the text from stdin, as if somebody typed it. In the program's arguments the text would be found by pgrep, which the
    // README uses.
    let typing = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let output = typing.and_then(|program| typed_into(program, text)).with_context(|| format!("`{text}` cannot be run"))?;
    let (printed, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(Answer { succeeded: output.status.success(), printed: printed.into_owned(), complained: complained.into_owned() })
}

fn typed_into(mut program: Child, text: &str) -> std::io::Result<Output> {
    if let Some(mut keyboard) = program.stdin.take() {
        keyboard.write_all(text.as_bytes())?;
    }
    program.wait_with_output()
}

/// A shell that ends at the first command that fails.
pub fn shell() -> Command {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail"]);
    command
}
