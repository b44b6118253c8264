//! P6: what an operator can choose for the time without Redis: whether orders wait or become dead letters, and whether the breaker is
//! forced.

use stack::wait::{Attempt, until};

use crate::shop::topic::{DEAD_LETTERS, ORDERS};
use crate::shop::{PATIENCE, Shop};

fn count(product: &str, enrichment: &str) -> String {
    format!("select count(*) from results where product_id = '{product}' and enrichment = '{enrichment}'")
}

/// Inserts orders and returns when their events are in Kafka.
fn orders_in_kafka(shop: &Shop, product: &str, count: i32) {
    let events = || shop.topics().ends(ORDERS).iter().sum::<i64>();
    let before = events();
    shop.orders(product, count);
    until("the events are in Kafka", PATIENCE, || Attempt::when(events() >= before + i64::from(count))).unwrap();
}

/// Notes every row of the product that is written without its customer.
const WATCH: &str = "
create table incomplete_rows (order_id bigint);
create function note_incomplete() returns trigger language plpgsql security definer as $$
begin
    insert into incomplete_rows values (new.order_id);
    return new;
end
$$;
create trigger incomplete_rows before insert or update on results
for each row when (new.product_id = 'HELD' and new.enrichment <> 'complete') execute function note_incomplete()";

#[test]
fn with_hold_orders_wait_for_redis_and_none_is_written_without_its_customer() {
    let shop = Shop::with(&[("ENRICHMENT_WHEN_REDIS_IS_DOWN", "hold")]);
    shop.sql(WATCH);
    let (letters, in_ledger) =
        (shop.letters_on_topic(), "select sum(next_offset) from consumer_offsets where topic = 'shop.public.orders'");
    let before = shop.number(in_ledger);
    shop.stack().redis().stop().unwrap();
    orders_in_kafka(&shop, "HELD", 50);
    shop.process(0).await_readiness(503, "redis: down");
    assert_eq!(shop.number(in_ledger), before, "offsets move although Redis is away");
    shop.stack().redis().start().unwrap();
    shop.await_sql(&count("HELD", "complete"), "50");
    shop.process(0).await_readiness(200, "ok");
    shop.await_everything_right();
    assert_eq!((shop.sql("select count(*) from incomplete_rows"), shop.letters_on_topic()), ("0".to_owned(), letters));
    shop.sql("drop trigger incomplete_rows on results; drop function note_incomplete; drop table incomplete_rows");
}

#[test]
fn with_dead_letter_orders_wait_on_the_dead_letter_topic_and_a_replay_completes_them() {
    let shop = Shop::with(&[("ENRICHMENT_WHEN_REDIS_IS_DOWN", "dead_letter")]);
    shop.sql("update dead_letters set resolved_at = now(), resolution = 'test' where resolved_at is null");
    let before = shop.topics().ends(DEAD_LETTERS);
    shop.stack().redis().stop().unwrap();
    orders_in_kafka(&shop, "LETTERS", 40);
    shop.await_sql("select count(*) from dead_letters where resolved_at is null and reason = 'redis_down'", "40");
    assert_eq!(shop.number("select count(*) from results where product_id = 'LETTERS'"), 0);
    shop.stack().redis().start().unwrap();
    shop.process(0).await_readiness(200, "ok");
    let letters = shop.topics().read(DEAD_LETTERS, &before);
    assert!(letters.len() == 40 && letters.iter().all(|letter| letter.header("x-dlq-reason") == Some("redis_down")), "{}", letters.len());
    assert!(shop.says(true, &["dlq", "replay", "--reason", "redis_down", "--execute"]).contains("replayed: 40 applied"));
    shop.await_sql(&count("LETTERS", "complete"), "40");
    shop.await_everything_right_with_letters(40);
}

#[test]
fn with_the_breaker_held_open_redis_is_not_asked_until_it_is_let_go() {
    let shop = Shop::with(&[("BREAKER_HELD", "open")]);
    shop.orders("HELDOPEN", 50);
    shop.await_sql(&count("HELDOPEN", "pending"), "50");
    let process = shop.process(0);
    process.await_readiness(200, "redis: down");
    assert_eq!([calls(&shop, "succeeded"), calls(&shop, "failed"), state(&shop, "forced_open")], [0, 0, 1]);
    assert!(calls(&shop, "rejected") > 0);
    assert_eq!(shop.new_letters(), 0);
    drop(shop);
    let shop = Shop::open();
    shop.await_sql(&count("HELDOPEN", "complete"), "50");
    shop.await_everything_right();
}

