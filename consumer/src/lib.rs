//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The rooms in the order in which the data flows. Dependencies go one way: from the command line to the parts put together, to the flow, to
//! the servers, to the domain.
//!
//! The process:
//! - [`cli`]: the command line
//! - [`config`]: file and environment to typed, validated sections
//! - [`run`]: puts the parts together, runs them until a signal, ends them in order
//!
//! The flow:
//! - [`flow`]: a batch of records on its way to a commit and to Redis
//! - [`sweep`]: completes `missing`, `pending` and outdated rows
//! - [`follow`]: Redis follows Postgres, whatever Redis loses (P8)
//! - [`reconcile`]: whether `results` and Redis hold what the shop holds
//!
//! - [`shared`]: what the workers share, and where each partition stands
//!
//! The servers:
//! - [`results`]: Postgres: claim, fence, upsert, ledger
//! - [`redis`]: customers and orders in Redis, behind deadlines and the breaker
//! - [`shop`]: the shop's own Postgres, for a comparison
//!
//! The domain, without I/O:
//! - [`orders`]: orders and customers, and what is written of them
//!
//! Around all of it:
//! - [`health`]: what the process knows about its own health, and tells over HTTP
//! - [`metrics`]: what the process counts

pub mod cli;
pub mod config;
pub mod flow;
pub mod follow;
pub mod health;
pub mod metrics;
pub mod orders;
pub mod reconcile;
pub mod redis;
pub mod results;
pub mod run;
pub mod shared;
pub mod shop;
pub mod sweep;
