//! A shell that outlives the program by a moment and ends what the program left running.
//!
//! A killed test run, a crash, `process::exit` with a stack in a static: none of them runs `Drop`. All of them close the
//! pipe to the warden, which then kills the services it was told of. (The kernel's parent death signal would not do: it is
//! sent when the *thread* that started a service ends, and reaches only one process of each family.)

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

const SCRIPT: &str = include_str!("warden.sh");

#[derive(Debug)]
pub(crate) struct Warden {
    shell: Child,
    orders: Mutex<Option<ChildStdin>>,
}

impl Warden {
    /// `lock` stays held until the warden is done too; `remove` are folders to delete then.
    pub(crate) fn start(lock: &File, remove: &[PathBuf]) -> Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "warden"])
            .args(remove)
            .stdin(Stdio::piped())
            .stdout(lock.try_clone().context("the lock of the stack cannot be shared")?)
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is for the program, not for the one who cleans up after it.
            .process_group(0)
            .spawn()
            .context("sh cannot be started")?;
        let orders = Mutex::new(shell.stdin.take());
        Ok(Self { shell, orders })
    }

    pub(crate) fn watch(&self, pid: u32) -> Result<()> {
        self.tell(&format!("watch {pid}\n")).context("the process that guards the stack is gone: stop the stack and start it again")
    }

    /// A warden that is gone needs not forget.
    pub(crate) fn forget(&self, pid: u32) {
        let _: Result<()> = self.tell(&format!("forget {pid}\n"));
    }

    fn tell(&self, order: &str) -> Result<()> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.as_mut().context("the warden was dismissed")?.write_all(order.as_bytes()).context("the warden does not listen")
    }
}

impl Drop for Warden {
    /// Returns when everything watched is gone.
    fn drop(&mut self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _: std::io::Result<_> = self.shell.wait();
    }
}
