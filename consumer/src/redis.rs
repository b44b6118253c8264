//! Redis: the only room that speaks to it.
//!
//! - [`link`]: the connections, behind deadlines and the breaker
//! - [`breaker`]: closed, open, half-open; pure
//! - [`customers`]: the hashes of customers, looked up and kept live
//! - [`cache`]: the hashes of orders
//! - [`progress`]: how far Redis reflects each partition, as Redis has it

pub mod breaker;
pub mod cache;
pub mod customers;
pub mod link;
pub mod progress;
