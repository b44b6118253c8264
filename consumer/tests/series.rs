//! The test that every series of `/metrics` has moved in a run of all tests (P9), because a metric is worth something only if it moves when
//! the event that it counts happens.

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[allow(dead_code, reason = "the other targets write what this one reads")]
#[path = "shop/series.rs"]
mod written_down;

use std::collections::BTreeSet;
use std::fs;

/// The targets whose tests have to move all series.
const TARGETS: [&str; 2] = ["field", "promises"];

/// The beginnings of series that no test can be seen to move, and the reasons.
const STILL: [(&str, &str); 21] = [
    ("orderstream_build_info", "says which program it is"),
    ("orderstream_breaker_probes_total{what=\"late\"}", "needs a server that is slow for exactly so long"),
    ("orderstream_breaker_state{state=\"forced_", "set by the configuration for the whole life of a process"),
    ("orderstream_breaker_state{state=\"half_open\"}", "lasts for milliseconds"),
    ("orderstream_breaker_probes_total{what=\"expired\"}", "needs a probe whose task was dropped on the way"),
    ("orderstream_writes_breaker_state{state=\"forced_", "as of the other breaker"),
    ("orderstream_writes_breaker_state{state=\"half_open\"}", "as of the other breaker"),
    ("orderstream_partition_state{state=\"claiming\"}", "lasts for milliseconds"),
    ("orderstream_connector_tasks{state=\"paused\"}", "an operator's act; the unit tests of the metrics count every state"),
    ("orderstream_connector_tasks{state=\"stopped\"}", "as of paused"),
    ("orderstream_connector_tasks{state=\"unassigned\"}", "lasts for a moment while Connect's workers agree"),
    ("orderstream_connector_tasks{state=\"restarting\"}", "as of unassigned"),
    ("orderstream_differences{kind=\"extra", "planted for `reconcile` in the promises; the test of the background plants a missing row"),
    ("orderstream_differences{kind=\"different", "as of extra"),
    ("orderstream_differences{kind=\"dead_letter", "as of extra"),
    ("orderstream_differences{kind=\"hash_", "as of extra"),
    ("orderstream_differences{kind=\"customer_", "as of extra"),
    ("orderstream_processes{state=\"degraded\"}", "what is degraded is looked at in /readyz of one process"),
    ("orderstream_processes{state=\"not_ready\"}", "a process that is not ready is looked at by itself"),
    ("orderstream_spans_total{outcome=\"dropped\"}", "needs thousands of spans at once; the unit test of traces fills the queue"),
    ("orderstream_rebuilding{", "over before somebody looks; the unit tests of the metrics look"),
];

/// Cargo runs the targets in the order of their names, so this target runs after those that it judges.
#[test]
fn every_series_has_moved_in_a_run_of_all_tests() {
    let (mut seen, mut moved, mut families) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for target in TARGETS {
        let text = fs::read_to_string(written_down::file(target)).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(format!("{} all", written_down::built()).as_str()) {
            // If only a part of the tests was run, there is nothing to judge.
            return;
        }
        for (what, series) in lines.filter_map(|line| line.split_once(' ')) {
            match what {
                "seen" => seen.insert(series.to_owned()),
                "moved" => moved.insert(series.to_owned()),
                _ => families.insert(series.to_owned()),
            };
        }
    }
    let may_stand_still = |series: &String| STILL.iter().any(|(still, _)| series.starts_with(still));
    let still: Vec<&String> = seen.difference(&moved).filter(|series| !may_stand_still(series)).collect();
    assert!(still.is_empty(), "in the whole run these have never moved: {still:#?}");
    let empty: Vec<&String> = families.iter().filter(|family| !seen.iter().any(|series| series.starts_with(*family))).collect();
    assert!(empty.is_empty(), "in the whole run these have had no series: {empty:#?}");
}
