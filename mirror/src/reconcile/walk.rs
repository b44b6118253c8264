//! The first look: finds the rows of a table that are not the same on both sides.

use std::collections::HashMap;

use comparison::compare::{Pair, differing};

use super::side::{Range, Side};
use super::suspects::Suspects;
use super::{CHUNK, Found, Key, Pairing, Sides, keyless};
use crate::reconcile::report::TableReport;

/// Rows of one range.
const ROWS: i64 = 10_000;

/// A range of so few rows is compared row by row.
const FEW: i64 = 1_000;

/// The number of suspects of all tables with which the rest of a table is not looked at. So many differences are told as well as more are (P10).
pub(super) const MOST_SUSPECTS: usize = 50_000;

/// Compares a table. With more than `room` suspects the rest is not looked at.
pub(super) async fn walk(sides: &Sides, pairing: Pairing, room: usize) -> anyhow::Result<Found> {
    let mut report = pairing.report();
    let mut suspects = Suspects::default();
    if pairing.mirrored.key.is_empty() {
        keyless::look(&pairing, &mut report).await?;
    } else if pairing.sorted_alike {
        by_ranges(sides, &pairing, room, &mut report, &mut suspects).await?;
    } else {
        by_keys(sides, &pairing, room, &mut report, &mut suspects).await?;
    }
    Ok(Found { pairing, report, suspects, wrong: Vec::new() })
}

async fn by_ranges(sides: &Sides, pairing: &Pairing, room: usize, report: &mut TableReport, found: &mut Suspects) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let rest = Range { after: after.clone(), up_to: None };
        let up_to = pairing.source.key_at(&rest, ROWS - 1).await?;
        compare(pairing, Range { after, up_to: up_to.clone() }, report, found).await?;
        if is_too_much(found, room, report) || up_to.is_none() {
            return Ok(());
        }
        (sides.say)(format_args!("{}: {} rows compared, {} to be looked at again", report.source, report.source_rows, found.len()));
        after = up_to;
    }
}

/// Compares a range, and halves it as long as its sums differ and its rows are many.
async fn compare(pairing: &Pairing, range: Range, report: &mut TableReport, found: &mut Suspects) -> anyhow::Result<()> {
    let (mut ranges, mut is_whole) = (vec![range], true);
    while let Some(range) = ranges.pop() {
        let (source, target) = tokio::try_join!(pairing.source.digest(&range), pairing.target.digest(&range))?;
        if std::mem::take(&mut is_whole) {
            report.source_rows += source.rows;
            report.target_rows += target.rows;
        }
        if source == target {
            continue;
        }
        let (most, side) = if source.rows >= target.rows { (source.rows, &pairing.source) } else { (target.rows, &pairing.target) };
        let middle = if most > FEW { side.key_at(&range, most / 2).await? } else { None };
        match middle.filter(|middle| range.up_to.as_ref() != Some(middle)) {
            Some(middle) => {
                ranges.push(Range { after: Some(middle.clone()), up_to: range.up_to });
                ranges.push(Range { after: range.after, up_to: Some(middle) });
            }
            None => narrow(pairing, &range, found).await?,
        }
        if found.len() > MOST_SUSPECTS {
            break;
        }
    }
    Ok(())
}

async fn narrow(pairing: &Pairing, range: &Range, found: &mut Suspects) -> anyhow::Result<()> {
    let (source, target) = tokio::try_join!(pairing.source.checksums(range), pairing.target.checksums(range))?;
    let (source, target): (HashMap<Key, i64>, HashMap<Key, i64>) = (source.into_iter().collect(), target.into_iter().collect());
    found.rows.extend(differing(&source, &target));
    Ok(())
}

/// Walks through one side in the order of its own index, and looks each row up in the other; then the other way round.
async fn by_keys(sides: &Sides, pairing: &Pairing, room: usize, report: &mut TableReport, found: &mut Suspects) -> anyhow::Result<()> {
    for is_source in [true, false] {
        let (walked, other): (&Side, &Side) =
            if is_source { (&pairing.source, &pairing.target) } else { (&pairing.target, &pairing.source) };
        let mut after: Option<Key> = None;
        loop {
            let rows = walked.next(after.as_ref(), CHUNK as i64).await?;
            let keys: Vec<Key> = rows.iter().map(|(key, _)| key.clone()).collect();
            let Some(last) = keys.last() else { break };
            let there = other.look(&keys).await?;
            for (place, (key, sum)) in rows.iter().enumerate() {
                match there.get(&place) {
                    Some((_, other)) if other == sum || !is_source => {}
                    other if is_source => {
                        found.rows.insert(key.clone(), Pair { source: Some(*sum), results: other.map(|(_, sum)| *sum) });
                    }
                    _ => {
                        found.rows.insert(key.clone(), Pair { source: None, results: Some(*sum) });
                    }
                }
            }
            let compared = if is_source { &mut report.source_rows } else { &mut report.target_rows };
            *compared += keys.len() as i64;
            if is_too_much(found, room, report) {
                return Ok(());
            }
            if report.source_rows % ROWS == 0 {
                (sides.say)(format_args!("{}: {} rows compared, {} to be looked at again", report.source, report.source_rows, found.len()));
            }
            after = Some(last.clone());
        }
    }
    Ok(())
}

fn is_too_much(found: &Suspects, room: usize, report: &mut TableReport) -> bool {
    if found.len() <= room {
        return false;
    }
    report.ended_early = true;
    report.notes.push("so much differs that the rest of the table was not looked at".to_owned());
    true
}
