//! Encodes orders as arguments of the scripts: one command per chunk, each order as a version, a time to live and its fields.

use std::time::Duration;

use change::value::Timestamp;
use chrono::{DateTime, Utc};
use redis::{Cmd, RedisWrite};

use super::dump::{HashDump, Name};
use super::fields::{Fields, NamesAndValues};
use super::row::{HashField, columns_of};
use super::{SET_ORDERS, WRITE_ORDERS, columns};
use crate::orders::row::{DeletedRow, OrderState, ResultRow};
use crate::redis::link::Script;

/// How long the hash of a deleted order stays, for readers that want to know of the delete.
pub(crate) const ORDER_TRACE_SECONDS: u32 = 3600;

/// About how many bytes an order takes in a call, without the texts of its customer.
const NAMES_AND_NUMBERS: usize = 560;

static VERSION: Name = Name::new("version");
static ORDER_ID: Name = Name::new("order_id");
static DELETED_AT: Name = Name::new("deleted_at");

/// One script call that writes a chunk of orders by `RESTORE`. Public because the benchmark measures what these calls alone can do.
#[must_use]
pub fn write_call(states: &[OrderState], epoch: i32, time_to_live: Duration) -> Cmd {
    call_with::<HashDump>(&WRITE_ORDERS, states, epoch, time_to_live)
}

/// One script call that writes a chunk of orders by `HSET`, for servers and users without `RESTORE`.
#[must_use]
pub fn set_call(states: &[OrderState], epoch: i32, time_to_live: Duration) -> Cmd {
    call_with::<NamesAndValues>(&SET_ORDERS, states, epoch, time_to_live)
}

fn call_with<F: Fields>(script: &Script, states: &[OrderState], epoch: i32, time_to_live: Duration) -> Cmd {
    // The sizes of all customers are read before the first one is written. The customers lie all over the memory: the processor waits for
    // many of them at once here, but would wait for each alone while it writes.
    let size: usize = states.iter().map(size).sum();
    let mut call = script.call(states.len(), 3 * states.len(), size);
    let mut text = Vec::with_capacity(64);
    for state in states {
        text.clear();
        text.extend_from_slice(b"order:");
        columns::integer(&mut text, order_id(state));
        call.write_arg(&text);
    }
    let mut fields = F::default();
    let (mut source_time, mut our_time) = (Repeated::default(), Repeated::default());
    for state in states {
        text.clear();
        version(&mut text, epoch, state);
        call.write_arg(&text);
        fields.start();
        // The version comes first: the guard of the next write finds it without a walk through the hash.
        fields.field(&VERSION, |out| out.extend_from_slice(&text));
        match state {
            OrderState::Live(row) => {
                call.arg(u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX));
                live(&mut fields, row, &mut source_time, &mut our_time);
            }
            OrderState::Deleted(row) => {
                call.arg(u64::from(ORDER_TRACE_SECONDS) * 1000);
                deleted(&mut fields, row);
            }
        }
        fields.append_to(&mut call);
    }
    call
}

/// About how many bytes an order takes in the call.
fn size(state: &OrderState) -> usize {
    match state {
        OrderState::Live(row) => NAMES_AND_NUMBERS + row.customer.size(),
        OrderState::Deleted(_) => NAMES_AND_NUMBERS,
    }
}

fn order_id(state: &OrderState) -> i64 {
    match state {
        OrderState::Live(row) => row.order_id,
        OrderState::Deleted(row) => row.order_id,
    }
}

/// Writes the version of a hash, epoch and revision as text of one width: a total order of all states of one order. Neither number is
/// negative.
fn version(out: &mut Vec<u8>, epoch: i32, state: &OrderState) {
    let revision = match state {
        OrderState::Live(row) => row.revision,
        OrderState::Deleted(row) => row.revision,
    };
    columns::padded(out, u64::try_from(epoch).unwrap_or(0), 10);
    out.push(b'-');
    columns::padded(out, u64::try_from(revision).unwrap_or(0), 20);
}

/// Writes the fields of an order that is not deleted. Columns that are null are absent from the hash.
fn live(fields: &mut impl Fields, row: &ResultRow, source_time: &mut Repeated<Timestamp>, our_time: &mut Repeated<DateTime<Utc>>) {
    fields.field(&ORDER_ID, |out| columns::integer(out, row.order_id));
    for (name, value) in columns_of(row) {
        match value {
            HashField::Null => {}
            HashField::Time(time) => fields.field(name, |out| source_time.write(out, time, columns::timestamp)),
            HashField::Instant(time) => fields.field(name, |out| our_time.write(out, time, columns::instant)),
            value => fields.field(name, |out| value.write(out)),
        }
    }
}

fn deleted(fields: &mut impl Fields, row: &DeletedRow) {
    fields.field(&DELETED_AT, |out| columns::instant(out, row.deleted_at));
}

/// The last value and its text, which is used again for an equal value. Most rows were created and last changed at the same time, and the
/// rows of a batch are processed at the same time.
#[derive(Debug)]
struct Repeated<T> {
    last: Option<T>,
    text: Vec<u8>,
}

impl<T> Default for Repeated<T> {
    fn default() -> Self {
        Self { last: None, text: Vec::new() }
    }
}

impl<T: Copy + PartialEq> Repeated<T> {
    fn write(&mut self, out: &mut Vec<u8>, value: T, format: fn(&mut Vec<u8>, T)) {
        if self.last != Some(value) {
            self.text.clear();
            format(&mut self.text, value);
            self.last = Some(value);
        }
        out.extend_from_slice(&self.text);
    }
}
