//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows:
//!
//! - [`cli`]: the command line, one file per command
//! - [`config`]: file and environment to typed, validated sections
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`position`]: where an event stands, and which of two is newer
//! - [`order`]: orders and customers, the domain
//! - [`rejection`]: why a record cannot be processed
//! - [`collapse`]: many changes of one order become one write
//! - [`enrich`]: order and lookup to enriched order
//! - [`results`]: Postgres: claim, fence, upsert, ledger
//! - [`fate`]: what became of a record
//! - [`retry`]: how long to wait before the next try
//! - [`health`]: what the process knows about its own health
//! - [`metrics`]: what the process counts
//! - [`http`]: the endpoints
//! - [`logging`]: log lines, and a limit for those that repeat

pub mod cli;
pub mod collapse;
pub mod config;
pub mod enrich;
pub mod fate;
pub mod health;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod order;
pub mod position;
pub mod record;
pub mod rejection;
pub mod results;
pub mod retry;
