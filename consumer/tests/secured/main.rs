//! Tests over TLS, with logins and with no more rights than the documentation gives each role, on the real Kafka, Postgres and Redis.
//!
//! One Kafka with a door for each way to encrypt and to log in, one Redis and one Postgres serve all tests, one test at a time.

#![allow(dead_code, reason = "the topics are shared with other tests, and some of their words are needed only there")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod pipeline;
mod renewal;
mod rights;
mod servers;
mod shop;
mod troubles;
mod ways;
