//! The run of all tests of a binary on one stack, which stops at the first test that finds the stack not as it should be.
//!
//! A test that begins on a stack that is not as it should be says nothing about its own case, and would wait a minute to find out. So the
//! first test that finds the stack not as it should be names the tests that ran before it, and no later test begins.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Debug)]
struct Run {
    /// The tests that ran since the stack was last seen to be as it should be, and whether each failed.
    since: Vec<(String, bool)>,
    /// Why no test runs any more.
    stopped: Option<String>,
}

static RUN: Mutex<Run> = Mutex::new(Run { since: Vec::new(), stopped: None });

impl Run {
    fn stop(&mut self, finder: &str) {
        let before = self.since.iter().map(|(name, failed)| format!("{name}{}", if *failed { " (FAILED)" } else { "" }));
        let before = before.collect::<Vec<_>>().join(", ");
        self.stopped = Some(format!("{finder} found the stack not as it should be; since it was, these ran: [{before}]"));
    }
}

/// Says that a test wants the stack.
///
/// # Panics
/// When the run has stopped.
pub fn wants_the_stack() {
    if let Some(why) = &run().stopped {
        panic!("not run: {why}");
    }
}

/// Looks whether the stack is as it should be.
///
/// # Panics
/// When the stack is not as it should be; the run stops with this panic.
pub fn begins(look: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(look)) else {
        run().since.clear();
        return;
    };
    run().stop(&name());
    resume_unwind(panic);
}

/// Says that a test has released the stack.
pub fn ends() {
    run().since.push((name(), thread::panicking()));
}

fn name() -> String {
    thread::current().name().unwrap_or("a test").to_owned()
}

fn run() -> MutexGuard<'static, Run> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_stops_names_those_that_ran_since_the_stack_was_as_it_should_be() {
        let mut run = Run { since: vec![("one".into(), false), ("two".into(), true)], stopped: None };
        run.stop("three");
        let why = "three found the stack not as it should be; since it was, these ran: [one, two (FAILED)]";
        assert_eq!(run.stopped.as_deref(), Some(why));
    }
}
