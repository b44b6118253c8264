//! Judges whether somebody reads the shop's log. A connector whose task has failed leaves its slot behind, and nobody is connected to the
//! slot.

use super::super::slots::Slot;
use super::{Finding, Grade};

pub(super) fn judge(slots: &[Slot]) -> Vec<Finding> {
    if slots.is_empty() {
        let what = "no replication slot of this database: no connector has ever read the shop's changes, or its slot was dropped, and changes \
                    since then are lost to it; see the connector's state (GET /connectors/shop/status)";
        return vec![Finding::concern(what)];
    }
    let is_read = slots.iter().any(|slot| slot.is_active);
    slots.iter().map(|slot| of(slot, is_read)).collect()
}

/// Judges one slot. `is_read` says whether anybody is connected to any of the slots.
fn of(slot: &Slot, is_read: bool) -> Finding {
    let Slot { name, is_active, is_lost, unread, .. } = slot;
    let unread = unread.as_deref().unwrap_or("an unknown part");
    if *is_lost {
        Finding::wrong(format!(
            "replication slot {name} has lost its place (max_slot_wal_keep_size): changes of the shop never arrive; let the connector make another \
             slot with a new snapshot, then `orderstream reconcile` finds what is left"
        ))
    } else if *is_active {
        Finding { grade: Grade::Fine, what: format!("replication slot {name} is active, {unread} of the log is not confirmed") }
    } else if is_read {
        Finding::concern(format!(
            "replication slot {name} is not active, another one is; it holds back {unread} of the log until it is read or dropped"
        ))
    } else {
        Finding::concern(format!(
            "replication slot {name} is not active: no connector reads the shop's changes, and {unread} of the log is held back; see the \
             connector's state (GET /connectors/shop/status)"
        ))
    }
}
