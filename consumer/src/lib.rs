//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! # The rooms
//!
//! Dependencies go one way, from top to bottom: from the command line to the parts put together, to the flow, to the servers, to the domain.
//!
//! The process:
//! - [`cli`]: the command line
//! - [`run`]: puts the parts together, runs them until a signal, ends them in order; the watches, the endpoints, the retention, the comparison
//!
//! The answers:
//! - [`page`]: the page at `/`, its JSON, and what operators may do there
//! - [`trace`]: what happened to one order or one customer, from every server, with a verdict
//!
//! The flow:
//! - [`flow`]: a batch of records on its way to a commit and to Redis
//! - [`sweep`]: completes `missing`, `pending` and outdated rows
//! - [`follow`]: Redis follows Postgres, whatever Redis loses
//! - [`shared`]: what the workers share, and where each partition stands
//!
//! The servers:
//! - [`results`]: the tables in Postgres, and the transaction of a batch
//! - [`redis`]: customers and orders in Redis, behind deadlines and the breaker
//! - [`shop`]: the shop's own Postgres: its contract, and rows to compare
//!
//! The domain, without I/O:
//! - [`orders`]: orders and customers, and what is written of them
//! - [`reconcile`]: whether `results` and Redis hold what the shop holds
//!
//! What all of them use:
//! - [`config`]: file and environment to typed, validated sections
//! - [`health`]: what the process knows about its own health
//! - [`metrics`]: what the process counts
//!
//! Below the rooms stand five crates, on which the job `mirror` stands too: `worker` (what the workers of partitions have in common), `change` (bytes to
//! change, and which of two is newer), `kafka` (records in, dead letters out), `ledger` (claims, offsets, sessions and errors of Postgres) and `service`
//! (settings, logging, owned tasks).
//!
//! # The promises, and who keeps them
//!
//! - P1, every record has exactly one fate: the fates of a batch are counted in the transaction that moves the offset ([`results`]).
//! - P2, `results` equals the shop: [`flow`] writes each change in order, [`sweep`] completes, [`reconcile`] compares.
//! - P3, progress and effect commit together: the offset is a row in Postgres ([`results`], crate `ledger`).
//! - P4, one writer per partition: each transaction begins with the fence ([`results`], crate `ledger`).
//! - P5, older never overwrites newer: the rule is `change::position`, the same in SQL and in Lua.
//! - P6, an outage is not a poison record: every error has a class (crate `ledger`, [`redis::link`]), and only a refused row is a dead letter.
//! - P7, a poison record never stops the others: [`results::bisect`] finds the row, crate `kafka` sends the letter, `worker::letter_cap`
//!   says when letters are too many.
//! - P8, Redis may lose anything: [`follow`] tells the whole story.
//! - P9, no silence: [`health`] judges lag without commits, `run::watch` looks.
//! - P10, what is slow is bounded: deadlines stand at the servers ([`redis::link`], `ledger::connections`), sizes in [`shared::Limits`].
//! - P11, no personal data where it does not belong: messages name fields and never values (`change::rejection`, `ledger::error`).

pub mod cli;
pub mod config;
pub mod flow;
pub mod follow;
pub mod health;
pub mod metrics;
pub mod orders;
pub mod page;
pub mod reconcile;
pub mod redis;
pub mod results;
pub mod run;
pub mod shared;
pub mod shop;
pub mod sweep;
pub mod trace;
