//! A log that lost its end: a broker that lagged behind became the leader, because the topic allows it. What was read of the lost end must
//! not be skipped in silence (P2, P12).
//!
//! While the partition is read, librdkafka compares its position with the log when the leader changes, by the leader's epoch, and gives the
//! partition up. The partition is then claimed again, and the claim finds that the log is shorter, or that another record stands where the
//! last processed one stood.

use stack::wait::{Attempt, until};

use crate::shop::Shop;
use crate::shop::apart::{Apart, order};
use crate::shop::topic::Sent;
use crate::{PATIENCE, shop_on_three_brokers, told};

const TOOL: &str = "org.apache.kafka.tools.TopicCommand";

/// A session that outlasts the change of the leader. Were the session over, the partition would be claimed again in any case, and the claim
/// looks at the log.
const LONG_SESSION: [(&str, &str); 1] = [("KAFKA_PROPERTIES", "session.timeout.ms=90000")];

const COMMITTED: &str = "select coalesce(sum(next_offset), 0) from consumer_offsets";

/// A topic of which two brokers have a copy, the second of them only the first hundred records.
struct Cut {
    shop: Shop,
    apart: Apart,
    /// The process that works on the topic.
    number: usize,
}

impl Cut {
    fn begin(name: &str) -> Self {
        let mut shop = shop_on_three_brokers();
        let topic = format!("{name}.public.orders");
        let settings = ["min.insync.replicas=1", "unclean.leader.election.enable=true"];
        let configs = settings.iter().flat_map(|setting| ["--config", setting]);
        let arguments: Vec<&str> =
            ["--create", "--if-not-exists", "--topic", &topic, "--replica-assignment", "1:2"].into_iter().chain(configs).collect();
        shop.stack().kafka_tool(TOOL, &arguments).unwrap();
        let apart = Apart::new(&shop, name, &[]);
        let number = shop.start_another(&apart.settings_and(&LONG_SESSION));
        let cut = Self { shop, apart, number };
        cut.send(0..100);
        cut.await_committed(100);
        // Without a copy of their own the followers' broker does not hold up the leader.
        cut.shop.stack().brokers()[1].stop().unwrap();
        cut.send(100..200);
        cut.await_committed(200);
        cut
    }

    fn send(&self, orders: std::ops::Range<i64>) {
        let records: Vec<Sent> = orders.map(order).collect();
        self.shop.topics().send(&self.apart.orders, &records);
    }

    fn await_committed(&self, offset: i64) {
        self.apart.await_sql(COMMITTED, &offset.to_string());
    }

    /// The broker with everything dies, and the one that lagged behind takes its place.
    fn happens(&self) {
        let [first, second, _] = self.shop.stack().brokers() else { unreachable!() };
        first.kill();
        second.launch().unwrap();
        let look = || match self.shop.stack().leader(&self.apart.orders, 0) {
            Ok(leader) => Attempt::when(leader.name() == second.name()),
            Err(error) => Attempt::NotYet(format!("{error:#}")),
        };
        until("the broker that lagged behind leads", PATIENCE, look).unwrap();
        assert_eq!(self.shop.topics().ends(&self.apart.orders), [100]);
    }

    fn log(&self) -> String {
        self.shop.process(self.number).service().log_tail(400)
    }

    /// Waits until the partition has stopped with a sentence.
    fn stops(&self) {
        let look = || match self.log() {
            log if log.contains("partition stopped") => Attempt::Ready(()),
            log => Attempt::NotYet(log.lines().rev().take(4).collect::<Vec<_>>().join("\n")),
        };
        let stopped = until("the partition stops", PATIENCE, look);
        told(&self.log().lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect::<Vec<_>>().join("\n"));
        stopped.unwrap();
        self.shop.process(self.number).await_readiness(503, "");
        assert_eq!(self.apart.sql(COMMITTED), "200");
    }

    fn ends(self) {
        self.shop.process(self.number).service().stop().unwrap();
        self.shop.stack().brokers()[0].launch().unwrap();
        self.shop.stack().heal().unwrap();
    }
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_partition_whose_log_became_shorter_while_it_is_read_stops() {
    let cut = Cut::begin("shorter");
    cut.happens();
    cut.stops();
    cut.ends();
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_partition_whose_lost_end_is_overwritten_while_it_is_read_stops() {
    let cut = Cut::begin("overwritten");
    // The process hangs for a moment, and when it goes on the new log is longer than the old one was.
    cut.shop.process(cut.number).service().pause().unwrap();
    cut.happens();
    cut.send(1_000..1_150);
    cut.shop.process(cut.number).service().resume();
    cut.stops();
    cut.ends();
}

#[test]
#[ignore = "three brokers: make test-ha"]
fn a_partition_whose_lost_end_was_overwritten_before_the_start_stops() {
    let mut cut = Cut::begin("restarted");
    cut.shop.process(cut.number).service().stop().unwrap();
    cut.happens();
    cut.send(1_000..1_150);
    cut.number = cut.shop.launch_another(&cut.apart.settings_and(&LONG_SESSION));
    cut.stops();
    cut.ends();
}
