//! A Kafka with three brokers of which some die, hang or come back, under load (P1 to P6, P9): `make test-ha`, some minutes.
//!
//! - [`deaths`]: one broker at a time
//! - [`majority`]: more brokers than the partitions can spare
//! - [`truncation`]: a log that lost its end because a broker that lagged behind became the leader

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod deaths;
mod majority;
#[allow(dead_code, reason = "the shop is shared with the promises, and some of its words are needed only there")]
#[path = "../shop/mod.rs"]
mod shop;
mod truncation;

use std::time::Duration;

use shop::Shop;
use shop::load::{Gaps, Load, PROCESSED};
use stack::Service;
use stack::wait::{Attempt, until};

/// The longest time in which a partition may commit nothing after one broker died. Nine seconds of them are Kafka's own: for so long the
/// controller waits for a sign of the broker (`broker.session.timeout.ms`).
const LONGEST_GAP: Duration = Duration::from_secs(15);
/// The shop's pause between twenty orders and the next twenty. Three brokers and all the rest share a small machine.
const PAUSE: Duration = Duration::from_millis(100);
/// How long all may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(150);

/// The shop on three brokers, with no orderstream running.
fn shop_on_three_brokers() -> Shop {
    drop(stack::shared_as(|builder| builder.brokers(3)).unwrap());
    Shop::closed()
}

/// Waits until every order that the shop has now, and some that come after it, has its row.
fn catches_up(shop: &Shop, load: &Load) {
    let now = load.inserted();
    until("orders go on coming in", PATIENCE, || Attempt::when(load.inserted() > now)).unwrap();
    let last = shop.number("select max(id) from orders");
    let lacking = format!("select count(*) from orders left join results on order_id = id where id <= {last} and order_id is null");
    until("every order has its row", PATIENCE, || match shop.number(&lacking) {
        0 => Attempt::Ready(()),
        lacking => Attempt::NotYet(format!("{lacking} are lacking")),
    })
    .unwrap();
}

/// Ends the load, and looks that nothing was lost or doubled: each order has one row, and each record has one fate in the ledger.
fn ends_right(shop: &Shop, load: Load) {
    let (orders, _) = load.end();
    shop.await_sql(PROCESSED, &orders.to_string());
    shop.await_everything_right();
    shop.clear("LOAD");
}

/// Waits until a broker that was started is one of the cluster again, with all records of its partitions.
fn is_back(broker: &Service) {
    broker.await_health().unwrap();
}

#[expect(clippy::print_stdout, reason = "what was measured is what an operator wants to know")]
fn told(what: &str) {
    println!("{what}");
}

/// The gaps as text, and the longest.
fn longest(gaps: &Gaps) -> (String, Duration) {
    let text = gaps.iter().map(|(partition, gap)| format!("{partition}: {:.1} s", gap.as_secs_f64())).collect::<Vec<_>>();
    (text.join(", "), gaps.values().copied().max().unwrap_or_default())
}
