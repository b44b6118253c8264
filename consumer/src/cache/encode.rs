//! Order states as arguments of the script: one command per chunk, columns formatted into one buffer used again.

use std::time::Duration;

use redis::{Cmd, RedisWrite};

use super::row::{Column, columns_of};
use super::{WRITE_ORDERS, columns};
use crate::enrich::{OrderState, ResultRow};

/// How long a deleted order's hash stays, for readers that want to know.
pub(crate) const DELETED_FOR_SECONDS: u32 = 3600;

/// One script call that writes a chunk of orders; public because the benchmark measures what these calls alone can do.
#[must_use]
pub fn write_call(states: &[OrderState], epoch: i32, time_to_live: Duration) -> Cmd {
    let mut call = WRITE_ORDERS.call(states.len(), 2 + 16 * states.len(), 320 * states.len());
    let mut buffer = Vec::with_capacity(64);
    for state in states {
        let key = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"order:");
            columns::integer(out, order_id(state));
        };
        formatted(&mut call, &mut buffer, key);
    }
    call.arg(time_to_live.as_secs()).arg(DELETED_FOR_SECONDS);
    for state in states {
        version(&mut call, &mut buffer, epoch, state);
        match state {
            OrderState::Live(row) => live(&mut call, &mut buffer, row),
            OrderState::Deleted(row) => {
                call.write_arg(b"d");
                formatted(&mut call, &mut buffer, |out| columns::instant(out, row.deleted_at));
            }
        }
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
fn version(call: &mut Cmd, buffer: &mut Vec<u8>, epoch: i32, state: &OrderState) {
    let revision = match state {
        OrderState::Live(row) => row.revision,
        OrderState::Deleted(row) => row.revision,
    };
    formatted(call, buffer, |out| {
        columns::padded(out, u64::try_from(epoch).unwrap_or(0), 10);
        out.push(b'-');
        columns::padded(out, u64::try_from(revision).unwrap_or(0), 20);
    });
}

/// A full row goes without names. A row with nulls names the columns that it has: the others are absent from the hash.
fn live(call: &mut Cmd, buffer: &mut Vec<u8>, row: &ResultRow) {
    let columns = columns_of(row);
    let present = columns.iter().filter(|(_, value)| !value.is_null()).count();
    let full = present == columns.len();
    if full {
        call.write_arg(b"f");
    } else {
        call.arg(2 * present);
    }
    for (name, value) in columns.iter().filter(|(_, value)| !value.is_null()) {
        if !full {
            call.write_arg(name.as_bytes());
        }
        match value {
            Column::Text(text) => call.write_arg(text.as_bytes()),
            other => formatted(call, buffer, |out| other.write(out)),
        }
    }
}

/// One argument, written by way of the buffer.
fn formatted(call: &mut Cmd, buffer: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    buffer.clear();
    write(buffer);
    call.write_arg(buffer);
}
