//! A rolling upgrade from an earlier version, under load: old and new processes side by side, and back again where the tables let the old
//! program in (P1 to P4, P9). `make test-upgrade FROM=<revision>` builds the earlier program and runs this test.

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[allow(dead_code, reason = "the shop is shared with the promises, and some of its words are needed only there")]
#[path = "../shop/mod.rs"]
mod shop;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shop::Shop;
use shop::load::{Load, PROCESSED};
use stack::wait::{Attempt, until};

/// The longest time in which a partition with work may commit nothing.
const LONGEST_SILENCE: Duration = Duration::from_secs(3);

/// The shop's pause between twenty orders and the next twenty.
const PAUSE: Duration = Duration::from_millis(20);
/// How many orders are processed before the next process comes or goes.
const STRETCH: i64 = 2_000;

const PROGRAM: &str = "EARLIER_ORDERSTREAM";

/// What an older program says that is not let in by newer tables: in its own words since there are limits, in those of the library before.
const REFUSALS: [&str; 2] = ["start the newer version", "is missing in the resolved migrations"];

#[test]
#[ignore = "needs the program of an earlier revision: make test-upgrade FROM=<revision>"]
fn processes_of_an_earlier_version_are_replaced_one_by_one_under_load_and_nothing_is_lost_doubled_or_silent() {
    let earlier = PathBuf::from(env::var_os(PROGRAM).expect("EARLIER_ORDERSTREAM names the program of an earlier revision"));
    let mut shop = Shop::closed();
    let old = [0, 1].map(|_| shop.launch(&earlier, &[]));
    for number in old {
        shop.process(number).service().await_health().unwrap();
    }
    let load = Load::begin(&shop, PAUSE);
    load.goes_on(STRETCH);
    let mut new = Vec::new();
    for number in old {
        new.push(shop.start_another(&[]));
        load.goes_on(STRETCH);
        shop.process(number).service().stop().unwrap();
        load.goes_on(STRETCH);
    }
    go_back(&mut shop, &earlier, &load);
    let (orders, gaps) = load.end();
    let silence = gaps.into_values().max().unwrap();
    told(&format!("the longest silence of a partition with work was {silence:?}"));
    shop.await_sql(PROCESSED, &orders.to_string());
    shop.await_everything_right();
    assert!(silence < LONGEST_SILENCE, "a partition with work committed nothing for {silence:?}");
}

/// Starts the earlier program beside the new ones. The tables let it in, and it works; or they do not, and it says so and ends.
fn go_back(shop: &mut Shop, earlier: &Path, load: &Load) {
    let back = shop.launch(earlier, &[]);
    let service = shop.process(back).service();
    let is_let_in = until("the earlier program works or is refused", shop::PATIENCE, || {
        if service.died().is_some() {
            return Attempt::Ready(false);
        }
        match shop.process(back).get("/readyz") {
            Some((200, _)) => Attempt::Ready(true),
            other => Attempt::NotYet(format!("it answers {other:?}")),
        }
    })
    .unwrap();
    load.goes_on(STRETCH);
    told(&format!("the earlier program {}", if is_let_in { "works beside the new tables" } else { "is refused by the new tables" }));
    if is_let_in {
        service.stop().unwrap();
    } else {
        let told = service.log_tail(20);
        assert!(REFUSALS.iter().any(|refusal| told.contains(refusal)), "{told}");
    }
}

#[expect(clippy::print_stdout, reason = "what was measured is what an operator wants to know of a version")]
fn told(what: &str) {
    println!("{what}");
}
