//! The table that a round prints: its faults with their times, and its findings.

use std::fmt::Write;

use crate::round::{Happened, Round};

/// The longest text about what came right last, in characters.
const LONGEST: usize = 200;

/// The table of a round: its faults with their times, and its findings.
pub(crate) fn of(round: &Round) -> String {
    let mut table = String::new();
    for happened in &round.happened {
        line(&mut table, &row(happened));
    }
    line(&mut table, &format!("{} transactions, {} poison records", round.transactions, round.poison));
    let (healing, settling) = (round.healing.as_secs_f64(), round.settling.as_secs_f64());
    line(&mut table, &format!("healed after {healing:.1} s, all right after {settling:.1} s more{}", last(round)));
    let silence = round.longest_silence.as_secs_f64();
    line(&mut table, &format!("longest silence {silence:.1} s, most memory {} MB", round.most_memory_mb));
    if let Some(gap) = &round.gap {
        let longest = gap.longest.as_secs_f64();
        line(&mut table, &format!("with nothing else wrong {} ({}) was killed: longest gap {longest:.1} s", gap.which, gap.broker));
    }
    if round.findings.is_empty() {
        line(&mut table, "no findings");
    }
    for finding in &round.findings {
        line(&mut table, &format!("FINDING {finding}"));
    }
    table.trim_end().to_owned()
}

fn last(round: &Round) -> String {
    let text = round.last.as_ref().map(ToString::to_string).unwrap_or_default().replace("\n", " ");
    if text.is_empty() { text } else { format!(", at last {}", text.chars().take(LONGEST).collect::<String>()) }
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
