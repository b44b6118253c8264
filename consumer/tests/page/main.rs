//! Tests of the page in a real Chromium, on the real Kafka, Debezium, Postgres and Redis. Each test puts the servers into a state and has a scenario of
//! `dashboard/e2e/` look at the page; the scenario asks for what has to change meanwhile.
//!
//! Where Node is not installed, the tests that need a browser say `NOT TESTED`, and fail if `CI` is set.

#![allow(dead_code, reason = "the shop is shared with the promises, and some of its words are needed only there")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod browser;
mod built;
mod flow;
mod letters;
mod operating;
mod people;
mod server;
#[path = "../shop/mod.rs"]
mod shop;
mod tokens;
mod watched;
