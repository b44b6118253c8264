//! Property tests: whatever the order of arrival, in however many partitions and batches, the row ends as the log says (P5).

use std::collections::HashMap;

use proptest::prelude::*;

use super::collapse;
use crate::effect::{Change, Effect};
use crate::position::{Origin, Position};

/// A change of a row without columns, because only its position counts here.
pub(super) type Event = Change<i64, ()>;

/// What is stored of a row: the position of its last event, and whether that event was a delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) position: Position,
    pub(super) is_gone: bool,
}

/// The state of a row after one change, as Postgres and Redis apply the change; `None` if the row stays as it is.
pub(super) fn end_of(stored: Option<State>, change: &Event) -> Option<State> {
    let (position, is_gone) = (change.position, change.effect == Effect::Delete);
    let replaces = match stored {
        None => position.kind != Origin::Tombstone,
        Some(stored) if stored.is_gone && !is_gone => position.outlives(&stored.position),
        Some(stored) => !(stored.is_gone && position.kind == Origin::Tombstone) && position.supersedes(&stored.position),
    };
    replaces.then_some(State { position, is_gone })
}

pub(super) fn put() -> Effect<()> {
    Effect::Put(())
}

/// What happens to one row in the shop.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write,
    /// The key of the row changes, and its id stays.
    Rekey,
    Delete,
}

/// A record of Kafka. With two partitions the parity of the key gives the partition.
#[derive(Debug, Clone)]
struct Sent {
    key: i32,
    change: Event,
}

/// The records that Debezium writes for the steps, and the final state of the row with its LSN.
fn log(steps: &[Step]) -> (Vec<Sent>, State) {
    let (mut sent, mut key, mut is_gone) = (Vec::new(), 0, true);
    let mut write = |key: i32, effect: Effect<()>, position: Position| {
        let is_delete = effect == Effect::Delete;
        sent.push(Sent { key, change: Change { id: 1, effect, position } });
        if is_delete {
            let position = Position { kind: Origin::Tombstone, commit: None, lsn: None, ..position };
            sent.push(Sent { key, change: Change { id: 1, effect: Effect::Delete, position } });
        }
    };
    let mut position = Position { epoch: 0, partition: 0, offset: 0, kind: Origin::Stream, commit: None, lsn: None, ts_ms: None };
    for (step, lsn) in steps.iter().zip((8..).step_by(8)) {
        // The first change has no commit before it. Several changes share a transaction.
        position = Position { commit: (lsn > 8).then_some(lsn / 24 * 24), lsn: Some(lsn), ..position };
        match step {
            Step::Delete | Step::Rekey if is_gone => write(key, put(), position),
            Step::Write => write(key, put(), position),
            Step::Delete => write(key, Effect::Delete, position),
            Step::Rekey => {
                write(key, Effect::Delete, position);
                key = 1 - key;
                write(key, put(), position);
            }
        }
        is_gone = !is_gone && matches!(step, Step::Delete);
    }
    (sent, State { position, is_gone })
}

/// The records as Connect sends them: it crashes at some points, and sends again from an earlier record. Each record then gets its
/// partition and offset.
fn with_crashes(log: &[Sent], crashes: &[(usize, usize)], partitions: i32) -> Vec<Vec<Sent>> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut from = 0;
    for (at, back) in crashes {
        let at = at % (log.len() + 1);
        sent.extend_from_slice(log.get(from..at).unwrap_or_default());
        from = from.max(at).saturating_sub(*back);
        // A tombstone is never sent again without its delete, because both are one event of the source.
        from -= usize::from(from > 0 && log.get(from).is_some_and(|sent| sent.change.position.kind == Origin::Tombstone));
    }
    sent.extend_from_slice(&log[from..]);
    let mut by_partition = vec![Vec::new(); usize::try_from(partitions).unwrap()];
    for mut sent in sent {
        let partition = sent.key % partitions;
        let records = &mut by_partition[usize::try_from(partition).unwrap()];
        sent.change.position = Position { partition, offset: i64::try_from(records.len()).unwrap(), ..sent.change.position };
        records.push(sent);
    }
    by_partition
}

