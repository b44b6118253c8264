//! The answer about an order for people.

use std::fmt;

use super::events::Changed;
use super::report::{Columns, Diff, Hash, Letter, NotAnswered, OrderReport, Partition};
use crate::health::plural;

/// The width of the names at the left.
const NAMES: usize = 12;

impl fmt::Display for OrderReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "order", &self.id)?;
        line(f, "VERDICT", &self.verdict.text)?;
        for step in &self.steps {
            line(f, step.step, &format!("{:<10}  {}", step.state, step.what))?;
        }
        if let Some(partition) = &self.partition {
            line(f, "partition", &of_partition(partition))?;
        }
        events(f, self)?;
        if let Some(row) = &self.row {
            columns(f, "row", row)?;
        }
        if let Some(tombstone) = &self.tombstone {
            columns(f, "deleted", tombstone)?;
        }
        if let Some(hash) = &self.hash {
            of_hash(f, hash)?;
        }
        if let Some(due) = &self.due {
            let refusal = due.refusal.as_ref().map_or(String::new(), |why| format!("; {why}"));
            let times = plural(due.attempts, "time", "times");
            line(f, "due", &format!("{}, tried {} {times}, partition {}{refusal}", due.at, due.attempts, due.partition))?;
        }
        letters(f, &self.letters, self.letters_counted)?;
        for (number, found) in self.records.iter().flatten().enumerate() {
            write!(f, "{:<NAMES$}{found}", if number == 0 { "events" } else { "" })?;
        }
        if let Some(search) = &self.search {
            write!(f, "{search}")?;
        }
        for (number, what) in self.not_known.iter().enumerate() {
            line(f, if number == 0 { "NOT KNOWN" } else { "" }, what)?;
        }
        not_answered(f, &self.not_answered)
    }
}

/// A line with a name at the left, and without control characters: the texts of a hash, a letter or a refusal are those of others.
pub(super) fn line(f: &mut fmt::Formatter<'_>, name: &str, what: &str) -> fmt::Result {
    writeln!(f, "{}", clean(&format!("{name:<NAMES$}{what}")).trim_end())
}

/// Names and values, one in a line; null stands out.
pub(super) fn columns(f: &mut fmt::Formatter<'_>, name: &str, columns: &Columns) -> fmt::Result {
    for (number, (column, value)) in columns.0.iter().enumerate() {
        let value = value.as_ref().map_or_else(|| "null".to_owned(), |value| printable(value));
        line(f, if number == 0 { name } else { "" }, &format!("{column:<18}{value}"))?;
    }
    Ok(())
}

/// A value as a terminal may show it: without control characters, and not endless.
pub(super) fn printable(value: &str) -> String {
    const LONGEST: usize = 200;
    let short: String = value.chars().take(LONGEST).collect();
    let rest = if short.len() < value.len() { ".." } else { "" };
    clean(&short) + rest
}

/// A text that tells a terminal nothing but its letters: no control character, and none that turns the direction of writing.
pub(super) fn clean(text: &str) -> String {
    let commands = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if commands(c) { '\u{fffd}' } else { c }).collect()
}

fn of_partition(partition: &Partition) -> String {
    let likely = if partition.is_likely { ", where its key leads to" } else { "" };
    let next = partition.next.as_deref().unwrap_or("?");
    let lag = partition.lag.as_deref().unwrap_or("?");
    let stopped = partition.stopped.as_ref().map_or(String::new(), |why| format!(", STOPPED: {why}"));
    let records = if lag == "1" { "record" } else { "records" };
    format!("{}{likely}; next offset {next}, {lag} {records} not read yet{stopped}", partition.n)
}

fn events(f: &mut fmt::Formatter<'_>, report: &OrderReport) -> fmt::Result {
    for (number, event) in report.events.iter().enumerate() {
        let position = event.position.as_deref().unwrap_or("-");
        let more =
            [event.cause.as_deref(), event.fate.as_deref(), event.note.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("  ");
        let at = event.at.0.format("%Y-%m-%d %H:%M:%S%.3f");
        line(
            f,
            if number == 0 { "what was" } else { "" },
            &format!("{at}  {:<13} {position:<12} {more}  (from {})", event.op, event.from),
        )?;
        for Changed { column, before, after } in &event.changed {
            let shown = |value: &Option<String>| value.as_ref().map_or_else(|| "null".to_owned(), |value| printable(value));
            let before = before.as_ref().map_or(String::new(), |before| format!("{} -> ", printable(before)));
            line(f, "", &format!("    {column:<14}{before}{}", shown(after)))?;
        }
    }
    Ok(())
}

fn of_hash(f: &mut fmt::Formatter<'_>, hash: &Hash) -> fmt::Result {
    let revision = hash.revision.as_ref().map_or(String::new(), |revision| format!(", revision {revision}"));
    let ttl = hash.ttl_s.map_or(String::new(), |seconds| format!(", goes in {seconds} s"));
    line(f, "hash", &format!("{}{revision}{ttl}", hash.state))?;
    for Diff { column, row, hash } in &hash.diff {
        let shown = |value: &Option<String>| value.as_ref().map_or_else(|| "null".to_owned(), |value| printable(value));
        line(f, "", &format!("{column:<18}{} in the row, {} in the hash", shown(row), shown(hash)))?;
    }
    Ok(())
}

/// Letters, one in a line.
pub(super) fn letters(f: &mut fmt::Formatter<'_>, letters: &[Letter], counted: i64) -> fmt::Result {
    for (number, letter) in letters.iter().enumerate() {
        let resolution = letter.resolution.as_deref().unwrap_or("OPEN");
        let replays = format!("{} {}", letter.replays, plural(letter.replays, "replay", "replays"));
        let what = format!("{}  {}  {resolution}  since {}, {replays}  {}", letter.id, letter.reason, letter.created_at, letter.message);
        line(f, if number == 0 { "letters" } else { "" }, &what)?;
    }
    let more = counted - i64::try_from(letters.len()).unwrap_or(i64::MAX);
    if more > 0 { line(f, "", &format!("and {more} older ones{}", if counted > 1_000 { " or more" } else { "" })) } else { Ok(()) }
}

/// Servers that did not answer, one in a line.
pub(super) fn not_answered(f: &mut fmt::Formatter<'_>, servers: &[NotAnswered]) -> fmt::Result {
    servers.iter().try_for_each(|NotAnswered { server, why }| line(f, "NO ANSWER", &format!("{server}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Line(&'static str);

    impl fmt::Display for Line {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            line(f, "VERDICT", self.0)
        }
    }

    #[test]
    fn no_text_of_others_commands_the_terminal_that_shows_it() {
        let shown = Line("version \u{1b}[2J\u{202e}9, Zoë").to_string();
        assert_eq!(shown, "VERDICT     version \u{fffd}[2J\u{fffd}9, Zoë\n");
        assert_eq!(printable("a\u{7}b"), "a\u{fffd}b");
    }
}
