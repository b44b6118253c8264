//! What every process needs, whatever its job is.
//!
//! - [`settings`]: reads file and environment into checked values, with secrets hidden
//! - [`http`]: a server for a port that may be open to anybody
//! - [`logging`]: log lines, and a limit for lines that repeat
//! - [`metrics`]: what a process tells Prometheus of itself, and in which format
//! - [`retry`]: the waiting times between tries
//! - [`tasks`]: tasks whose end is watched
//! - [`tls`]: why a connection over TLS was not made, in words
//! - [`traces`]: spans for OpenTelemetry, and the task that sends them

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod http;
pub mod logging;
pub mod metrics;
pub mod retry;
pub mod settings;
pub mod tasks;
pub mod tls;
pub mod traces;
