//! Collapses many changes of one row in a batch into as few writes as possible, with the same outcome as one by one (P5).
//!
//! Changes of one row collapse into the last of them as long as the outcome is exact whatever the stored position of the row is. Where the
//! outcome would not be exact, a further round opens. Rounds are applied in order in one transaction, and each round holds a row at most
//! once. Nearly every batch has one round. A snapshot row followed by a logged change of the same row makes two rounds.

use std::hash::Hash;

use foldhash::{HashMap, HashMapExt};

use crate::effect::{Change, Effect};
use crate::position::{Origin, Position};

/// The write of one row in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The index of the change that is written.
    pub change: usize,
    /// The number of changes that the write stands for, itself included. All of them share its fate (P1).
    pub members: u64,
}

/// What a batch writes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collapsed {
    /// The rounds in order of application. A round holds each row once, by ascending id, so that two batches cannot deadlock.
    pub rounds: Vec<Vec<Slot>>,
    /// The number of changes that arrived after a newer change of the same row in the same batch.
    pub stale: u64,
}

/// How a change relates to the one before it of the same row.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Replaces,
    Stale,
    NeedsRound,
}

/// Collapses `changes`, which are all of one partition and in offset order. Changes for which `left_out` is true take no part.
#[must_use]
pub fn collapse<Id: Eq + Hash + Ord, T>(changes: &[Change<Id, T>], left_out: impl Fn(usize) -> bool) -> Collapsed {
    let mut out = Collapsed::default();
    let mut places: HashMap<&Id, (usize, usize)> = HashMap::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate().filter(|(index, _)| !left_out(*index)) {
        let round = match places.get(&change.id) {
            None => 0,
            Some(&(round, place)) => {
                let slot = &mut out.rounds[round][place];
                match next(&changes[slot.change], change) {
                    Next::Replaces => {
                        *slot = Slot { change: index, members: slot.members + 1 };
                        continue;
                    }
                    Next::Stale => {
                        out.stale += 1;
                        continue;
                    }
                    Next::NeedsRound => round + 1,
                }
            }
        };
        if out.rounds.len() == round {
            out.rounds.push(Vec::with_capacity(if round == 0 { changes.len() } else { 0 }));
        }
        places.insert(&change.id, (round, out.rounds[round].len()));
        out.rounds[round].push(Slot { change: index, members: 1 });
    }
    for round in &mut out.rounds {
        round.sort_unstable_by(|one, other| changes[one.change].id.cmp(&changes[other.change].id));
    }
    out
}

/// How `after` relates to `before`. To replace is exact for any stored position only between changes of the same class whose LSNs agree
/// with the verdict: then the later change supersedes whatever the earlier one supersedes, and nothing stands between the two. At one
/// position a create stands for itself and its delete.
fn next<Id, T>(before: &Change<Id, T>, after: &Change<Id, T>) -> Next {
    let (last, change) = (&before.position, &after.position);
    if class(last) != class(change) {
        return Next::NeedsRound;
    }
    let replaces = change.supersedes(last);
    match class(change) {
        Class::Unknown if replaces => Next::Replaces,
        Class::Snapshot if replaces && change.lsn >= last.lsn => Next::Replaces,
        Class::Committed | Class::Uncommitted if replaces && change.lsn > last.lsn => Next::Replaces,
        Class::Committed | Class::Uncommitted if change.lsn == last.lsn && is_create_of_deleted(before, after) => {
            if change.ties(last) {
                Next::Replaces
            } else {
                Next::NeedsRound
            }
        }
        // The change comes from another database. The transaction is to find that out, and to stop.
        _ if change.contradicts(last) => Next::NeedsRound,
        Class::Committed | Class::Uncommitted if !replaces && change.lsn <= last.lsn => Next::Stale,
        _ => Next::NeedsRound,
    }
}

fn is_create_of_deleted<Id, T>(before: &Change<Id, T>, after: &Change<Id, T>) -> bool {
    matches!((&before.effect, &after.effect), (Effect::Delete, Effect::Put(_)))
}

/// The classes of positions. All positions of one class are compared with any other position in the same way.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    Snapshot,
    Committed,
    Uncommitted,
    Unknown,
    Tombstone,
}

fn class(position: &Position) -> Class {
    match position.kind {
        Origin::Snapshot => Class::Snapshot,
        Origin::Unknown => Class::Unknown,
        Origin::Tombstone => Class::Tombstone,
        Origin::Stream | Origin::Incremental if position.commit.is_some() => Class::Committed,
        Origin::Stream | Origin::Incremental => Class::Uncommitted,
    }
}

#[cfg(test)]
mod arrival;

#[cfg(test)]
mod tests;
