//! The flow: a batch of records on its way from Kafka to a commit, and on to Redis.
//!
//! - [`claim`]: a partition is assigned: who works on it, from where
//! - [`orders`]: one claimed partition of orders: prepare, store, write back, tell
//! - [`customers`]: one claimed partition of customers
//! - [`replay`]: dead letters processed again

pub mod claim;
pub mod customers;
pub mod orders;
pub mod replay;
