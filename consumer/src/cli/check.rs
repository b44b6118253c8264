//! `orderstream check`: opens every connection and reports what it finds, one line each, with what to do about it.
//!
//! Each server has a file of its own, which first gathers the facts and then judges them in a pure function.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use super::job::Job;
use super::{FAILED, print};
use crate::config::{Config, Exposed};

pub(super) mod kafka;
pub(super) mod ledger;
pub(super) mod postgres;
mod redis;
mod source;

/// How long one server may take (P10).
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) grade: Grade,
    pub(super) server: &'static str,
    pub(super) what: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    Ok,
    Warning,
    Failed,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Ok => "ok",
            Grade::Warning => "warning",
            Grade::Failed => "FAILED",
        };
        write!(f, "{grade:<8} {:<9} {}", self.server, self.what)
    }
}

/// The findings about one server, in order.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) server: &'static str,
    pub(super) lines: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(server: &'static str) -> Self {
        Self { server, lines: Vec::new() }
    }

    pub(super) fn ok(&mut self, what: impl Into<String>) {
        self.add(Grade::Ok, what.into());
    }

    /// Adds a finding: the thing works, and an operator would want to know of it.
    pub(super) fn warning(&mut self, what: impl Into<String>) {
        self.add(Grade::Warning, what.into());
    }

    /// Adds a finding: the thing does not work, and `what` says what to do.
    pub(super) fn failed(&mut self, what: impl Into<String>) {
        self.add(Grade::Failed, what.into());
    }

    /// Whether nothing has failed.
    pub(super) fn are_fit(&self) -> bool {
        self.lines.iter().all(|finding| finding.grade != Grade::Failed)
    }

    pub(super) fn add(&mut self, grade: Grade, what: String) {
        self.lines.push(Finding { grade, server: self.server, what });
    }
}

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    told(&check(&config).await)
}

/// Prints the report, and fails if anything in it does.
pub(super) fn told(findings: &[Finding]) -> anyhow::Result<ExitCode> {
    let failed = findings.iter().filter(|finding| finding.grade == Grade::Failed).count();
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    print(lines)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn check(config: &Config) -> Vec<Finding> {
    let (kafka, postgres, redis, source) =
        tokio::join!(kafka::check(config), postgres::check(config), redis::check(config), source::check(config));
    // Where Kafka or Postgres is not as it should be, there is nothing to compare.
    let ledger = match Job::orders(config) {
        Ok(job) if kafka.are_fit() && postgres.are_fit() => ledger::check(&job).await,
        _ => Findings::new(ledger::NAME),
    };
    joined([kafka, postgres, ledger, redis, source], config.exposed())
}

/// The lines of all servers, in order, with what is open to others at the end of each.
pub(super) fn joined<const N: usize>(mut all: [Findings; N], exposed: Vec<Exposed>) -> Vec<Finding> {
    for exposed in exposed {
        let of = all.iter_mut().find(|findings| findings.server == exposed.server);
        of.into_iter().for_each(|findings| findings.warning(exposed.what.clone()));
    }
    all.into_iter().flat_map(|findings| findings.lines).collect()
}

/// Waits for an answer until the deadline; the error says that none came in time.
pub(super) async fn in_time<T>(asking: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(DEADLINE, asking).await.unwrap_or_else(|_| Err(format!("no answer within {} s", DEADLINE.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::settings::Environment;

    #[tokio::test(flavor = "multi_thread")]
    async fn servers_that_are_away_are_all_named_within_the_deadline() {
        // Port 1 refuses connections; nothing listens there.
        let variables = [
            ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
            ("DATABASE_URL", "postgres://u:s3cret@127.0.0.1:1/orders"),
            ("REDIS_URL", "redis://:s3cret@127.0.0.1:1"),
            ("SOURCE_URL", "postgres://u:s3cret@127.0.0.1:1/shop"),
        ];
        let config = Config::load(None, &variables.into_iter().collect::<Environment>()).unwrap().config;
        let findings = tokio::time::timeout(DEADLINE * 3, check(&config)).await.unwrap();
        let servers: Vec<&str> = findings.iter().map(|finding| finding.server).collect();
        assert_eq!(servers, ["kafka", "postgres", "redis", "source"]);
        for finding in findings {
            assert_eq!(finding.grade, Grade::Failed);
            assert!(finding.what.contains("127.0.0.1:1") && !finding.what.contains("s3cret"), "{finding}");
        }
    }
}