/// Compacts the first records of a partition: of each key the last record stays.
fn compacted(records: &[Sent], first: usize) -> Vec<Sent> {
    let (old, new) = records.split_at(first.min(records.len()));
    let last: HashMap<i32, i64> = old.iter().map(|sent| (sent.key, sent.change.position.offset)).collect();
    let kept = old.iter().filter(|sent| last[&sent.key] == sent.change.position.offset);
    kept.chain(new).cloned().collect()
}

/// The changes of a partition. A tombstone right behind its delete is no change.
fn changes(records: &[Sent]) -> Vec<Event> {
    let follows = |at: usize| {
        let before = at.checked_sub(1).map(|before| &records[before]);
        let (key, offset) = (records[at].key, records[at].change.position.offset);
        before.is_some_and(|before| {
            before.key == key && before.change.effect == Effect::Delete && before.change.position.offset + 1 == offset
        })
    };
    let is_told = |at: usize| records[at].change.position.kind == Origin::Tombstone && follows(at);
    (0..records.len()).filter(|at| !is_told(*at)).map(|at| records[at].change.clone()).collect()
}

/// The state after all batches: of these sizes, from the partitions in the order of `turns`, each collapsed and applied.
fn end(partitions: &[Vec<Event>], mut sizes: impl Iterator<Item = usize>, turns: impl Iterator<Item = bool>) -> Option<State> {
    let mut stored = None;
    let mut left: Vec<&[Event]> = partitions.iter().map(Vec::as_slice).collect();
    for turn in turns {
        let waiting: Vec<usize> = (0..left.len()).filter(|partition| !left[*partition].is_empty()).collect();
        let Some(partition) = waiting.get(usize::from(turn)).or(waiting.first()) else { break };
        let size = sizes.next().unwrap_or(1).min(left[*partition].len());
        let (batch, rest) = left[*partition].split_at(size);
        for slot in collapse(batch, |_| false).rounds.iter().flatten() {
            stored = end_of(stored, &batch[slot.change]).or(stored);
        }
        left[*partition] = rest;
    }
    stored
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![2 => Just(Step::Write), 3 => Just(Step::Rekey), 1 => Just(Step::Delete)];
    proptest::collection::vec(step, 1..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_row_whose_key_changes_ends_as_the_log_says_in_every_order_of_arrival_and_batches_of_every_cut(
        steps in steps(), partitions in 1..3_i32, crashes in proptest::collection::vec((0..20_usize, 1..9_usize), 0..3),
        sizes in proptest::collection::vec(1..6_usize, 8), turns in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let (log, expected) = log(&steps);
        let sent: Vec<_> = with_crashes(&log, &crashes, partitions).iter().map(|records| changes(records)).collect();
        let found = end(&sent, sizes.into_iter().cycle(), turns.into_iter().cycle().take(1_000));
        let state = |state: State| (state.is_gone, state.position.lsn);
        prop_assert_eq!(found.map(state), Some(state(expected)));
    }

    #[test]
    fn a_row_on_a_compacted_topic_ends_as_the_log_says_though_only_tombstones_are_left_of_deletes(
        steps in steps(), partitions in 1..3_i32, crashes in proptest::collection::vec((0..20_usize, 1..9_usize), 0..3),
        read in (0..9_usize, 0..9_usize), cleaned in (0..30_usize, 0..30_usize),
        sizes in proptest::collection::vec(1..6_usize, 8), turns in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let (log, expected) = log(&steps);
        let records = with_crashes(&log, &crashes, partitions);
        // The records that were read before the log cleaner came, and what the cleaner left of the others.
        let parts = records.iter().zip([(read.0, cleaned.0), (read.1, cleaned.1)]).map(|(records, (read, cleaned))| {
            let left = compacted(records, cleaned).into_iter().filter(|sent| sent.change.position.offset >= i64::try_from(read).unwrap());
            changes(&records.iter().take(read).cloned().chain(left).collect::<Vec<_>>())
        });
        let found = end(&parts.collect::<Vec<_>>(), sizes.into_iter().cycle(), turns.into_iter().cycle().take(1_000));
        prop_assert_eq!(found.is_none_or(|state| state.is_gone), expected.is_gone);
        if let Some(state) = found.filter(|state| !state.is_gone) {
            prop_assert_eq!(state.position.lsn, expected.position.lsn);
        }
    }
}
