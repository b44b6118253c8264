//! The flow of a batch of records from Kafka to a commit in Postgres, and on to Redis.
//!
//! - [`claim`]: claims a partition that the group assigned, and starts its worker
//! - [`orders`]: the worker of one claimed partition of orders: prepare, store, write back, tell
//! - [`customers`]: the worker of one claimed partition of customers
//! - [`replay`]: processes dead letters again

pub mod claim;
pub mod customers;
pub mod orders;
pub mod replay;
