//! The warden: a shell that outlives the program by a moment and ends the services that the program left running.
//!
//! A killed test run, a crash, and `process::exit` with a stack in a static do not run `Drop`. All of them close the pipe to the warden,
//! which then kills the services that it was told of. (The kernel's parent death signal would not do, because the kernel sends it when
//! the *thread* that started a service ends, and only to one process of each family.)

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
    /// Starts a warden. The `lock` stays held until the warden is done too; the warden deletes the folders `remove` at the end.
    pub(crate) fn start(lock: &File, remove: &[PathBuf]) -> Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "warden"])
            .args(remove)
            .stdin(Stdio::piped())
            .stdout(lock.try_clone().context("the lock of the stack cannot be shared")?)
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is for the program, not for the warden that cleans up after it.
            .process_group(0)
            .spawn()
            .context("sh cannot be started")?;
        let orders = Mutex::new(shell.stdin.take());
        Ok(Self { shell, orders })
    }

    pub(crate) fn watch(&self, pid: u32) -> Result<()> {
        self.tell(&format!("watch {pid}\n")).context("the process that guards the stack is gone: stop the stack and start it again")
    }

    /// Tells the warden to forget the process. An error is ignored, because a warden that is gone need not forget.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;
    use crate::wait::{self, Attempt};
    use std::io::Read;
    use std::time::Duration;

    /// A process with a child outside its process group, as Postgres has them.
    fn parent_and_child() -> (Child, Vec<i32>) {
        let mut parent = Command::new("sh");
        parent.args(["-c", "setsid tail -f /dev/null & echo ready; wait"]).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut parent = parent.spawn().unwrap();
        parent.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        let family = process::family(i32::try_from(parent.id()).unwrap());
        assert_eq!(family.len(), 2, "{family:?}");
        (parent, family)
    }

    #[test]
    fn what_was_watched_is_gone_with_its_children_when_the_pipe_closes_and_the_folder_too() {
        let folder = tempfile::tempdir().unwrap();
        let (data, lock) = (folder.path().join("data"), File::create(folder.path().join("lock")).unwrap());
        std::fs::create_dir(&data).unwrap();
        let warden = Warden::start(&lock, std::slice::from_ref(&data)).unwrap();
        let (mut watched, family) = parent_and_child();
        let (mut forgotten, survivors) = parent_and_child();
        warden.watch(forgotten.id()).unwrap();
        warden.watch(watched.id()).unwrap();
        warden.forget(forgotten.id());
        drop(warden);
        watched.wait().unwrap();
        let gone = || Attempt::when(!family.iter().any(|&pid| process::is_alive(pid)));
        wait::until("the watched family is gone", Duration::from_secs(5), gone).unwrap();
        assert!(!data.exists());
        assert!(survivors.iter().all(|&pid| process::is_alive(pid)));
        for &pid in &survivors {
            process::signal(pid, nix::sys::signal::Signal::SIGKILL);
        }
        forgotten.wait().unwrap();
    }
}
