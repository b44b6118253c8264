//! The checks at the end of a round of the mirror: each table has the rows of its source, and each record has one fate.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::work::TABLES;
use super::world::{COMPACTED_TABLE, World, topic};
use crate::checks::Finding;
use crate::process::Process;

/// How long the rest of the lag may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until everything holds. What does not hold in time is a finding. A table that waits is changed as an operator would change it.
pub(super) fn settle(world: &World) -> Vec<Finding> {
    settle_within(world, PATIENCE)
}

/// Does the same with another patience.
pub(super) fn settle_within(world: &World, patience: Duration) -> Vec<Finding> {
    let begin = Instant::now();
    loop {
        let findings = look(world).unwrap_or_else(|error| vec![Finding::new("the checks", format!("{error:#}"))]);
        if findings.is_empty() || begin.elapsed() > patience {
            return findings;
        }
        thread::sleep(PAUSE);
    }
}

fn look(world: &World) -> Result<Vec<Finding>> {
    if world.stack.connector_state()? == "FAILED" {
        world.stack.connect_api().restart_failed("mirror")?;
    }
    let waits = world.stack.psql_in(
        "mirror",
        "select string_agg(source_table || ': ' || waits, '; ') from orderstream_mirror.mirror_tables where waits is not null",
    )?;
    if !waits.is_empty() {
        world.apply()?;
        return Ok(vec![Finding::new("P12", format!("these tables wait: {waits}"))]);
    }
    let mut findings = Vec::new();
    for table in TABLES {
        findings.extend(differences(world, table)?);
    }
    if findings.is_empty() {
        findings.extend(of_ledger(world)?);
        findings.extend(of_letters(world)?);
        findings.extend(world.workers().iter().filter(|process| !process.service.is_healthy()).map(unready));
    }
    Ok(findings)
}

fn unready(process: &Process) -> Finding {
    let answer = process.get("/readyz").unwrap_or_else(|error| format!("{error:#}"));
    Finding::new("P9", format!("{} is not ready: {answer}", process.service.name()))
}

/// The rows of the table that only one of the databases has.
fn differences(world: &World, table: &str) -> Result<Vec<Finding>> {
    let columns = format!(
        "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped"
    );
    let columns = world.stack.psql_in("shop", &columns)?;
    let rows = format!("select row({columns})::text from {table}");
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (database, sign) in [("shop", 1), ("mirror", -1)] {
        for row in world.stack.psql_in(database, &rows)?.lines() {
            *counts.entry(row.to_owned()).or_default() += sign;
        }
    }
    let differ = counts.iter().filter(|(_, count)| **count != 0);
    let differ: Vec<String> =
        differ.map(|(row, count)| format!("{table}, {count:+}: {}", row.chars().take(120).collect::<String>())).collect();
    Ok(Finding::of("P2", &differ))
}

/// Each partition stands at the end of its log, and each of its records has one fate. Where a topic is compacted, offsets are missing.
fn of_ledger(world: &World) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for table in TABLES {
        let topic = topic(table);
        let ends = world.topics.ends(&topic)?;
        let sums = "string_agg(next_offset || case when applied + stale + ignored + dead_lettered = next_offset then '' else ' (fates)' end, ',' order by partition)";
        let ledger =
            world.stack.psql_in("mirror", &format!("select {sums} from orderstream_mirror.consumer_offsets where topic = '{topic}'"))?;
        let ledger = if table == COMPACTED_TABLE { ledger.replace(" (fates)", "") } else { ledger };
        let ends: Vec<String> = ends.iter().map(i64::to_string).collect();
        if ledger != ends.join(",") {
            findings.push(Finding::new("P1", format!("{topic} ends at {} and the ledger says {ledger}", ends.join(","))));
        }
    }
    Ok(findings)
}

fn of_letters(world: &World) -> Result<Option<Finding>> {
    let letters = "select count(*), string_agg(distinct table_name || ': ' || message, '; ') from orderstream_mirror.dead_letters";
    let letters = world.stack.psql_in("mirror", letters)?;
    Ok((!letters.starts_with("0|")).then(|| Finding::new("P7", format!("there are dead letters: {letters}"))))
}
