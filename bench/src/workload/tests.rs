use super::*;
use std::collections::HashMap;

#[test]
fn the_versions_of_an_order_come_in_their_order() {
    for workload in [Workload::Create, Workload::Mixed, Workload::Hot, Workload::Poison] {
        let mut next: HashMap<i64, u32> = HashMap::new();
        for event in workload.events(7, 20_000) {
            let version = next.entry(event.id).or_default();
            assert_eq!(event.version, *version, "{workload:?} {event:?}");
            *version += 1;
        }
    }
}

#[test]
fn each_case_has_the_orders_that_it_promises() {
    let orders = |workload: Workload| workload.outcome(7, 20_000);
    assert_eq!(orders(Workload::Create).orders.len(), 20_000);
    assert_eq!(orders(Workload::Mixed).orders.len(), 4_000);
    assert!(orders(Workload::Mixed).orders.iter().all(|(_, version)| *version == 4));
    assert_eq!(orders(Workload::Hot).orders.len(), 1_000);
    let poison = orders(Workload::Poison);
    assert_eq!((poison.poison, poison.orders.len()), (200, 19_800));
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_gives_others() {
    let events = |seed| Workload::Mixed.events(seed, 5_000).collect::<Vec<_>>();
    assert_eq!(events(1), events(1));
    assert_ne!(events(1), events(2));
    assert_eq!(events(1).len(), 5_000);
}
