//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows:
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`position`]: where an event stands, and which of two is newer
//! - [`order`]: orders and customers, the domain
//! - [`rejection`]: why a record cannot be processed
//! - [`enrich`]: order and lookup to enriched order
//! - [`source`]: Kafka in: one thread polls, answers rebalances and fills a bounded inbox per partition
//! - [`dead_letter`]: Kafka out: what cannot be processed, byte for byte, with its reason

pub mod dead_letter;
pub mod enrich;
pub mod order;
pub mod position;
pub mod record;
pub mod rejection;
pub mod source;
