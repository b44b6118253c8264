//! The rules and dashboards of the folder `deploy`, as far as the tests look at them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A rule: an alert or a recorded series.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// The name of the alert.
    pub alert: String,
    /// The name of the recorded series.
    pub record: String,
    /// What is asked.
    pub expr: String,
    /// Labels that the alert gets.
    pub labels: Labels,
    /// What the alert says.
    pub annotations: Annotations,
}

/// The labels of an alert.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Labels {
    /// `critical` or `warning`.
    pub severity: String,
}

/// The annotations of an alert.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Annotations {
    /// What has happened, in one sentence.
    pub summary: String,
    /// The address of the alert's section in docs/runbook.md.
    pub runbook_url: String,
}

#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A query of a dashboard.
#[derive(Debug, Clone)]
pub struct Query {
    /// The dashboard and the panel.
    pub place: String,
    /// What is asked, with Grafana's variables.
    pub expr: String,
}

/// The folder `deploy`.
pub fn deploy() -> PathBuf {
    stack::root().join("deploy")
}

/// The files of a folder below `deploy` with this extension, in the order of their names.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(deploy().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "deploy/{folder} has files");
    files
}

/// All rules, in the order of their files.
pub fn rules() -> Vec<Rule> {
    files("prometheus/rules", "yml").iter().flat_map(|file| rules_of(file)).collect()
}

fn rules_of(file: &Path) -> Vec<Rule> {
    let text = fs::read_to_string(file).unwrap();
    let file: RuleFile = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    file.groups.into_iter().flat_map(|group| group.rules).collect()
}

/// All dashboards.
pub fn dashboards() -> Vec<Value> {
    files("grafana/dashboards", "json").iter().map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// All queries of all dashboards: those of the panels and those of the annotations.
pub fn queries() -> Vec<Query> {
    dashboards().iter().flat_map(queries_of).collect()
}

fn queries_of(dashboard: &Value) -> Vec<Query> {
    let title = dashboard["title"].as_str().unwrap();
    let query = |panel: &Value, expr: &Value| {
        let place = format!("{title}, {}", panel["title"].as_str().or(panel["name"].as_str()).unwrap_or_default());
        Query { place, expr: expr.as_str().unwrap().to_owned() }
    };
    let of_panel = |panel: &Value| -> Vec<Query> {
        panel["targets"].as_array().into_iter().flatten().map(|target| query(panel, &target["expr"])).collect()
    };
    let panels = dashboard["panels"].as_array().unwrap().iter().flat_map(of_panel);
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter().map(|one| query(one, &one["expr"]));
    panels.chain(annotations).collect()
}

/// The names that the agents in Kafka and Connect give to what they tell.
pub fn of_agents() -> Vec<String> {
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    files("jmx", "yml").iter().flat_map(lines).filter_map(|line| Some(line.strip_prefix("name: ")?.to_owned())).collect()
}
