//! Kafka: records in, dead letters out.
//!
//! - [`source`]: one thread that polls and answers rebalances
//! - [`reread`]: a stretch of a partition read again
//! - [`topics`]: the topics as Kafka has them, and what the promises cannot do with
//! - [`dead_letter`]: the original bytes and the reason

pub mod dead_letter;
pub mod reread;
pub mod source;
pub mod topics;
