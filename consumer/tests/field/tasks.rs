//! Tasks of the process that end although nobody asked them to (P13).

use stack::wait::{Attempt, until};

use crate::shop::{PATIENCE, Shop};

/// A static member's name. Kafka keeps only one member of a name, and tells the earlier member that it is fenced for good.
const ONE_OF_A_KIND: (&str, &str) = ("KAFKA_PROPERTIES", "group.instance.id=one-of-a-kind");

#[test]
fn a_reader_that_kafka_has_fenced_for_good_ends_its_process_with_code_1_and_the_reason() {
    let mut shop = Shop::with(&[ONE_OF_A_KIND]);
    let successor = shop.launch_another(&[ONE_OF_A_KIND]);
    let fenced = shop.process(0).service();
    let look = || fenced.died().map_or_else(|| Attempt::NotYet("it runs".into()), Attempt::Ready);
    let status = until("the fenced process has ended", PATIENCE, look).unwrap();
    let log = fenced.log_tail(40);
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("The process ends with exit code 1") && log.contains("fenced"), "{log}");
    shop.process(successor).await_readiness(200, "ok");
    shop.order("CUST001", 1, "1.00");
    shop.await_everything_right();
}
