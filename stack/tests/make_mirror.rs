//! The test of `make mirror`: everything starts as docs/mirror.md says, its session does what it says, and `make down` ends it.

#![allow(clippy::unwrap_used)]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

#[path = "up/program.rs"]
mod program;

use std::process::Command;

use program::{PATIENCE, Up, answer};
use stack::wait::{Attempt, until};

#[test]
fn make_mirror_gives_the_session_of_its_page_and_keeps_the_data() {
    let mut mirror = Up::begin_as("mirror", &[]);
    mirror.await_word("Everything is ready");
    let session = mirror.stack_with("session", &["--mirror"]);
    assert!(session.status.success(), "{}", answer(&session));
    assert!(!mirror.ended(), "{}", mirror.said());

    let url = format!("postgres://orderstream_mirror:orderstream_mirror@localhost:{}/shop", mirror.ports.postgres);
    // The role reads the tables, which a comparison needs, and writes none.
    let told = |sql: &str| answer(&Command::new("psql").args(["-XAtc", sql, &url]).output().unwrap());
    assert_eq!(told("select count(*) > 0 from orders").trim(), "t");
    assert!(told("update orders set quantity = 1").contains("permission denied for table orders"));

    let down = mirror.stack("down");
    assert!(down.status.success(), "{}", answer(&down));
    until("`make mirror` has ended", PATIENCE, || Attempt::when(mirror.ended())).unwrap();
    mirror.begin_again();
    // The session has dropped a column by now: what fills the databases at each start must not need it.
    mirror.await_word("Everything is ready");
}
