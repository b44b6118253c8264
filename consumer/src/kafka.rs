//! Kafka: records in, dead letters out.
//!
//! - [`source`]: one thread that polls and answers rebalances
//! - `quiet`: what Kafka's client has to say, said once
//! - [`reread`]: a stretch of a partition read again
//! - [`topics`]: the topics as Kafka has them, and what the promises cannot do with
//! - [`dead_letter`]: the original bytes and the reason

pub mod dead_letter;
mod quiet;
pub mod reread;
pub mod source;
pub mod topics;
