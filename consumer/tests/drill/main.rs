//! Drills: what docs/operations.md lets an operator type when a server is lost, moved or grown is typed here, on the real stack and under
//! load, and afterwards nothing is lost, doubled or stale (P2, P3, P5, P8). The commands are read from the document. `make drill` runs all of
//! it and prints what it took.

#![allow(dead_code, reason = "the shop is shared with the promises, and some of its words are needed only there")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod cluster;
mod growth;
mod operator;
mod restore;
#[path = "../shop/mod.rs"]
mod shop;
mod source;
mod work;
mod world;

use std::time::Duration;

#[expect(clippy::print_stdout, reason = "what a drill took is what an operator wants to know of it")]
fn told(what: &str) {
    println!("    {what}");
}

/// Seconds, as they are told.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
