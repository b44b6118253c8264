//! The check of P5 and P8: each hash equals its row, and a hash without a row says that the row was deleted.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use stack::expected::HASHES;

use super::Finding;
use crate::redis_faults::connect;
use crate::world::World;

const CUSTOMERS: &str = "
select json_strip_nulls(json_build_object('id', id, 'name', name, 'email', email, 'tier', tier, 'country', country)) from customers";

const CHUNK: usize = 1_000;

type Hash = BTreeMap<String, String>;

pub(crate) fn differences(world: &World) -> Result<Vec<Finding>> {
    let mut differences = compare(world, "order:", HASHES, "order_id", &[], &["deleted_at", "version"])?;
    // The fields that say where a customer's hash stands among the events are not compared, because the shop's table has no such columns.
    differences.extend(compare(world, "customer:", CUSTOMERS, "id", &["version", "position", "updated_at"], &["deleted_at"])?);
    Ok(Finding::of("P8", &differences))
}

fn compare(world: &World, prefix: &str, query: &str, id: &str, aside: &[&str], tombstone: &[&str]) -> Result<Vec<String>> {
    let mut hashes = hashes(world, prefix)?;
    for hash in hashes.values_mut() {
        hash.retain(|field, _| !aside.contains(&field.as_str()));
    }
    let mut differences = Vec::new();
    for row in world.stack.psql(query)?.lines() {
        let mut expected: Hash = serde_json::from_str(row)?;
        let key = format!("{prefix}{}", expected.get(id).context("a row without its id")?);
        if prefix == "customer:" {
            expected.remove(id);
        }
        let found = hashes.remove(&key);
        if found.as_ref() != Some(&expected) {
            differences.push(format!("{key}: expected {expected:?}, found {found:?}"));
        }
    }
    let ghosts = hashes.iter().filter(|(_, hash)| !hash.keys().eq(tombstone));
    differences.extend(ghosts.map(|(key, hash)| format!("{key} has no row: {hash:?}")));
    Ok(differences)
}

fn hashes(world: &World, prefix: &str) -> Result<BTreeMap<String, Hash>> {
    let mut connection = connect(&world.stack)?;
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query(&mut connection)?;
    let mut hashes = BTreeMap::new();
    for chunk in keys.chunks(CHUNK) {
        let mut pipeline = redis::pipe();
        for key in chunk {
            pipeline.hgetall(key);
        }
        let found: Vec<Hash> = pipeline.query(&mut connection)?;
        hashes.extend(chunk.iter().cloned().zip(found));
    }
    Ok(hashes)
}
