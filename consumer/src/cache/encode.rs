//! Order states as arguments of the script: one command per chunk, each order as a version, a time to live and a dump.

use std::time::Duration;

use redis::{Cmd, RedisWrite};

use super::dump::HashDump;
use super::row::columns_of;
use super::{WRITE_ORDERS, columns};
use crate::enrich::{DeletedRow, OrderState, ResultRow};

/// How long a deleted order's hash stays, for readers that want to know.
pub(crate) const DELETED_FOR_SECONDS: u32 = 3600;

/// One script call that writes a chunk of orders; public because the benchmark measures what these calls alone can do.
#[must_use]
pub fn write_call(states: &[OrderState], epoch: i32, time_to_live: Duration) -> Cmd {
    let mut call = WRITE_ORDERS.call(states.len(), 3 * states.len(), 640 * states.len());
    let mut text = Vec::with_capacity(64);
    for state in states {
        text.clear();
        text.extend_from_slice(b"order:");
        columns::integer(&mut text, order_id(state));
        call.write_arg(&text);
    }
    let mut dump = HashDump::default();
    for state in states {
        text.clear();
        version(&mut text, epoch, state);
        call.write_arg(&text);
        dump.start();
        // First: the guard of the next write finds it without a walk through the hash.
        dump.field("version", &text);
        match state {
            OrderState::Live(row) => {
                call.arg(u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX));
                live(&mut dump, row);
            }
            OrderState::Deleted(row) => {
                call.arg(u64::from(DELETED_FOR_SECONDS) * 1000);
                deleted(&mut dump, row);
            }
        }
        call.write_arg(dump.finish());
    }
    call
}

fn order_id(state: &OrderState) -> i64 {
    match state {
        OrderState::Live(row) => row.order_id,
        OrderState::Deleted(row) => row.order_id,
    }
}

/// Epoch and revision: one total order per order id, as text of one width. Neither is negative.
fn version(out: &mut Vec<u8>, epoch: i32, state: &OrderState) {
    let revision = match state {
        OrderState::Live(row) => row.revision,
        OrderState::Deleted(row) => row.revision,
    };
    columns::padded(out, u64::try_from(epoch).unwrap_or(0), 10);
    out.push(b'-');
    columns::padded(out, u64::try_from(revision).unwrap_or(0), 20);
}

/// Columns that are null are absent from the hash.
fn live(dump: &mut HashDump, row: &ResultRow) {
    dump.formatted("order_id", |out| columns::integer(out, row.order_id));
    for (name, value) in columns_of(row) {
        if !value.is_null() {
            dump.formatted(name, |out| value.write(out));
        }
    }
}

fn deleted(dump: &mut HashDump, row: &DeletedRow) {
    dump.formatted("deleted_at", |out| columns::instant(out, row.deleted_at));
}
