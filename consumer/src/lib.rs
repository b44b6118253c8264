//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows:
//!
//! - [`config`]: file and environment to typed, validated sections
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`position`]: where an event stands, and which of two is newer
//! - [`order`]: orders and customers, the domain
//! - [`rejection`]: why a record cannot be processed
//! - [`collapse`]: many changes of one order become one write
//! - [`enrich`]: order and lookup to enriched order
//! - [`results`]: Postgres: claim, fence, upsert, ledger

pub mod collapse;
pub mod config;
pub mod enrich;
pub mod order;
pub mod position;
pub mod record;
pub mod rejection;
pub mod results;
