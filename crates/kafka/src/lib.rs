//! Kafka: records in, dead letters out. Knows no table: who works on a partition, and from where, is said by whoever claims it.
//!
//! - [`source`]: one thread that polls and answers rebalances
//! - `quiet`: what Kafka's client has to say, said once
//! - [`reread`]: a stretch of a partition read again
//! - [`topics`]: the topics as Kafka has them, and what the promises cannot do with
//! - [`properties`]: which properties of the client an operator may set
//! - [`dead_letter`]: the original bytes and the reason

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod dead_letter;
pub mod properties;
mod quiet;
pub mod reread;
pub mod source;
pub mod topics;
