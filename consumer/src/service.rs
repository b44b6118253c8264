//! What every process has.
//!
//! - [`logging`]: log lines, and a limit for those that repeat
//! - [`retry`]: how long to wait before the next try
//! - [`tasks`]: who looks at the end of a task

pub mod logging;
pub mod retry;
pub mod tasks;
