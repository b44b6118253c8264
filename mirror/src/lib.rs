//! The job `mirror`: keeps tables of one Postgres equal in another, from Debezium's events.
//!
//! Dependencies go one way, from top to bottom.
//!
//! The process:
//! - [`run`]: puts the parts together and runs them until a signal
//! - [`endpoints`]: what is served over HTTP
//!
//! The flow:
//! - [`work`]: the worker of one claimed partition
//! - [`shared`]: what the workers share
//! - [`replay`]: dead letters again, each as the record that it was
//! - [`metrics`]: what Prometheus reads
//! - [`health`]: what the process knows of its partitions and tables
//!
//! For an operator:
//! - [`reconcile`]: compares the tables with their sources, and sets differences right
//!
//! The target:
//! - [`store`]: the transaction of a batch
//! - [`tables`]: how each table is written; makes tables, and follows what the source adds
//!
//! What is pure, or reads a catalog:
//! - [`told`]: what a record tells of its table
//! - [`prepare`]: records to a batch; [`decode`]: a record to a change; [`batch`]: changes to arrays; [`statements`]: the SQL of a table
//! - [`layout`], [`known`], [`letters`], [`connect_types`]: what these talk about
//! - [`planned`]: what would be done, as a script to read; [`overview`]: how each table stands, for operators
//! - [`plan`]: which statements make a table or follow a change, and what cannot be promised (P12)
//! - [`value`]: the JSON of a column to the text that Postgres casts
//! - [`catalog`]: what a database's catalog says of its tables
//! - [`facts`]: what a type of the catalog means for its values
//! - [`settings`], [`quote`]: what the mirror is told; names and texts in statements

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod batch;
pub mod catalog;
pub mod connect_types;
pub mod decode;
pub mod endpoints;
pub mod facts;
pub mod health;
pub mod known;
pub mod layout;
pub mod letters;
pub mod metrics;
pub mod overview;
pub mod plan;
pub mod planned;
pub mod prepare;
pub mod quote;
pub mod reconcile;
pub mod replay;
pub mod run;
pub mod settings;
pub mod shared;
pub mod statements;
pub mod store;
pub mod tables;
pub mod told;
pub mod value;
pub mod work;
