//! How the stream is, on the page.

use crate::shop::Shop;
use crate::shop::apart::{Apart, order, poisoned};
use crate::shop::topic::Sent;
use crate::{browser, watched};

fn done() -> String {
    String::new()
}

#[test]
fn orders_that_flow_are_shown_with_their_way_and_nothing_is_wrong() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "all_well", |what, _| match what {
        "orders come" => {
            shop.orders("SHOWN", 200);
            shop.number("select max(id) from orders").to_string()
        }
        other => watched::nothing(other, ""),
    });
    shop.clear("SHOWN");
}

#[test]
fn without_any_event_the_page_says_so_and_how_to_make_one() {
    let Some(mut shop) = watched::shop() else { return };
    let apart = Apart::new(&shop, "page_empty", &[]);
    let number = watched::beside(&mut shop, &apart, &[]);
    shop.process(number).await_readiness(200, "ok");
    browser::sees("nothing_yet", &watched::url(shop.process(number)), |what, _| match what {
        "the first order comes" => {
            shop.topics().send(&apart.orders, &[order(1)]);
            done()
        }
        other => watched::nothing(other, ""),
    });
}

#[test]
fn without_redis_the_page_says_that_the_breaker_is_open_and_orders_wait_until_redis_is_back() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "redis_away", |what, _| match what {
        "Redis goes away" => {
            shop.stack().redis().pause().unwrap();
            shop.orders("AWAY", 50);
            done()
        }
        "Redis is back" => {
            shop.stack().redis().resume();
            done()
        }
        other => watched::nothing(other, ""),
    });
    shop.clear("AWAY");
}

#[test]
fn a_partition_of_which_no_record_can_be_processed_is_shown_as_stopped_and_the_others_go_on() {
    let Some(mut shop) = watched::shop() else { return };
    let apart = Apart::with_partitions(&shop, "page_stopped", 2, &[]);
    let in_partition = |partition: i32, sent: Sent| Sent { partition: Some(partition), ..sent };
    let poison: Vec<Sent> = (0..20).map(|id| in_partition(0, poisoned(id))).collect();
    shop.topics().send(&apart.orders, &poison);
    shop.topics().send(&apart.orders, &[in_partition(1, order(1_000))]);
    let number = watched::beside(&mut shop, &apart, &[]);
    shop.process(number).await_readiness(503, "cannot be processed");
    browser::sees("partition_stopped", &watched::url(shop.process(number)), watched::nothing);
}

#[test]
fn a_redis_that_was_emptied_is_shown_as_being_made_whole_until_it_is() {
    let Some(mut shop) = watched::shop() else { return };
    let apart = Apart::new(&shop, "page_emptied", &[]);
    shop.topics().send(&apart.orders, &(1..=100).map(order).collect::<Vec<_>>());
    let number = watched::beside(&mut shop, &apart, &[("DATABASE_LOCK_TIMEOUT_MS", "200")]);
    apart.await_sql("select count(*) from results", "100");
    shop.await_that("all hashes are there", || apart.hashes() == 100);
    let mut lock = None;
    browser::sees("redis_emptied", &watched::url(shop.process(number)), |what, _| {
        match what {
            "Redis is emptied" => {
                lock = Some(apart.lock("results"));
                apart.empty_redis();
            }
            "the rebuild may go on" => lock = None,
            other => drop(watched::nothing(other, "")),
        }
        done()
    });
    assert_eq!(apart.hashes(), 100);
}

/// A shop with a process of its own that has letters: three that Postgres refuses, two that are invalid.
pub fn with_letters(shop: &mut Shop, name: &str) -> (Apart, usize) {
    use crate::shop::poison::{ADD_CONSTRAINT, REFUSED_PRODUCT, event};

    let apart = Apart::new(shop, name, &[]);
    let number = watched::beside(shop, &apart, &[]);
    shop.process(number).await_readiness(200, "ok");
    apart.sql(ADD_CONSTRAINT);
    let refused = |id| Sent::order(id, event(id).to_string().replace("POISON", REFUSED_PRODUCT));
    let records = [order(1), refused(101), refused(102), poisoned(103), order(2), refused(104), poisoned(105), order(3)];
    shop.topics().send(&apart.orders, &records);
    apart.await_sql("select count(*), (select count(*) from dead_letters) from results", "3|5");
    (apart, number)
}
