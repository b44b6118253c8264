//! All processes of a group are known to each of them, whatever becomes of one.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::shop::{Process, Shop};

/// The processes of the group, as one of them tells.
fn processes(of: &Process) -> Vec<Value> {
    let status: Value = serde_json::from_str(&of.get("/status").unwrap().1).unwrap();
    status["group"]["processes"].as_array().cloned().unwrap_or_default()
}

#[test]
fn each_process_tells_of_all_and_one_that_was_killed_is_not_heard_of_any_more() {
    let mut shop = Shop::with(&[]);
    let other = shop.start_another(&[]);
    let third = shop.start_another(&[]);
    let ready = |process: &Value| process["state"] == "ready" && !process["partitions"].as_array().unwrap().is_empty();
    for number in [0, other] {
        shop.await_that("each tells of three that are ready and share the partitions", || {
            let known = processes(shop.process(number));
            known.len() == 3 && known.iter().all(ready)
        });
    }
    assert_eq!(shop.process(0).metric(r#"orderstream_processes{state="ready"}"#), 3);
    let partitions: usize = processes(shop.process(0)).iter().map(|known| known["partitions"].as_array().unwrap().len()).sum();
    assert_eq!(partitions, 8, "four of orders, four of customers");

    // An orderly end is no silence.
    shop.process(third).service().stop().unwrap();
    shop.await_that("two are left", || processes(shop.process(0)).len() == 2);

    let group = shop.group().to_owned();
    shop.kill(other);
    let silent = r#"orderstream_processes{state="silent"}"#;
    shop.await_that("the killed one is silent", || shop.process(0).metric(silent) == 1);
    assert_eq!(shop.process(0).metric(r#"orderstream_processes{state="silent"}"#), 1);
    let mut told = shop.orderstream(&["status"], &[("KAFKA_GROUP_ID", &group), ("HTTP_LISTEN", &shop.process(0).address())]).stdout;
    let text = String::from_utf8(std::mem::take(&mut told)).unwrap();
    assert!(text.contains("not heard of for 1") && text.contains("heartbeat: "), "{text}");
    shop.await_everything_right();
}

#[test]
fn the_status_that_is_watched_is_shown_again_and_again_until_it_is_interrupted() {
    let shop = Shop::open();
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderstream"));
    command.args(["status", "--watch"]).envs(shop.environment(&[("HTTP_LISTEN", &shop.process(0).address())]));
    let mut watching = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        assert!(lines.any(|line| line.unwrap().starts_with("process    ready")));
    }
    Command::new("kill").args(["-INT", &watching.id().to_string()]).status().unwrap();
    assert!(watching.wait().unwrap().success());
}
