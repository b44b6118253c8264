//! The tests of `make up`: everything starts as the README says, is looked after, and ends.

#![allow(clippy::unwrap_used)]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

#[path = "up/program.rs"]
mod program;

use std::fs;
use std::process::Command;

use program::{PATIENCE, Up, answer};
use stack::wait::{Attempt, until};

fn pid_of_redis(port: u16) -> String {
    let found = Command::new("pgrep").args(["-f", &format!("redis-server.*{port}")]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn make_up_gives_the_session_of_the_readme_and_starts_again_what_dies() {
    let mut up = Up::begin(&[]);
    up.await_word("Everything is ready");

    let session = up.stack("session");
    assert!(session.status.success(), "{}", answer(&session));

    Command::new("kill").args(["-KILL", &pid_of_redis(up.ports.redis)]).status().unwrap();
    up.await_word("Redis died");
    up.await_word("Redis is started again");
    let sql = "insert into orders (customer_id, product_id, quantity, price) values ('CUST002', 'AGAIN', 1, 5)";
    let url = format!("postgres://postgres:postgres@localhost:{}/orders", up.ports.postgres);
    let psql = |sql: &str| String::from_utf8(Command::new("psql").args(["-XAtc", sql, &url]).output().unwrap().stdout).unwrap();
    psql(sql);
    until("the order has its customer", PATIENCE, || {
        let found = psql("select enrichment from results where product_id = 'AGAIN'");
        if found.trim() == "complete" { Attempt::Ready(()) } else { Attempt::NotYet(found) }
    })
    .unwrap();
    assert!(!up.ended(), "{}", up.said());

    let down = up.stack("down");
    assert!(down.status.success(), "{}", answer(&down));
    until("`make up` has ended", PATIENCE, || Attempt::when(up.ended())).unwrap();

    up.begin_again();
    up.await_word("Everything is ready");
    assert_eq!(psql("select count(*) from results where product_id = 'AGAIN'").trim(), "1", "the data is kept");
    let log = fs::read_to_string(up.folder.path().join("redis.log.1")).unwrap();
    assert!(!log.is_empty(), "the log of the first start is kept");
}
