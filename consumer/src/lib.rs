//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows:
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`envelope`]: bytes to change, in every shape that Debezium writes
//! - [`position`]: where an event stands, and which of two is newer
//! - [`order`]: orders and customers, the domain
//! - [`rejection`]: why a record cannot be processed
//! - [`enrich`]: order and lookup to enriched order

pub mod enrich;
pub mod envelope;
pub mod order;
pub mod position;
pub mod record;
pub mod rejection;
