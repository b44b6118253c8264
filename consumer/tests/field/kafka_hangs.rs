//! A Kafka that hangs for longer than the session of the consumer group lasts: an unknown lag is not zero, and the process is not ready.

use serde_json::Value;
use stack::wait::{Attempt, until};

use crate::shop::topic::ORDERS;
use crate::shop::{PATIENCE, Shop};

/// The `/status` of the process at one moment.
fn status(shop: &Shop) -> Value {
    shop.process(0).get("/status").map(|(_, body)| serde_json::from_str(&body).unwrap()).unwrap_or_default()
}

fn states(status: &Value) -> Vec<&str> {
    status["partitions"].as_array().into_iter().flatten().filter_map(|partition| partition["state"].as_str()).collect()
}

#[test]
fn while_kafka_hangs_the_lag_is_unknown_and_afterwards_nothing_is_ready_that_owns_no_partition() {
    let shop = Shop::open();
    // On a busy machine the process learns the ends of the logs from Kafka a moment after it is ready.
    shop.await_that("all partitions are read and none has a lag", || {
        let status = status(&shop);
        status["lag"] == 0 && states(&status) == ["running"; 8]
    });
    shop.stack().kafka().pause().unwrap();
    let look = || match status(&shop) {
        status if states(&status) == ["lost"; 8] => Attempt::Ready(()),
        status => Attempt::NotYet(status.to_string()),
    };
    // The wait is longer than the session of the group.
    let lost = until("the group has given the process up", PATIENCE, look);
    let (during, (ready, reasons)) = (status(&shop), shop.process(0).get("/readyz").unwrap());
    let (_, metrics) = shop.process(0).get("/metrics").unwrap();
    shop.stack().kafka().resume();
    lost.unwrap();
    assert_eq!(during["lag"], Value::Null, "{during}");
    assert_eq!(ready, 503);
    assert!(reasons.contains("the consumer group has given no assignment"), "{reasons}");
    for partition in 0..4 {
        let series = format!("orderstream_partition_lag_records{{topic=\"{ORDERS}\",partition=\"{partition}\"}} NaN\n");
        assert!(metrics.contains(&series), "{series} is not in {metrics}");
    }
    let look = || {
        let status = status(&shop);
        let is_ready = status["status"] == "ready";
        assert!(!is_ready || states(&status) == ["running"; 8], "ready: {status}");
        assert!(status["lag"] != 0 || states(&status) == ["running"; 8], "no lag: {status}");
        if is_ready { Attempt::Ready(()) } else { Attempt::NotYet(status.to_string()) }
    };
    until("it is ready again", PATIENCE, look).unwrap();
    shop.orders("AFTER-THE-HANG", 10);
    shop.await_everything_right();
    shop.clear("AFTER-THE-HANG");
}
