//! Keeps a table of enriched orders right: Debezium order events in, Postgres rows and Redis hashes out.
//!
//! The modules in the order in which the data flows. Dependencies go one way: `main` to the command line, to [`run`], to the flow, to the
//! edges, to the domain.
//!
//! The process:
//! - [`cli`]: the command line
//! - [`config`]: file and environment to typed, validated sections
//! - [`run`]: puts the parts together, runs them until a signal, ends them in order
//! - [`assemble`]: configuration to parts
//! - [`readers`]: a source for each topic, run as one
//! - [`watch`]: looks at servers and partitions once a second
//! - [`tasks`]: who looks at the end of a task
//!
//! The flow:
//! - [`flow`]: what the workers share, and where each of them stands
//! - [`claim`]: a partition is assigned: who works on it, from where
//! - [`partition`]: one claimed partition of orders: prepare, store, write back
//! - [`customer_partition`]: one claimed partition of customers
//! - [`changes`]: records to writes: decode, reject, fill in, collapse, enrich; pure
//! - [`reflect`]: how far Redis reflects each partition, told to Redis itself
//! - [`repair`]: the sweep that completes `missing`, `pending` and outdated rows
//! - [`rebuild`]: makes Redis whole after it has lost something
//! - [`reread`]: a stretch of a partition read again
//! - [`replay`]: dead letters processed again
//! - [`recent`]: keeps the list of the newest orders
//! - [`retention`]: what has had its time goes
//!
//! The edges:
//! - [`source`]: Kafka in: one thread that polls and answers rebalances
//! - [`topics`]: the topics as Kafka has them, and what the promises cannot do with
//! - [`dead_letter`]: Kafka out: the original bytes and the reason
//! - [`results`]: Postgres: claim, fence, upsert, ledger
//! - [`source_database`]: the shop's own Postgres, for a comparison
//! - [`redis_link`]: the connections to Redis, behind deadlines and the breaker
//! - [`customers`]: customers looked up and kept live
//! - [`cache`]: the hashes of orders
//! - [`progress`]: how far Redis is, as Redis has it
//! - [`http`]: the endpoints
//!
//! The domain, without I/O:
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`envelope`]: bytes to change, in every shape that Debezium writes
//! - [`position`]: where an event stands, and which of two is newer
//! - [`lsn_space`]: an event of another database than what is stored
//! - [`order`]: orders and customers
//! - [`absent`]: columns that events do not have
//! - [`collapse`]: many changes of one order become one write
//! - [`enrich`]: order and lookup to enriched order
//! - [`breaker`]: closed, open, half-open
//! - [`reconcile`]: whether `results` and Redis hold what the source holds
//! - [`rejection`]: why a record cannot be processed
//! - [`letter_cap`]: when dead letters are too many
//! - [`fate`]: what became of a record
//!
//! Around all of it:
//! - [`health`]: what the process knows about its own health
//! - [`metrics`]: what the process counts
//! - [`logging`]: log lines, and a limit for those that repeat
//! - [`retry`]: how long to wait before the next try

pub mod absent;
pub mod assemble;
pub mod breaker;
pub mod cache;
pub mod changes;
pub mod claim;
pub mod cli;
pub mod collapse;
pub mod config;
pub mod customer_partition;
pub mod customers;
pub mod dead_letter;
pub mod enrich;
pub mod envelope;
pub mod fate;
pub mod flow;
pub mod health;
pub mod http;
pub mod letter_cap;
pub mod logging;
pub mod lsn_space;
pub mod metrics;
pub mod order;
pub mod partition;
pub mod position;
pub mod progress;
pub mod readers;
pub mod rebuild;
pub mod recent;
pub mod reconcile;
pub mod record;
pub mod redis_link;
pub mod reflect;
pub mod rejection;
pub mod repair;
pub mod replay;
pub mod reread;
pub mod results;
pub mod retention;
pub mod retry;
pub mod run;
pub mod source;
pub mod source_database;
pub mod tasks;
pub mod topics;
pub mod watch;
