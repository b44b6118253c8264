//! The signals that end the program: Ctrl-C, SIGTERM and SIGHUP.

use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result};

/// The exit code that a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The signals with which somebody asks the program to end.
pub(crate) struct Interrupts {
    wishes: Receiver<()>,
    orderly: Arc<AtomicBool>,
}

impl Interrupts {
    /// Catches signals. From here on a signal ends the process at once, and the services that the process started are killed.
    pub(crate) fn catch() -> Result<Self> {
        let (wish, wishes) = channel();
        let orderly = Arc::new(AtomicBool::new(false));
        let once = orderly.clone();
        ctrlc::set_handler(move || {
            if once.swap(false, Ordering::SeqCst) && wish.send(()).is_ok() {
                return;
            }
            let _: io::Result<()> = writeln!(io::stderr(), "interrupted: everything is killed");
            process::exit(INTERRUPTED);
        })
        .context("signals cannot be caught")?;
        Ok(Self { wishes, orderly })
    }

    /// From here on the first signal is reported by [`Interrupts::come_within`]. The second signal still ends the process at once.
    pub(crate) fn allow_orderly_end(&self) {
        self.orderly.store(true, Ordering::SeqCst);
    }

    /// Waits for a signal for `time`, and says whether one came.
    pub(crate) fn come_within(&self, time: Duration) -> bool {
        !matches!(self.wishes.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}
