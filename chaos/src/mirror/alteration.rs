//! A change of the shape of a table at the beginning of a round, while the shop works.

use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use stack::Stack;
use stack::wait::{Attempt, until};

/// How long Debezium may take to have read the change, before the faults begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes one change of a table. The names of columns come from the seed, so that each round has others.
pub(super) fn make(rng: &mut Rng, stack: &Stack, seed: u64) -> Result<String> {
    let (added, digits) = (format!("c{seed}"), 40 + seed % 1000);
    let some =
        "select attname from pg_attribute where attrelid = 'accounts'::regclass and attname ~ '^[cd][0-9]+$' order by attnum limit 1";
    let earlier = stack.psql_in("shop", some)?;
    let statement = match rng.u8(0..7) {
        0 => format!("alter table accounts add column {added} text"),
        1 => format!("alter table accounts add column d{seed} int not null default {seed}"),
        2 => format!("alter table accounts alter column note type varchar({digits}), alter column ratio type numeric({digits}, 3)"),
        3 if !earlier.is_empty() => format!("alter table accounts rename column {earlier} to r{seed}"),
        4 if !earlier.is_empty() => format!("alter table accounts drop column {earlier}"),
        5 => "alter table accounts alter column hits type bigint".to_owned(),
        _ => format!("alter table sales add column {added} date"),
    };
    stack.psql_in("shop", &format!("set lock_timeout = '20s'; {statement}"))?;
    // The first event of the new shape, and then Debezium's position behind it: an event that Debezium reads after a later change of the table has the
    // later shape, which the mirror's documentation says.
    let touch = "update accounts set n = n + 1 where id % 7 = 0; update sales set amount = amount + 1; select pg_current_wal_lsn()";
    let behind = stack.psql_in("shop", touch)?;
    until("Debezium has read the change", PATIENCE, || {
        let has = format!("select bool_or(confirmed_flush_lsn >= '{behind}'::pg_lsn) from pg_replication_slots where slot_name = 'mirror'");
        Attempt::when(stack.psql_in("shop", &has).is_ok_and(|answer| answer == "t"))
    })?;
    Ok(statement)
}
