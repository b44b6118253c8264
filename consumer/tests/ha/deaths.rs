//! One broker at a time dies, hangs or is restarted, and the two others do its work (P2, P4, P9).

use std::time::{Duration, Instant};

use stack::Service;
use stack::wait::{Attempt, until};

use crate::shop::Shop;
use crate::shop::load::Load;
use crate::shop::topic::ORDERS;
use crate::{LONGEST_GAP, PATIENCE, PAUSE, catches_up, ends_right, is_back, longest, shop_on_three_brokers, told};

/// How long a broker hangs: longer than the controller waits for a sign, and longer than a session of the consumer group.
const HANG: Duration = Duration::from_secs(40);

/// What a broker may be beside a place for records.
#[derive(Clone, Copy)]
enum Part {
    Leader,
    Controller,
    Coordinator,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "the leader of orders 0",
            Self::Controller => "the active controller",
            Self::Coordinator => "the group's coordinator",
        }
    }

    /// The broker that has the part now. For a moment after a change nobody has it.
    fn of(self, shop: &Shop) -> &Service {
        let (stack, group) = (shop.stack(), shop.group());
        let find = || match self {
            Self::Leader => stack.leader(ORDERS, 0),
            Self::Controller => stack.controller(),
            Self::Coordinator => stack.coordinator(group),
        };
        until(&format!("a broker is {}", self.as_str()), PATIENCE, || Attempt::from(find())).unwrap()
    }
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn whichever_broker_is_killed_no_partition_is_silent_for_long_and_nothing_is_lost_or_doubled() {
    let mut shop = shop_on_three_brokers();
    shop.start_another(&[]);
    shop.start_another(&[]);
    let load = Load::begin(&shop, PAUSE);
    load.goes_on(200);
    let mut gaps = Vec::new();
    for part in [Part::Leader, Part::Controller, Part::Coordinator] {
        let (what, broker) = (part.as_str(), part.of(&shop));
        load.gaps();
        broker.kill();
        catches_up(&shop, &load);
        let (each, gap) = longest(&load.gaps());
        told(&format!("{what} ({}) killed: longest time without a commit by partition: {each}", broker.name()));
        gaps.push((what, gap));
        broker.launch().unwrap();
        is_back(broker);
        let (each, gap) = longest(&load.gaps());
        told(&format!("{} came back: {each}", broker.name()));
        gaps.push(("the broker that came back", gap));
    }
    ends_right(&shop, load);
    assert!(gaps.iter().all(|(_, gap)| *gap < LONGEST_GAP), "{gaps:?}");
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_leader_that_hangs_is_replaced_and_comes_back_as_one_that_follows() {
    let mut shop = shop_on_three_brokers();
    shop.start_another(&[]);
    shop.start_another(&[]);
    let load = Load::begin(&shop, PAUSE);
    load.goes_on(200);
    let leader = Part::Leader.of(&shop);
    load.gaps();
    let began = Instant::now();
    leader.pause().unwrap();
    catches_up(&shop, &load);
    assert!(began.elapsed() < HANG, "the others went on only after {:?}", began.elapsed());
    let (each, gap) = longest(&load.gaps());
    told(&format!("{} hangs: longest time without a commit by partition: {each}", leader.name()));
    until("the hang is over", PATIENCE, || Attempt::when(began.elapsed() >= HANG)).unwrap();
    catches_up(&shop, &load);
    let (each, later) = longest(&load.gaps());
    told(&format!("it still hangs: {each}"));
    leader.resume();
    is_back(leader);
    catches_up(&shop, &load);
    let (each, back) = longest(&load.gaps());
    told(&format!("it goes on: {each}"));
    ends_right(&shop, load);
    assert!([gap, later, back].iter().all(|gap| *gap < HANG), "{gap:?}, {later:?}, {back:?}");
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_rolling_restart_of_all_brokers_is_hardly_noticed() {
    let mut shop = shop_on_three_brokers();
    shop.start_another(&[]);
    shop.start_another(&[]);
    let load = Load::begin(&shop, PAUSE);
    load.goes_on(200);
    load.gaps();
    for broker in shop.stack().brokers() {
        broker.restart().unwrap();
        catches_up(&shop, &load);
    }
    let (each, gap) = longest(&load.gaps());
    told(&format!("rolling restart: longest time without a commit by partition: {each}"));
    ends_right(&shop, load);
    assert!(gap < LONGEST_GAP, "{gap:?}");
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_dead_first_address_holds_up_neither_the_start_nor_check() {
    let mut shop = shop_on_three_brokers();
    shop.stack().brokers()[0].kill();
    // The partitions that the dead broker led get other leaders.
    let is_led = || (0..4).all(|partition| shop.stack().leader(ORDERS, partition).is_ok_and(Service::is_running));
    until("every partition has a leader that lives", PATIENCE, || Attempt::when(is_led())).unwrap();
    let began = Instant::now();
    let number = shop.start_another(&[]);
    told(&format!("ready after {:.1} s though the first address is dead", began.elapsed().as_secs_f64()));
    let began = Instant::now();
    let told_by_check = shop.says(true, &["check"]);
    told(&format!("check after {:.1} s:\n{told_by_check}", began.elapsed().as_secs_f64()));
    shop.process(number).await_readiness(200, "ok");
    shop.orders("FIRST-DEAD", 100);
    shop.await_sql("select count(*) from results where product_id = 'FIRST-DEAD'", "100");
    shop.stack().heal().unwrap();
    shop.await_everything_right();
    shop.clear("FIRST-DEAD");
}
