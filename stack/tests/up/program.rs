//! A `make up` of a test, in a folder and on ports of its own.

#![allow(dead_code, reason = "each test needs a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use stack::Ports;
use stack::wait::{Attempt, until};

/// The longest time that a start takes on a machine that does other work too.
pub const PATIENCE: Duration = Duration::from_secs(400);

/// A `make up` in a folder and on ports of its own.
pub struct Up {
    pub folder: tempfile::TempDir,
    pub ports: Ports,
    pub running: Child,
    command: &'static str,
    options: Vec<&'static str>,
}

impl Up {
    pub fn begin(options: &[&'static str]) -> Self {
        Self::begin_as("up", options)
    }

    /// Begins with another command than `up`.
    pub fn begin_as(command: &'static str, options: &[&'static str]) -> Self {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("orderstream-up-").permissions(open).tempdir().unwrap();
        let ports = Ports::free().unwrap();
        let running = start(command, folder.path(), &ports, options);
        Self { folder, ports, running, command, options: options.to_vec() }
    }

    pub fn said(&self) -> String {
        fs::read_to_string(said(self.folder.path())).unwrap()
    }

    pub fn await_word(&self, word: &str) {
        let look = || if self.said().contains(word) { Attempt::Ready(()) } else { Attempt::NotYet(self.said()) };
        until(&format!("`make up` says {word:?}"), PATIENCE, look).unwrap();
    }

    pub fn stack(&self, command: &str) -> Output {
        self.stack_with(command, &[])
    }

    pub fn stack_with(&self, command: &str, options: &[&str]) -> Output {
        stack_program(command, self.folder.path(), &self.ports, &self.options).args(options).output().unwrap()
    }

    /// Starts the stack once more in its folder.
    pub fn begin_again(&mut self) {
        self.running = start(self.command, self.folder.path(), &self.ports, &self.options);
    }

    /// The ids of all processes of the stack.
    pub fn processes(&self) -> Vec<String> {
        let mut family = vec![self.running.id().to_string()];
        let mut next = 0;
        while let Some(parent) = family.get(next) {
            let children = Command::new("pgrep").args(["-P", parent]).output().unwrap();
            family.extend(String::from_utf8(children.stdout).unwrap().lines().map(str::to_owned));
            next += 1;
        }
        family
    }

    pub fn ended(&mut self) -> bool {
        matches!(self.running.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.stack("down");
        self.running.kill().ok();
        self.running.wait().ok();
        self.stack("clean");
    }
}

fn said(folder: &Path) -> PathBuf {
    folder.with_extension("said")
}

fn stack_program(command: &str, folder: &Path, ports: &Ports, options: &[&str]) -> Command {
    let Ports { postgres, redis, kafka, controller, connect, orderstream } = ports;
    let ports = format!("{postgres},{redis},{kafka},{controller},{connect},{orderstream}");
    let mut stack = Command::new(env!("CARGO_BIN_EXE_stack"));
    stack.arg(command).arg("--folder").arg(folder).args(["--ports", &ports]).args(options);
    stack
}

fn start(command: &str, folder: &Path, ports: &Ports, options: &[&str]) -> Child {
    let said = File::create(said(folder)).unwrap();
    stack_program(command, folder, ports, options).stdout(said.try_clone().unwrap()).stderr(said).stdin(Stdio::null()).spawn().unwrap()
}

pub fn answer(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
