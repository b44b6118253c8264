//! `orderstream mirror check`: opens every connection of the job and reports what it finds, one line each, with what to do about it.
//!
//! - [`topics`]: Kafka: brokers, topics, what their settings let the mirror promise
//! - [`forgotten`]: whether a compacted topic may have forgotten deletes that were not read
//! - [`target`]: the target: what every job needs of Postgres, and the rights to make and write tables
//! - [`tables`]: the source's catalog, and each table: what waits, what is in the way, what cannot be equal

use std::process::ExitCode;

use crate::cli::check::{Finding, Findings, joined, ledger, told};
use crate::cli::job::Job;
use crate::config::Config;

mod forgotten;
mod tables;
mod target;
mod topics;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The publication that the connector reads; without it the only one that there is
    #[arg(long, value_name = "NAME")]
    publication: Option<String>,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    told(&check(arguments.publication.as_deref(), config).await?)
}

async fn check(publication: Option<&str>, config: &Config) -> anyhow::Result<Vec<Finding>> {
    let job = Job::mirror(config)?;
    let ((kafka, found), target) = tokio::join!(topics::check(config), target::check(config, &job));
    let mut ledger = Findings::new(ledger::NAME);
    if kafka.are_fit() && target.are_fit() {
        ledger = ledger::check(&job).await;
        forgotten::check(&job, &found, &mut ledger).await;
    }
    let tables = tables::check(config, &job, &found, publication, target.are_fit()).await;
    job.ledger.close().await;
    Ok(joined([kafka, target, ledger, tables], config.exposed_of_mirror()))
}

#[cfg(test)]
mod tests {
    use service::settings::Environment;

    use super::*;
    use crate::cli::check::{DEADLINE, Grade};

    #[tokio::test(flavor = "multi_thread")]
    async fn servers_that_are_away_are_all_named_within_the_deadline() {
        // Port 1 refuses connections; nothing listens there.
        let variables = [
            ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
            ("MIRROR_TARGET_URL", "postgres://u:s3cret@127.0.0.1:1/copy"),
            ("MIRROR_SOURCE_URL", "postgres://u:s3cret@127.0.0.1:1/shop"),
        ];
        let config = Config::load(None, &variables.into_iter().collect::<Environment>()).unwrap().config;
        let findings = tokio::time::timeout(DEADLINE * 3, check(None, &config)).await.unwrap().unwrap();
        let servers: Vec<&str> = findings.iter().map(|finding| finding.server).collect();
        assert_eq!(servers, ["kafka", "target", "source"]);
        for finding in findings {
            assert_eq!(finding.grade, Grade::Failed);
            assert!(finding.what.contains("127.0.0.1:1") && !finding.what.contains("s3cret"), "{finding}");
        }
    }
}
