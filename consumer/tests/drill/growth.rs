//! Partitions and processes come and go while work goes on (P2, P4, P9).

use std::time::Duration;

use crate::shop::load::{Gaps, Load, PROCESSED};
use crate::shop::topic::{CUSTOMERS, ORDERS};
use crate::world::World;
use crate::{seconds, told};

/// The longest time in which a partition with work may commit nothing while processes come and go.
const LONGEST_GAP: Duration = Duration::from_secs(5);

/// The pause of the shop after each step.
const PAUSE: Duration = Duration::from_millis(20);
/// How many orders are processed before the next process comes or goes.
const STRETCH: i64 = 2_000;

fn tell(what: &str, gaps: &Gaps) {
    let of = |(partition, gap): (&i32, &Duration)| format!("{partition}: {}", seconds(*gap));
    told(&format!("{what}: the longest time without a commit by partition: {}", gaps.iter().map(of).collect::<Vec<_>>().join(", ")));
}

#[test]
#[ignore = "takes minutes: make drill"]
fn one_process_becomes_three_and_one_again_and_partitions_are_added_under_load_and_nothing_is_lost_or_doubled() {
    let mut world = World::begin("growth");
    let first = world.start();
    let load = Load::begin(&world.shop, PAUSE);
    let others = [world.start(), world.start()];
    load.goes_on(STRETCH);
    for other in others {
        world.stop(other);
        load.goes_on(STRETCH);
    }
    let (before, gaps) = load.end();
    tell("1 process, 3, and 1 again", &gaps);
    let longest = gaps.values().max().copied().unwrap_or_default();
    assert!(gaps.len() == 4 && longest < LONGEST_GAP, "{gaps:?}");

    let load = Load::begin(&world.shop, PAUSE);
    world.operator.types("more partitions");
    // Debezium's producer looks for partitions every five minutes, and a task that is started again looks at once.
    world.operator.types("restart the task");
    world.shop.await_at_least("select count(*) from consumer_offsets where topic = 'shop.public.orders' and next_offset > 0", 6);
    load.goes_on(STRETCH);
    let (after, gaps) = load.end();
    tell("4 partitions become 6", &gaps);
    assert_eq!([ORDERS, CUSTOMERS].map(|topic| world.shop.topics().ends(topic).len()), [6, 6]);
    world.shop.await_sql(PROCESSED, &(before + after).to_string());
    world.shop.sql("update customers set name = 'New ' || name");
    world.shop.sql("update orders set status = 'paid' where id % 3 = 0");
    world.shop.sql("delete from orders where id % 7 = 0");
    world.await_equality();
    world.shop.await_everything_right();
    world.shop.redis_command("FLUSHALL");
    world.await_equality();
    world.operator.types("compare");
    world.stop(first);
}
