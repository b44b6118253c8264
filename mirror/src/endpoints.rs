//! The endpoints that are served over HTTP: `/livez`, `/readyz`, `/health`, `/status`, `/metrics`.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::health::Health;

/// Tables with a line of their own in `/metrics`. All others are counted together, so that thousands of tables are no burden for Prometheus.
const TABLES: usize = 200;

/// The routes, without a listener.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/health", get(verdict))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn readyz(State(health): State<Health>) -> Response {
    let verdict = health.verdict();
    if verdict.ready {
        return "ok\n".into_response();
    }
    let lines: String = verdict.reasons.iter().map(|reason| format!("{reason}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

async fn verdict(State(health): State<Health>) -> Response {
    let verdict = health.verdict();
    let code = if verdict.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(verdict)).into_response()
}

async fn status(State(health): State<Health>) -> Response {
    Json(health.status()).into_response()
}

async fn metrics(State(health): State<Health>) -> String {
    let status = health.status();
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, lines: Vec<(String, u64)>| {
        write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").ok();
        for (labels, value) in lines {
            writeln!(text, "{name}{{{labels}}} {value}").ok();
        }
    };
    let partition = |at: &crate::health::PartitionView| format!("topic=\"{}\",partition=\"{}\"", at.topic, at.partition);
    let fates = status
        .partitions
        .iter()
        .flat_map(|at| change::fate::Fate::ALL.map(|fate| (format!("{},fate=\"{}\"", partition(at), fate.as_str()), at.fates.of(fate))));
    family("orderstream_mirror_records_total", "counter", "Records by what became of them.", fates.collect());
    let lag = status.partitions.iter().filter_map(|at| Some((partition(at), at.lag?)));
    family("orderstream_mirror_lag", "gauge", "Offsets between what is committed and the end of the partition.", lag.collect());
    family(
        "orderstream_mirror_table_rows_total",
        "counter",
        "Rows written or removed, by table.",
        by_table(&status.tables, |table| table.rows),
    );
    family("orderstream_mirror_table_letters_total", "counter", "Dead letters, by table.", by_table(&status.tables, |table| table.letters));
    text
}

/// The values of the first tables, and the sum of all others.
fn by_table(tables: &[crate::health::TableView], value: impl Fn(&crate::health::TableView) -> u64) -> Vec<(String, u64)> {
    let name = |table: &str| table.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut lines: Vec<(String, u64)> =
        tables.iter().take(TABLES).map(|table| (format!("table=\"{}\"", name(&table.table)), value(table))).collect();
    if tables.len() > TABLES {
        lines.push(("table=\"(others)\"".to_owned(), tables.iter().skip(TABLES).map(value).sum()));
    }
    lines
}
