//! Everything that is read from Redis or written to it: customers, order hashes, the progress. No other module opens a connection to Redis.
//!
//! - [`link`]: the connections, with a deadline around each call and circuit breakers
//! - [`breaker`]: the circuit breaker: closed, open, half-open; pure
//! - [`customers`]: the hashes of customers, looked up for orders and kept up to date
//! - [`cache`]: the hashes of orders, and the list of the newest orders
//! - [`progress`]: how far Redis reflects each partition, as Redis itself keeps it

pub mod breaker;
pub mod cache;
pub mod customers;
pub mod link;
pub mod progress;
