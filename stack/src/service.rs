//! A service: one process of the stack that is started and awaited, ended in every way that a test may want, and started again.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::Signal;

use crate::process;
use crate::wait::{self, Attempt};
use crate::warden::Warden;

/// How long a start may take. A JVM on a machine that compiles at the same time needs most of this time.
const START_PATIENCE: Duration = Duration::from_secs(120);
const STOP_PATIENCE: Duration = Duration::from_secs(30);
const KILL_PATIENCE: Duration = Duration::from_secs(10);
const LOG_LINES: usize = 25;
/// How many logs of earlier starts stay beside the log of the present start.
const KEPT_LOGS: u32 = 3;

type Launch = dyn Fn() -> Command + Send + Sync;
type Health = dyn Fn() -> Result<()> + Send + Sync;

/// A process that can be killed, stopped, paused, resumed and restarted. All methods may be called from any thread.
pub struct Service {
    name: String,
    log: PathBuf,
    launch: Box<Launch>,
    healthy: Box<Health>,
    stop_signal: Signal,
    warden: Arc<Warden>,
    /// `None` if the process was never started, or was ended by one of the methods here. A child that has ended died by itself.
    child: Mutex<Option<Child>>,
}

impl Service {
    pub(crate) fn new(
        name: &str,
        log: PathBuf,
        warden: Arc<Warden>,
        launch: impl Fn() -> Command + Send + Sync + 'static,
        healthy: impl Fn() -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (launch, healthy, child) = (Box::new(launch), Box::new(healthy), Mutex::new(None));
        Self { name: name.to_owned(), log, launch, healthy, stop_signal: Signal::SIGTERM, warden, child }
    }

    /// Sets the signal of an orderly end. Postgres needs SIGINT, because on SIGTERM it would wait for every client to leave.
    pub(crate) fn stopped_by(mut self, signal: Signal) -> Self {
        self.stop_signal = signal;
        self
    }

