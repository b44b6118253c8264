//! Violations planted in Redis: hashes changed by hand.

use anyhow::Result;

use super::{Outcome, Violation, look, try_out};
use crate::checks::{self, Read, reconcile};
use crate::redis_faults::connect;
use crate::world::World;

/// A violation in the hash of one key, and the command that makes the violation: the command's name, and the arguments after the key.
struct Hash {
    key: Key,
    violation: Violation,
    command: &'static str,
    arguments: &'static [&'static str],
}

/// Whose hash is changed.
#[derive(Clone, Copy)]
enum Key {
    Order,
    Customer,
    Nobody(&'static str),
}

const fn hash(key: Key, what: &'static str, says: &'static str, command: &'static str, arguments: &'static [&'static str]) -> Hash {
    Hash { key, violation: Violation { what, promise: "P8", says }, command, arguments }
}

const HASHES: [Hash; 9] = [
    hash(Key::Order, "a field of an order's hash changed", "order:", "HSET", CHANGED),
    hash(Key::Order, "a field of an order's hash missing", "order:", "HDEL", &["quantity"]),
    hash(Key::Order, "an older version in an order's hash", "order:", "HSET", &["version", "0000000000-00000000000000000000"]),
    hash(Key::Order, "an order's hash missing", "found None", "DEL", &[]),
    hash(
        Key::Nobody("order:2000000000"),
        "an order's hash without a row",
        "order:2000000000 has no row",
        "HSET",
        &["order_id", "2000000000"],
    ),
    hash(Key::Customer, "a field of a customer's hash changed", "customer:PLANT: ", "HSET", &["name", "Other"]),
    hash(Key::Customer, "a customer's hash missing", "customer:PLANT: ", "DEL", &[]),
    hash(Key::Customer, "a customer's hash that says deleted", "customer:PLANT: ", "HSET", &["deleted_at", "2026-01-31T00:00:00Z"]),
    hash(Key::Nobody("customer:GHOST"), "a customer's hash without a row", "customer:GHOST has no row", "HSET", &["name", "Ghost"]),
];

const CHANGED: &[&str] = &["status", "planted"];
/// The key of the copy from which the hash is restored.
const KEPT: &str = "planted";

/// Plants all of these violations, one at a time.
pub(super) fn plant(world: &World, read: &mut Read, outcome: &mut Outcome) -> Result<()> {
    for (number, hash) in HASHES.iter().enumerate() {
        let key = key(world, hash.key)?;
        // The first violation has to be found by the look at everything, and the others by their check alone, which is quicker.
        let found = || if number == 0 { Ok(look(world, read)) } else { checks::redis::differences(world) };
        try_out(outcome, &hash.violation, || change(world, &key, hash), || restore(world, &key), found)?;
    }
    let alone =
        Violation { what: "a field of an order's hash changed, for reconcile alone", promise: "P2", says: "orderstream reconcile: " };
    let (key, hash) = (key(world, Key::Order)?, &HASHES[0]);
    try_out(outcome, &alone, || change(world, &key, hash), || restore(world, &key), || reconcile::differences(world, 1))?;
    outcome.expect_nothing("after the hashes had been put right", &look(world, read));
    Ok(())
}

fn key(world: &World, key: Key) -> Result<String> {
    Ok(match key {
        Key::Order => format!("order:{}", world.stack.psql("select order_id from results where product_id = 'PLANT'")?.trim()),
        Key::Customer => "customer:PLANT".to_owned(),
        Key::Nobody(key) => key.to_owned(),
    })
}

fn change(world: &World, key: &str, hash: &Hash) -> Result<()> {
    let mut connection = connect(&world.stack)?;
    redis::cmd("COPY").arg(key).arg(KEPT).exec(&mut connection)?;
    Ok(redis::cmd(hash.command).arg(key).arg(hash.arguments).exec(&mut connection)?)
}

/// Restores the hash with its time to live, which the copy has too.
fn restore(world: &World, key: &str) -> Result<()> {
    let mut connection = connect(&world.stack)?;
    let is_kept: bool = redis::cmd("EXISTS").arg(KEPT).query(&mut connection)?;
    if is_kept {
        return Ok(redis::cmd("RENAME").arg(KEPT).arg(key).exec(&mut connection)?);
    }
    Ok(redis::cmd("DEL").arg(key).exec(&mut connection)?)
}
