//! Ctrl-C, SIGTERM and SIGHUP.

use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result};

/// What a shell makes of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The wish of somebody that this ends.
pub(crate) struct Interrupts {
    wishes: Receiver<()>,
    orderly: Arc<AtomicBool>,
}

impl Interrupts {
    /// From here on a signal ends the process at once, and what it started is killed.
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

    /// From here on the first signal is reported by [`Interrupts::come_within`]. The second still ends the process at once.
    pub(crate) fn allow_orderly_end(&self) {
        self.orderly.store(true, Ordering::SeqCst);
    }

    /// Whether a signal comes in this time.
    pub(crate) fn come_within(&self, time: Duration) -> bool {
        !matches!(self.wishes.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}
