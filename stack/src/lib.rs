//! The services of `docker-compose.yml` as local processes: for `make up`, the tests and the benchmarks.
//!
//! - [`Stack`] starts Postgres, Redis, Kafka and Kafka Connect with Debezium, fills them (tables, topics, connector), and
//!   ends them again, however the program that started them ends.
//! - [`Job`] says what a stack is filled with.
//! - [`Service`] is one of the services, or another process beside them, which can be killed, stopped, paused, resumed and restarted.
//! - [`OtherPostgres`] is one more Postgres: its disk may be full, and a standby may take its place.
//! - [`LonePostgres`] is a Postgres without a stack around it.
//! - [`Sentinels`] are a Redis with replicas, and the Sentinels that let one of them take the master's place.
//! - [`Monitoring`] is Prometheus and Alertmanager beside the stack.
//! - [`PgBouncer`] is a pooler before the stack's Postgres.
//! - [`certificates`] has an authority of a test's own, for tests of TLS.
//! - [`Ports`] are the fixed ports that people use, or free ports for a test run.
//! - [`proxy`] puts the faults of a network between a client and a server.
//! - [`wait`] is the only place that waits, and always for a condition.
//! - [`secured`] has a Kafka, a Redis and a Postgres with TLS and logins.
//! - [`console`] types what a document shows as typed.
//! - [`shared()`] gives the tests of one binary one stack, one test at a time.
//!
//! The files that say what runs (`sql/*source`, `connect/`, `redis/redis.conf`) are the files that docker compose uses.

mod access;
mod acls;
mod builder;
mod cargo;
pub mod certificates;
mod cluster;
mod connect;
pub mod console;
pub mod expected;
mod folder;
mod http;
mod jars;
mod java;
mod job;
mod kafka;
mod lone_postgres;
mod monitoring;
mod other_postgres;
mod pgbouncer;
mod ports;
mod postgres;
mod process;
pub mod proxy;
mod redis;
mod replaced;
mod repository;
mod secure;
pub mod secured;
mod sentinels;
mod service;
mod shared;
mod stack;
mod topics;
pub mod wait;
mod warden;

pub use builder::Builder;
pub use cargo::without_cargos_variables;
pub use connect::Connect;
pub use folder::{remove_data, running_process};
pub use http::answers;
pub use job::Job;
pub use lone_postgres::LonePostgres;
pub use monitoring::{Monitoring, MonitoringPorts};
pub use other_postgres::OtherPostgres;
pub use pgbouncer::{PgBouncer, Pooling};
pub use ports::{Ports, free_port};
pub use repository::{data_folder, root};
pub use sentinels::{MASTER, Sentinels};
pub use service::Service;
pub use shared::{anew, shared, shared_as};
pub use stack::Stack;