#[test]
fn with_the_breaker_held_closed_every_call_is_tried_and_the_first_after_the_outage_succeeds() {
    let shop = Shop::with(&[("BREAKER_HELD", "closed")]);
    shop.stack().redis().stop().unwrap();
    shop.orders("HELDCLOSED", 50);
    shop.await_sql(&count("HELDCLOSED", "pending"), "50");
    // A breaker that is not forced would open after five failed calls.
    shop.await_that("ten calls have failed", || calls(&shop, "failed") >= 10);
    assert_eq!([calls(&shop, "rejected"), state(&shop, "forced_closed")], [0, 1]);
    shop.stack().redis().start().unwrap();
    shop.await_sql(&count("HELDCLOSED", "complete"), "50");
    assert_eq!(calls(&shop, "rejected"), 0);
    shop.await_everything_right();
}

#[test]
fn health_names_what_is_wrong_with_redis_while_the_breaker_rejects_pings() {
    let shop = Shop::with(&[]);
    shop.stack().redis().stop().unwrap();
    let names_the_cause = || shop.process(0).get("/health").unwrap().1.contains(r#""connection""#);
    shop.await_that("a probe has failed and /health names the cause", || transitions(&shop, "half_open", "open") > 0 && names_the_cause());
    let (failed, rejected) = (transitions(&shop, "half_open", "open"), calls(&shop, "rejected"));
    shop.await_that("pings were rejected and another probe has failed", || {
        assert!(names_the_cause());
        calls(&shop, "rejected") > rejected && transitions(&shop, "half_open", "open") > failed
    });
}

#[test]
fn states_transitions_calls_and_probes_of_the_breaker_are_among_the_metrics() {
    let shop = Shop::with(&[]);
    assert_eq!([state(&shop, "closed"), state(&shop, "open"), transitions(&shop, "closed", "open")], [1, 0, 0]);
    let succeeded = calls(&shop, "succeeded");
    assert!(succeeded > 0);
    shop.stack().redis().stop().unwrap();
    shop.orders("METRICS", 50);
    shop.await_sql(&count("METRICS", "pending"), "50");
    shop.await_that("the breaker is open and has rejected calls", || state(&shop, "open") == 1 && calls(&shop, "rejected") > 0);
    // Five failed calls in a row open the breaker.
    assert!(calls(&shop, "failed") >= 5 && state(&shop, "closed") == 0);
    shop.await_that("a probe has failed", || transitions(&shop, "half_open", "open") > 0);
    assert_eq!([transitions(&shop, "half_open", "closed"), transitions(&shop, "closed", "open")], [0, 1]);
    let probes = || shop.process(0).metric(r#"orderstream_breaker_probes_total{what="sent"}"#);
    assert!(probes() > 0);
    shop.stack().redis().start().unwrap();
    shop.await_that("the breaker is closed", || state(&shop, "closed") == 1);
    assert_eq!(transitions(&shop, "half_open", "closed"), 1);
    assert_eq!(transitions(&shop, "open", "half_open"), transitions(&shop, "half_open", "open") + 1);
    shop.await_sql(&count("METRICS", "complete"), "50");
    assert!(calls(&shop, "succeeded") > succeeded);
    shop.await_everything_right();
}

fn calls(shop: &Shop, outcome: &str) -> u64 {
    shop.process(0).metric(&format!(r#"orderstream_breaker_calls_total{{outcome="{outcome}"}}"#))
}

fn state(shop: &Shop, state: &str) -> u64 {
    shop.process(0).metric(&format!(r#"orderstream_breaker_state{{state="{state}"}}"#))
}

fn transitions(shop: &Shop, from: &str, to: &str) -> u64 {
    shop.process(0).metric(&format!(r#"orderstream_breaker_transitions_total{{from="{from}",to="{to}"}}"#))
}
