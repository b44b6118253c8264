//! The flow of a batch of records from Kafka to a commit in Postgres, and on to Redis.
//!
//! - [`claim`]: claims a partition that the group assigned, and starts its worker
//! - [`orders`]: the worker of one claimed partition of orders: prepare, store, write back, tell
//! - [`customers`]: the worker of one claimed partition of customers
//! - `commit`: whether a lost answer was a commit
//! - `cap`, `letters`: what both do with dead letters: too many stop the partition, and each is acknowledged before the commit
//! - [`replay`]: processes dead letters again
//! - `trace`: the spans of a batch

mod cap;
pub mod claim;
mod commit;
pub mod customers;
mod letters;
pub mod orders;
pub mod replay;
mod trace;
