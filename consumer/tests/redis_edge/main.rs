//! The Redis edges against a real server: each test starts its own.

mod keep;
mod lookup;
mod outage;
mod server;
mod write_back;
