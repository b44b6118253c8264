//! What comparisons of a source with what was made of it have in common, whatever is compared.
//!
//! - [`compare`]: checksums of ranges and rows, what differs, and what changes while it is looked at
//! - [`listed`]: lists in a report: all are counted, the first are listed
//! - [`signal`]: asks Debezium through its signal table to send rows again
//! - [`filter`]: conditions for these signals

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod compare;
pub mod filter;
pub mod listed;
pub mod signal;
