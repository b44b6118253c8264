//! What the workers of claimed partitions have in common, whatever they write.
//!
//! - [`tenure`]: a claimed partition: its claim, whether it is still ours, how far it is
//! - [`claim`]: how a partition is claimed, and what becomes of it when its worker has ended
//! - [`letters`]: the dead letters of a batch, acknowledged before the offset moves
//! - [`letter_cap`], [`cap`]: too many dead letters stop a partition
//! - [`metrics`]: what batches count for Prometheus
//! - [`stopped`]: why a worker stops, how long it waits, whether a lost answer was a commit

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod cap;
pub mod claim;
pub mod letter_cap;
pub mod letters;
pub mod metrics;
pub mod stopped;
pub mod tenure;

pub use stopped::{Stopped, delay, note_stops, was_committed};
pub use tenure::{Revoked, Tenure};