    /// The name of the service in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Starts the process without waiting until it is healthy. Nothing happens if the process runs already.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn launch(&self) -> Result<()> {
        let mut child = self.child();
        if child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return Ok(());
        }
        if let Some(dead) = child.take() {
            self.warden.forget(dead.id());
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("the log {} cannot be written", self.log.display()))?;
        let mut command = (self.launch)();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let program = command.get_program().display().to_string();
        let started = command.spawn().with_context(|| format!("{} cannot be started: {program}", self.name))?;
        let pid = started.id();
        *child = Some(started);
        self.warden.watch(pid)
    }

    /// Starts the process and waits until it is healthy.
    ///
    /// # Errors
    /// When the process cannot be started, dies, or is not healthy in time, with the end of its log.
    pub fn start(&self) -> Result<()> {
        self.launch()?;
        self.await_health()
    }

    /// Waits until the process is healthy.
    ///
    /// # Errors
    /// When the process dies or is not healthy in time, with the end of its log.
    pub fn await_health(&self) -> Result<()> {
        self.await_health_with(&[])
    }

    /// Waits as [`Service::await_health`] does. The death of one of the `needed` services, without which the process cannot become healthy,
    /// ends the wait too.
    pub(crate) fn await_health_with(&self, needed: &[&Service]) -> Result<()> {
        let awaited = wait::until(&format!("{} is healthy", self.name), START_PATIENCE, || {
            if let Some(death) = self.death().or_else(|| needed.iter().find_map(|other| other.death())) {
                return Attempt::Hopeless(death);
            }
            Attempt::from((self.healthy)())
        });
        match awaited {
            Err(late) if self.is_running() => bail!("{late:#}\n{}", self.end_of_log()),
            other => other,
        }
    }

    /// Ends the process in order, paused or not. Nothing happens if the process does not run.
    ///
    /// # Errors
    /// When the process does not end in time, and so was killed.
    pub fn stop(&self) -> Result<()> {
        self.resume();
        let Some(pid) = self.pid() else { return Ok(()) };
        process::signal(signed(pid), self.stop_signal);
        let stopped = wait::until(&format!("{} has stopped", self.name), STOP_PATIENCE, || Attempt::when(!self.is_running()));
        self.kill();
        stopped.with_context(|| format!("it was killed instead\n{}", self.end_of_log()))
    }

    /// Ends the process and all its children by SIGKILL, and returns when they are gone. Nothing happens if the process does not run.
    pub fn kill(&self) {
        let mut slot = self.child();
        let Some(mut child) = slot.take() else { return };
        let root = signed(child.id());
        // The number of a child that was collected already may belong to another process by now, so only a running child has a family.
        let family = if matches!(child.try_wait(), Ok(None)) { process::freeze(root) } else { Vec::new() };
        for &pid in &family {
            process::signal(pid, Signal::SIGKILL);
        }
        let _: std::io::Result<_> = child.wait();
        let gone = || Attempt::when(!family.iter().any(|&pid| process::is_alive(pid)));
        // A process that SIGKILL cannot end hangs inside the kernel. The error is ignored, because the next start would show it.
        let _: Result<()> = wait::until("the killed processes are gone", KILL_PATIENCE, gone);
        self.warden.forget(child.id());
    }

    /// Stops the process and all its children by SIGSTOP: connections stay open, and nothing answers.
    ///
    /// # Errors
    /// When the process is not running.
    pub fn pause(&self) -> Result<()> {
        let root = signed(self.pid().with_context(|| format!("{} cannot be paused: it is not running", self.name))?);
        let family = process::freeze(root);
        let stopped = || Attempt::when(family.iter().all(|&pid| process::is_stopped(pid)));
        wait::until(&format!("{} stands still", self.name), KILL_PATIENCE, stopped)
    }

    /// Ends a pause. Nothing happens if the process is not paused.
    pub fn resume(&self) {
        let Some(pid) = self.pid() else { return };
        for member in process::family(signed(pid)).into_iter().rev() {
            process::signal(member, Signal::SIGCONT);
        }
    }

    /// Stops the process in order and starts it again, until it is healthy.
    ///
    /// # Errors
    /// As [`Service::stop`] and [`Service::start`].
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start()
    }

    /// The process id, while the process runs.
    pub fn pid(&self) -> Option<u32> {
        let mut child = self.child();
        let child = child.as_mut()?;
        matches!(child.try_wait(), Ok(None)).then(|| child.id())
    }

    /// Whether the process is there, paused or not.
    pub fn is_running(&self) -> bool {
        self.pid().is_some()
    }

    /// Whether the process runs and answers as it should at this moment.
    pub fn is_healthy(&self) -> bool {
        self.is_running() && (self.healthy)().is_ok()
    }

    /// How the process ended, if none of the methods here ended it.
    pub fn died(&self) -> Option<ExitStatus> {
        self.child().as_mut()?.try_wait().ok()?
    }

    /// Says in words how the process ended, as [`Service::died`] does, with the end of the log.
    pub fn death(&self) -> Option<anyhow::Error> {
        Some(anyhow!("{} died ({})\n{}", self.name, self.died()?, self.end_of_log()))
    }

    /// The last `lines` lines of the process's log.
    pub fn log_tail(&self, lines: usize) -> String {
        process::tail(&self.log, lines)
    }

    fn end_of_log(&self) -> String {
        let end = self.log_tail(LOG_LINES);
        if end.is_empty() {
            return format!("its log {} is empty", self.log.display());
        }
        let indented: Vec<String> = end.lines().map(|line| format!("  | {line}")).collect();
        format!("the end of its log {}:\n{}", self.log.display(), indented.join("\n"))
    }

    /// Begins a new log. The logs of earlier starts are kept beside the new one, because the last log says why the process ended.
    pub(crate) fn begin_log(&self) {
        let aged = |age: u32| if age == 0 { self.log.clone() } else { self.log.with_extension(format!("log.{age}")) };
        for age in (0..KEPT_LOGS).rev() {
            // A log that does not exist yet has nothing to keep.
            let _: std::io::Result<()> = fs::rename(aged(age), aged(age + 1));
        }
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name).field("pid", &self.pid()).finish_non_exhaustive()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signed(pid: u32) -> i32 {
    i32::try_from(pid).unwrap_or(i32::MAX)
}
