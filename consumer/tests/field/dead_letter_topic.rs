//! A dead letter topic that is missing, too small, or compacted: the process says so at the start or with the first letter, at once and
//! only once.

use crate::shop::Shop;
use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;

/// How often the process has run a stage of the flow.
fn times(shop: &Shop, number: usize, stage: &str) -> u64 {
    shop.process(number).metric(&format!("orderstream_stage_duration_seconds_count{{stage=\"{stage}\"}}"))
}

/// How many log lines of a process have these words.
fn lines(shop: &Shop, number: usize, words: &str) -> usize {
    shop.process(number).service().log_tail(10_000).lines().filter(|line| line.contains(words)).count()
}

#[test]
fn a_topic_that_is_missing_is_told_at_the_start_and_not_by_the_first_record_that_needs_it() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "missing_letters", &[]);
    let missing = [("KAFKA_DEAD_LETTER_TOPIC", "missing_letters.letters"), ("KAFKA_CUSTOMERS_TOPIC", "missing_letters.customers")];
    let settings = apart.settings_and(&missing);
    let check = String::from_utf8(shop.orderstream(&["check"], &settings).stdout).unwrap();
    assert!(check.contains("FAILED   kafka     dead letters: no topic missing_letters.letters"), "{check}");
    let number = shop.launch_another(&settings);
    shop.process(number).await_readiness(503, "dead letters: no topic missing_letters.letters; create it");
    shop.process(number).await_readiness(503, "customers: no topic missing_letters.customers; create it");
    assert_eq!(lines(&shop, number, "dead letters: no topic"), 1);
    shop.stack().create_topic("missing_letters.letters", 1, &[]).unwrap();
    shop.stack().create_topic("missing_letters.customers", 1, &[("cleanup.policy", "compact")]).unwrap();
    shop.process(number).await_readiness(200, "ok");
}

#[test]
fn a_letter_that_is_too_large_for_its_topic_is_told_at_once_and_once_however_often_it_is_tried() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "small_letters", &[]).and_letters(&shop, &[("max.message.bytes", "2000")]);
    let mut large = poisoned(2);
    // Random bytes stay large when they are compressed.
    let mut random = fastrand::Rng::with_seed(34);
    large.headers = vec![("large".into(), Some((0..3_000).map(|_| random.u8(..)).collect()))];
    shop.topics().send(&apart.orders, &[order(1), large, order(3)]);
    let number = shop.start_another(&apart.settings());
    shop.process(number)
        .await_readiness(503, "dead letter topic small_letters.letters: 1 dead letters of the batch wait: it refuses the record");
    shop.process(number).await_readiness(503, "raise its max.message.bytes");
    shop.await_that("it was tried again and again", || times(&shop, number, "dead_letter") >= 6);
    assert_eq!(lines(&shop, number, "refuses"), 1);
    let check = String::from_utf8(shop.orderstream(&["check"], &apart.settings()).stdout).unwrap();
    assert!(check.contains("FAILED   kafka     dead letters: topic small_letters.letters takes 2000 bytes"), "{check}");
    shop.topics().set(&apart.letters, &[("max.message.bytes", "9000000")]);
    apart.await_sql("select string_agg(order_id::text, ' ' order by order_id), (select count(*) from dead_letters) from results", "1 3|1");
    shop.process(number).await_readiness(200, "ok");
}

#[test]
fn a_compacted_dead_letter_topic_is_told_at_the_start_and_a_letter_without_key_waits_until_it_is_put_right() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "compacted_letters", &[]).and_letters(&shop, &[("cleanup.policy", "compact")]);
    let number = shop.launch_another(&apart.settings());
    shop.process(number).await_readiness(503, "dead letters: topic compacted_letters.letters is compacted");
    let check = String::from_utf8(shop.orderstream(&["check"], &apart.settings()).stdout).unwrap();
    assert!(check.contains("FAILED   kafka     dead letters: topic compacted_letters.letters is compacted"), "{check}");
    shop.topics().send(&apart.orders, &[Sent { value: Some(b"{".to_vec()), ..Sent::default() }, order(1)]);
    shop.process(number).await_readiness(503, "a compacted topic takes no record without a key");
    shop.topics().set(&apart.letters, &[("cleanup.policy", "delete")]);
    apart.await_sql("select string_agg(order_id::text, ' '), (select count(*) from dead_letters) from results", "1|1");
    shop.process(number).await_readiness(200, "ok");
}
