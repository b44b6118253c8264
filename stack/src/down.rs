//! `make down`, which stops the stack of another shell, and `make clean`, which removes its data.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stack::wait::{self, Attempt};
use stack::{remove_data, running_process};

use crate::place::Place;

/// How long the stop may take: longer than all services together when each uses its own time to the full.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stops the stack that runs in another shell, and returns when the stack is gone.
pub(crate) fn down(place: &Place) -> Result<()> {
    let mut is_any = false;
    for folder in place.folders() {
        if let Some(pid) = running_process(&folder)? {
            is_any = true;
            stop(pid, &folder)?;
        }
    }
    println!("{}", if is_any { "stopped" } else { "nothing is running" });
    Ok(())
}

fn stop(pid: i32, folder: &Path) -> Result<()> {
    match kill(Pid::from_raw(pid), Signal::SIGTERM) {
        // A process that is gone already needs no signal: its warden is ending what it left.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => return Err(error).with_context(|| format!("process {pid} cannot be stopped")),
    }
    wait::until(&format!("process {pid} has stopped everything"), PATIENCE, || match running_process(folder) {
        Ok(None) => Attempt::Ready(()),
        Ok(Some(_)) => Attempt::NotYet("it is still running".to_owned()),
        Err(error) => Attempt::Hopeless(error),
    })
}

/// Removes the data of the services. The jars stay, because they are the same every time.
pub(crate) fn clean(place: &Place) -> Result<()> {
    place.folders().iter().try_for_each(|folder| remove_data(folder))?;
    println!("the data of the services is removed");
    Ok(())
}
