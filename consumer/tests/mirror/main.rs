//! The job `mirror` on the real stack: a source and a target in Postgres, the real Debezium and Kafka between them.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

mod all_steps;
mod all_types;
mod batches;
mod deletes;
mod endpoints;
mod evolution;
mod jdbc_sink;
mod keyless;
mod keys;
mod modes;
mod names;
mod operators;
mod outages;
mod reconcile;
mod records;
mod tables;
mod toast;
#[allow(dead_code, reason = "the topics are shared with the tests of the shop, and some of their words are needed only there")]
#[path = "../shop/topic.rs"]
mod topic;
mod types;
mod world;
