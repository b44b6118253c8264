use std::collections::BTreeMap;

use proptest::prelude::*;

use super::arrival::{Event, State, end_of, put};
use super::*;

type Stored = BTreeMap<i64, State>;

fn change(id: i64, position: Position) -> Event {
    Change { id, effect: Effect::Delete, position }
}

fn stream(offset: i64, commit: i64, lsn: i64) -> Position {
    Position { epoch: 0, partition: 0, offset, kind: Origin::Stream, commit: Some(commit), lsn: Some(lsn), ts_ms: None }
}

fn one_by_one(stored: &Stored, changes: &[Event]) -> Stored {
    let mut table = stored.clone();
    for change in changes {
        apply(&mut table, change);
    }
    table
}

fn apply(table: &mut Stored, change: &Event) -> bool {
    let end = end_of(table.get(&change.id).copied(), change);
    if let Some(state) = end {
        table.insert(change.id, state);
    }
    end.is_some()
}

fn as_batch(stored: &Stored, changes: &[Event]) -> (Stored, u64) {
    let mut table = stored.clone();
    let collapsed = collapse(changes, |_| false);
    let mut fates = collapsed.stale;
    for slot in collapsed.rounds.iter().flatten() {
        apply(&mut table, &changes[slot.change]);
        fates += slot.members;
    }
    (table, fates)
}

#[test]
fn five_updates_of_one_order_are_one_write_that_stands_for_five() {
    let changes: Vec<_> = (1..=5).map(|n| change(7, stream(n, n * 10, n * 10 + 1))).collect();
    let collapsed = collapse(&changes, |_| false);
    assert_eq!(collapsed.rounds, vec![vec![Slot { change: 4, members: 5 }]]);
}

#[test]
fn a_key_change_whose_order_stays_is_one_write_and_its_delete_sent_again_is_stale() {
    let position = |offset| stream(offset, 10, 11);
    let put = |offset| Change { effect: put(), ..change(7, position(offset)) };
    let changes = vec![change(7, position(1)), put(2), change(7, position(3)), put(4)];
    let collapsed = collapse(&changes, |_| false);
    assert_eq!((collapsed.rounds, collapsed.stale), (vec![vec![Slot { change: 1, members: 2 }]], 2));
}

#[test]
fn an_event_sent_again_within_the_batch_is_stale() {
    let changes = vec![change(7, stream(1, 10, 11)), change(7, stream(2, 20, 21)), change(7, stream(3, 10, 11))];
    let collapsed = collapse(&changes, |_| false);
    assert_eq!((collapsed.rounds, collapsed.stale), (vec![vec![Slot { change: 1, members: 2 }]], 1));
}

#[test]
fn the_change_before_takes_the_place_of_one_that_is_left_out() {
    let changes = vec![change(7, stream(1, 10, 11)), change(7, stream(2, 20, 21))];
    let collapsed = collapse(&changes, |index| index == 1);
    assert_eq!(collapsed.rounds, vec![vec![Slot { change: 0, members: 1 }]]);
}

#[test]
fn a_logged_change_after_a_snapshot_row_takes_a_second_round() {
    let snapshot = Position { kind: Origin::Snapshot, commit: None, ..stream(1, 0, 50) };
    let changes = vec![change(7, snapshot), change(7, stream(2, 20, 21)), change(8, stream(3, 20, 22))];
    assert_eq!(collapse(&changes, |_| false).rounds.iter().map(Vec::len).collect::<Vec<_>>(), vec![2, 1]);
}

#[test]
fn the_writes_of_a_round_ascend_by_id() {
    let changes = vec![change(9, stream(1, 1, 1)), change(3, stream(2, 2, 2)), change(5, stream(3, 3, 3))];
    let ids: Vec<_> = collapse(&changes, |_| false).rounds[0].iter().map(|slot| changes[slot.change].id).collect();
    assert_eq!(ids, vec![3, 5, 9]);
}

fn any_position(partition: i32, offset: i64) -> impl Strategy<Value = Position> {
    let kind = prop_oneof![
        Just(Origin::Snapshot),
        Just(Origin::Stream),
        Just(Origin::Incremental),
        Just(Origin::Unknown),
        Just(Origin::Tombstone)
    ];
    (kind, proptest::option::weighted(0.7, 0..6_i64), proptest::option::weighted(0.9, 0..6_i64))
        .prop_map(move |(kind, commit, lsn)| Position { epoch: 0, partition, offset, kind, commit, lsn, ts_ms: None })
}

fn any_changes() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec((0..3_i64, any::<bool>(), any_position(0, 0)), 0..14).prop_map(|rows| {
        let numbered = rows.into_iter().zip(100..);
        let effect = |is_put, position: &Position| if is_put && position.kind != Origin::Tombstone { put() } else { Effect::Delete };
        numbered
            .map(|((id, is_put, position), offset)| Change {
                id,
                effect: effect(is_put, &position),
                position: Position { offset, ..position },
            })
            .collect()
    })
}

fn any_stored() -> impl Strategy<Value = Stored> {
    let position = (0..2_i32).prop_flat_map(|partition| any_position(partition, 50));
    let state = (position, any::<bool>()).prop_map(|(position, is_gone)| State { position, is_gone });
    proptest::collection::btree_map(0..3_i64, state, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_collapsed_batch_equals_one_by_one_and_every_change_has_a_fate(stored in any_stored(), changes in any_changes()) {
        let (table, fates) = as_batch(&stored, &changes);
        prop_assert_eq!(table, one_by_one(&stored, &changes));
        prop_assert_eq!(fates, changes.len() as u64);
    }

    #[test]
    fn any_replay_of_logged_changes_leaves_what_the_log_in_order_leaves(ids in proptest::collection::vec(0..3_i64, 1..20), resend in proptest::collection::vec((0..20_usize, 1..20_usize), 0..4)) {
        let log: Vec<_> = ids.iter().zip(1..).map(|(id, n)| change(*id, stream(n, n, n))).collect();
        let mut delivered = log.clone();
        for (from, count) in resend {
            let from = from.min(log.len() - 1);
            delivered.extend(log[from..log.len().min(from + count)].iter().cloned());
        }
        delivered.extend(log.last().cloned());
        for (change, offset) in delivered.iter_mut().zip(1..) {
            change.position.offset = offset;
        }
        let (table, _) = as_batch(&Stored::new(), &delivered);
        let lsns = |table: Stored| table.into_iter().map(|(id, state)| (id, state.position.lsn)).collect::<Vec<_>>();
        prop_assert_eq!(lsns(table), lsns(one_by_one(&Stored::new(), &log)));
    }
}
