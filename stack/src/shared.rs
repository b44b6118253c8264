//! One stack for all the tests of a binary, one test at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Result, anyhow};

use crate::Service;
use crate::builder::Builder;
use crate::stack::Stack;

static STACK: OnceLock<Result<Mutex<Stack>, String>> = OnceLock::new();

/// Gives the caller the stack of this process, for the caller alone while the guard lives. The first call starts the stack.
///
/// Every service is healthy and the connector runs, whatever the test before has done to them. The services end with the
/// process, and the temporary files are removed, although a static is never dropped: the warden sees to both.
///
/// # Errors
/// When the stack cannot be started, or a service does not come back.
pub fn shared() -> Result<MutexGuard<'static, Stack>> {
    shared_as(|builder| builder)
}

/// Does the same with a stack that `described` describes, unless the stack of this process runs already.
///
/// # Errors
/// As [`shared`].
pub fn shared_as(described: impl FnOnce(Builder) -> Builder) -> Result<MutexGuard<'static, Stack>> {
    let stack = only(described)?;
    stack.heal()?;
    Ok(stack)
}

/// Gives the caller the stack of this process as [`shared`] does, begun anew: nobody has worked with it.
///
/// # Errors
/// When the stack cannot be started.
pub fn anew() -> Result<MutexGuard<'static, Stack>> {
    static IS_USED: AtomicBool = AtomicBool::new(false);
    let mut stack = only(|builder| builder)?;
    if IS_USED.swap(true, Ordering::Relaxed) {
        // The services end first, because two stacks at once need the memory of two.
        stack.services().into_iter().for_each(Service::kill);
        *stack = Stack::temporary()?.start()?;
    }
    Ok(stack)
}

fn only(described: impl FnOnce(Builder) -> Builder) -> Result<MutexGuard<'static, Stack>> {
    let start = || Stack::temporary().map(described).and_then(Builder::start).map(Mutex::new).map_err(|error| format!("{error:#}"));
    let stack = STACK.get_or_init(start).as_ref().map_err(|error| anyhow!("the stack did not start: {error}"))?;
    // A test that failed has poisoned the lock, which is no reason for the next test to fail.
    Ok(stack.lock().unwrap_or_else(PoisonError::into_inner))
}
