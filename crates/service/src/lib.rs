//! What every process has, whatever its job is.
//!
//! - [`settings`]: file and environment to values that were checked, secrets hidden
//! - [`logging`]: log lines, and a limit for those that repeat
//! - [`retry`]: how long to wait before the next try
//! - [`tasks`]: who looks at the end of a task

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod logging;
pub mod retry;
pub mod settings;
pub mod tasks;
