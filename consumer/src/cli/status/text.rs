//! What `orderstream status` prints of the processes of the group and of the source, for people.

use std::time::Instant;

use crate::cli::table::Table;
use crate::health::{Comparison, Heard, ProcessView, SourceView, said};

/// The processes of the group, as each of them has reported to Postgres.
pub(super) fn processes(heard: &[Heard]) -> String {
    let mut table = Table::new(&["process", "state", "up s", "version", "revision", "partitions", "reasons"]);
    let now = Instant::now();
    for view in heard.iter().map(|heard| ProcessView::new(heard, now, now)) {
        let ProcessView { process, state, heard_seconds_ago, version, revision, uptime_seconds, partitions, reasons, .. } = view;
        let state = if state == "silent" { format!("not heard of for {heard_seconds_ago} s") } else { state };
        table.row(vec![process, state, uptime_seconds.to_string(), version, revision, partitions.join(" "), reasons.join("; ")]);
    }
    if heard.is_empty() { "processes  none has reported\n".to_owned() } else { format!("\n{table}") }
}

/// The last comparison with the shop that a process has made by itself.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let Comparison { ended, orders, not_judged, repaired, by, .. } = comparison;
    let said = said(*orders, ended.elapsed().as_secs(), comparison.found());
    let besides = [(*repaired, "set right"), (*not_judged, "not judged: on their way")];
    let besides: String = besides.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    format!("comparison {said}{besides} (by {by})\n")
}

/// What the process knows of the way from the shop to Kafka.
pub(super) fn source(source: &SourceView) -> String {
    let newest = source.newest_event_age_seconds.iter().map(|(topic, age)| format!("{topic} {age} s ago"));
    let newest = newest.collect::<Vec<_>>().join(", ");
    let heartbeat = source.heartbeat_age_seconds.map_or("unknown".to_owned(), |age| format!("{age} s ago"));
    let mut text = format!("source     newest event: {}; heartbeat: {heartbeat}\n", if newest.is_empty() { "none" } else { &newest });
    if let Some(connector) = &source.connector {
        let tasks = connector.tasks.iter().map(|task| {
            let error = task.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
            format!(", task {} {}{error}", task.id, task.state)
        });
        let error = connector.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        let tasks: String = tasks.collect();
        text.push_str(&format!("connector  {} {}{error}{tasks}, for {} s\n", connector.name, connector.state, connector.for_seconds));
    }
    if let Some(slots) = &source.slots {
        slots.error.iter().for_each(|error| text.push_str(&format!("slot       the shop's Postgres does not answer ({error})\n")));
        for slot in &slots.slots {
            let (active, kept) = (if slot.active { "active" } else { "NOT ACTIVE" }, slot.retained_bytes >> 10);
            text.push_str(&format!(
                "slot       {} {active}, {kept} kB of the log kept, {} kB not confirmed\n",
                slot.name,
                slot.lag_bytes >> 10
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::health::ProcessReport;

    #[test]
    fn a_process_that_is_silent_is_told_with_the_time() {
        let report = |process: &str| ProcessReport { process: process.into(), state: "ready".into(), ..ProcessReport::default() };
        let heard = |process, age| Heard { report: report(process), age: Duration::from_secs(age) };
        let text = processes(&[heard("a/1", 1), heard("a/2", 34)]);
        assert!(text.contains("a/1      ready") && text.contains("a/2      not heard of for 34 s"), "{text}");
        assert_eq!(processes(&[]), "processes  none has reported\n");
    }

    #[test]
    fn what_is_known_of_the_source_is_told_line_by_line() {
        let view = serde_json::from_str(
            r#"{"newest_event_age_seconds":{"orders":7},"heartbeat_age_seconds":2,
                "connector":{"name":"shop","state":"running","for_seconds":3,"error":null,"tasks":[{"id":0,"state":"failed","error":"E"}]},
                "slots":{"error":null,"slots":[{"name":"s","active":false,"retained_bytes":2048,"lag_bytes":1024}]}}"#,
        );
        let expected = "source     newest event: orders 7 s ago; heartbeat: 2 s ago\nconnector  shop running, task 0 failed (E), for 3 s\n\
                        slot       s NOT ACTIVE, 2 kB of the log kept, 1 kB not confirmed\n";
        assert_eq!(source(&view.unwrap()), expected);
    }
}
