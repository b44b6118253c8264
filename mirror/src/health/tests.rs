use std::sync::Arc;

use kafka::source::{Event, TopicPartition};

use super::Health;

fn partition(number: i32) -> TopicPartition {
    TopicPartition { topic: Arc::from("cdc.public.orders"), number }
}

/// A process that was given the partitions 0 and 1.
fn with_two_partitions() -> Health {
    let health = Health::default();
    health.note(Event::Assigned);
    (0..2).for_each(|number| health.note(Event::Owned(partition(number))));
    health
}

fn states(health: &Health) -> Vec<(i32, &'static str)> {
    health.status().partitions.iter().map(|at| (at.partition, at.state)).collect()
}

#[test]
fn a_lost_partition_makes_a_process_unready_until_the_next_assignment_and_no_longer() {
    let health = with_two_partitions();
    health.note(Event::Lost(partition(0)));
    assert_eq!(health.verdict().reasons, ["cdc.public.orders/0: the group is out of reach"]);
    health.note(Event::Assigned);
    assert_eq!((states(&health), health.verdict().ready), (vec![(1, "claiming")], true));
    health.note(Event::Lost(partition(1)));
    health.note(Event::Owned(partition(1)));
    assert_eq!((states(&health), health.verdict().ready), (vec![(1, "claiming")], true));
}

#[test]
fn what_a_worker_says_of_a_partition_that_was_taken_from_it_is_left_out() {
    let health = with_two_partitions();
    health.note(Event::Revoked(partition(0)));
    health.waiting(&partition(0), "a table waits".to_owned());
    health.note(Event::Lost(partition(1)));
    health.waiting(&partition(1), "a table waits".to_owned());
    assert_eq!(states(&health), [(1, "lost")]);
    health.note(Event::Assigned);
    assert!(health.verdict().ready, "{:?}", health.verdict());
}
