//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows:
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`position`]: where an event stands, and which of two is newer
//! - [`order`]: orders and customers, the domain
//! - [`rejection`]: why a record cannot be processed
//! - [`enrich`]: order and lookup to enriched order
//! - [`breaker`]: when Redis is not asked for a while
//! - [`redis_link`]: the way to Redis: connections, deadlines, the breaker
//! - [`progress`]: how far Redis reflects each partition
//! - [`customers`]: customers in Redis, looked up and kept live
//! - [`cache`]: orders in Redis, written back after they were committed

pub mod breaker;
pub mod cache;
pub mod customers;
pub mod enrich;
pub mod order;
pub mod position;
pub mod progress;
pub mod record;
pub mod redis_link;
pub mod rejection;
