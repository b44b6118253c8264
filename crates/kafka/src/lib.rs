//! Kafka: reads records, and sends dead letters. The crate knows no table: its user claims the partitions, and says who works on each and
//! from which offset.
//!
//! - [`source`]: one thread that polls Kafka and answers rebalances
//! - `quiet`: repeats the complaints of Kafka's client only twice a minute
//! - [`reread`]: reads a stretch of a partition again
//! - [`topics`]: the settings of the topics, and whether the promises can be kept with them
//! - [`pattern`]: checks a pattern of topics
//! - [`partitioner`]: the partition that a key belongs to
//! - [`properties`]: the properties of the client that an operator may set
//! - `words`: why Kafka does not let this client in
//! - [`dead_letter`]: sends the original bytes of a record with the reason

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod dead_letter;
pub mod partitioner;
pub mod pattern;
pub mod properties;
mod quiet;
pub mod reread;
pub mod source;
pub mod topics;
mod words;
