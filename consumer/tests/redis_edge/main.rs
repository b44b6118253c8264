//! The Redis edges against a real server: each test starts its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod check;
mod commands;
mod full;
mod keep;
mod lookup;
mod outage;
mod server;
mod write_back;
