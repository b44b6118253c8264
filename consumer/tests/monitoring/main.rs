//! Tests of the folder `deploy`: rules, dashboards and the runbook agree with each other and with what the program exposes. They need
//! promtool and amtool, and no server.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::process::Command;

mod files;
mod known;
mod promql;

use files::{dashboards, deploy, files, queries, rules};

/// Where the runbook is to be found until an operator puts another address into its place.
const RUNBOOK: &str = "https://orderstream.example/docs/runbook.md#";

#[test]
fn each_metric_that_a_rule_or_a_dashboard_names_exists_with_its_labels() {
    let known = known::known();
    let of_rules = rules().into_iter().map(|rule| (rule.alert + &rule.record, rule.expr));
    let of_dashboards = queries().into_iter().map(|query| (query.place, query.expr));
    let mut wrong = Vec::new();
    for (place, expr) in of_rules.chain(of_dashboards) {
        // A label that Grafana fills in has no value here.
        let wrong_here = known::unknown(&expr, &known);
        wrong.extend(wrong_here.into_iter().map(|what| format!("{place}: {what}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (expr, what) in [
        ("orderstream_recods_total", "no metric orderstream_recods_total"),
        (r#"orderstream_records_total{fat="stale"}"#, "orderstream_records_total has no label fat"),
        (r#"orderstream_records_total{fate=~"stale|lost"}"#, "orderstream_records_total: fate is never lost"),
    ] {
        assert_eq!(known::unknown(expr, &known), [what]);
    }
}

#[test]
fn each_alert_has_its_section_in_the_runbook_and_each_section_its_alert() {
    let text = fs::read_to_string(deploy().join("../docs/runbook.md")).unwrap();
    let sections: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let alerts = rules().into_iter().filter(|rule| !rule.alert.is_empty()).collect::<Vec<_>>();
    assert_eq!(sections, alerts.iter().map(|rule| rule.alert.as_str()).collect());
    for alert in &alerts {
        let (_, section) = text.split_once(&format!("### {}\n", alert.alert)).unwrap();
        let section = section.split("\n#").next().unwrap();
        for part in ["**Means**", "**Look**", "**Do**", "**By itself**"] {
            assert!(section.contains(part), "the section of {} says {part}", alert.alert);
        }
        assert_eq!(alert.annotations.runbook_url, format!("{RUNBOOK}{}", alert.alert.to_lowercase()));
        assert!(["critical", "warning"].contains(&alert.labels.severity.as_str()), "{alert:?}");
        assert!(alert.annotations.summary.ends_with('.'), "{alert:?}");
    }
}

#[test]
fn each_panel_leads_to_sections_of_the_runbook_that_exist() {
    let anchors: BTreeSet<String> = rules().into_iter().map(|rule| rule.alert.to_lowercase()).collect();
    let dashboards = dashboards();
    let panels = dashboards.iter().flat_map(|dashboard| dashboard["panels"].as_array().unwrap());
    let links = panels.flat_map(|panel| panel["links"].as_array().into_iter().flatten());
    let urls: BTreeSet<&str> = links.map(|link| link["url"].as_str().unwrap()).collect();
    assert!(urls.len() > 10, "{urls:?}");
    let broken: Vec<&&str> = urls.iter().filter(|url| !url.strip_prefix(RUNBOOK).is_some_and(|anchor| anchors.contains(anchor))).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn prometheus_and_alertmanager_take_their_files() {
    run("promtool", &["check", "config"], &[deploy().join("prometheus/prometheus.yml")]);
    run("amtool", &["check-config"], &files("alertmanager", "yml"));
}

#[test]
fn each_rule_fires_where_it_should_and_not_beside_it() {
    let tests = files("prometheus/tests", "yml");
    run("promtool", &["test", "rules"], &tests);
    let all: String = tests.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for rule in rules() {
        let (name, firing) = if rule.alert.is_empty() {
            (rule.record.clone(), format!("- expr: {}\n", rule.record))
        } else {
            (rule.alert.clone(), format!("alertname: {}\n        exp_alerts:\n          - exp_labels:", rule.alert))
        };
        assert!(all.contains(&firing), "no test sees {name}");
        let silent = format!("alertname: {}}}", rule.alert);
        assert!(rule.alert.is_empty() || all.contains(&silent), "no test sees {name} silent");
    }
}

/// Runs a tool over files.
fn run(tool: &str, arguments: &[&str], files: &[impl AsRef<OsStr>]) {
    let said = Command::new(tool).args(arguments).args(files).output().unwrap();
    let words = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{tool} {arguments:?}: {words}");
}
