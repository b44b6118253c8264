//! What a round prints.

use std::fmt::Write;

use crate::round::{Happened, Round};

/// The table of a round: its faults with their times, and its findings.
pub(crate) fn of(round: &Round) -> String {
    let mut table = String::new();
    for happened in &round.happened {
        line(&mut table, &row(happened));
    }
    line(
        &mut table,
        &format!(
            "{} transactions, {} poison records; healed after {:.1} s, all right after {:.1} s more; longest silence {:.1} s, most memory {} MB",
            round.transactions,
            round.poison,
            round.healing.as_secs_f64(),
            round.settling.as_secs_f64(),
            round.longest_silence.as_secs_f64(),
            round.most_memory_mb
        ),
    );
    if round.findings.is_empty() {
        line(&mut table, "no findings");
    }
    for finding in &round.findings {
        line(&mut table, &format!("FINDING {finding}"));
    }
    table.trim_end().to_owned()
}

fn row(happened: &Happened) -> String {
    let (began, ended) = (happened.began.as_secs_f64(), happened.ended.as_secs_f64());
    let what = happened.planned.fault.to_string();
    let note = happened.in_the_way.as_deref().and_then(|why| why.lines().next()).map(|why| format!("  (in the way: {why})"));
    format!("{began:5.1} - {ended:5.1} s  {what}{}", note.unwrap_or_default())
}

fn line(table: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _: std::fmt::Result = writeln!(table, "  {text}");
}
