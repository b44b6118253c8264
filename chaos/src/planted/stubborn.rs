//! The violation of a process that does not end when it is asked to. The stop takes half a minute, so it runs beside the other violations.

use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};
use stack::proxy::Proxy;
use stack::wait::{Attempt, until};

use super::{Outcome, Violation};
use crate::fault::{Fault, Kind, Place};
use crate::process::Process;
use crate::round::Happened;
use crate::schedule::Planned;
use crate::world::World;

const STUCK: Violation = Violation { what: "a process that does not end", promise: "P10", says: "it was killed instead" };
const IGNORE_THE_SIGNAL: &str = "trap '' TERM; echo ignored; while :; do sleep 1; done";
const NUMBER: usize = 9;
const PATIENCE: Duration = Duration::from_secs(30);

/// A stop that is under way.
pub(super) struct Stopping(JoinHandle<Happened>);

/// Starts a process that ignores SIGTERM, and asks it to end.
pub(super) fn plant(world: &World) -> Result<Stopping> {
    let to_kafka = Proxy::start(&world.runtime, world.stack.ports().kafka)?;
    let mut process = Process::new(&world.stack, &world.runtime, NUMBER, world.stack.ports().postgres, vec![to_kafka], &Arc::default())?;
    let launch = || {
        let mut command = Command::new("bash");
        command.args(["-c", IGNORE_THE_SIGNAL]);
        command
    };
    process.service = world.stack.service("stubborn", launch, || Ok(()));
    process.service.launch()?;
    until("the signal is ignored", PATIENCE, || Attempt::when(process.service.log_tail(1).contains("ignored")))?;
    Ok(Stopping(thread::spawn(move || stop(&process))))
}

/// Stops the process as a fault of the schedule would.
fn stop(process: &Process) -> Happened {
    happened(Place::Worker(NUMBER), Kind::Stop, process.stop().err().map(|error| format!("{error:#}")))
}

fn happened(place: Place, kind: Kind, in_the_way: Option<String>) -> Happened {
    let (at, lasts) = (Duration::ZERO, Duration::ZERO);
    Happened { planned: Planned { fault: Fault { place, kind }, at, lasts }, began: at, ended: at, in_the_way }
}

impl Stopping {
    /// Judges the stop when it is over.
    pub(super) fn judge(self, outcome: &mut Outcome) -> Result<()> {
        let happened = self.0.join().map_err(|_| anyhow!("the stop panicked"))?;
        outcome.judge(&STUCK, happened.stuck().as_slice());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_of_orderstream_that_did_not_stop_is_a_finding() {
        let killed = || Some("it was killed instead".to_owned());
        assert!(happened(Place::Worker(0), Kind::Stop, killed()).stuck().is_some());
        assert!(happened(Place::Worker(0), Kind::Stop, None).stuck().is_none());
        assert!(happened(Place::Worker(0), Kind::Pause, killed()).stuck().is_none());
        assert!(happened(Place::Postgres, Kind::Stop, killed()).stuck().is_none());
    }
}
