//! What the workers of claimed partitions have in common, whatever they write.
//!
//! - [`tenure`]: a claimed partition: its claim, whether it is still ours, how far it is
//! - [`letter_cap`], [`cap`]: too many dead letters stop a partition
//! - [`stopped`]: why a worker stops, how long it waits, whether a lost answer was a commit

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cap;
pub mod letter_cap;
pub mod stopped;
pub mod tenure;

pub use stopped::{Stopped, delay, was_committed};
pub use tenure::{Revoked, Tenure};
