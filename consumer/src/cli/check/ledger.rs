//! `orderstream check` of the ledger: whether Kafka has what each partition would go on with. A cluster that was replaced, a topic that was made
//! anew or records that are gone are named before a process is started (P12).

use crate::cli::offsets::show::problems;
use crate::config::Config;
use crate::health::plural;
use crate::results::Results;
use crate::run::assemble::store_config;

use super::{Findings, in_time};

pub(super) const NAME: &str = "ledger";

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new(NAME);
    // The check of Postgres has told what is wrong with the URL.
    let Ok(results) = Results::new(&store_config(config)) else { return findings };
    let entries = in_time(async { results.ledger.entries(config.source.epoch).await.map_err(|error| error.to_string()) }).await;
    results.ledger.close().await;
    // Before the first start, or a migration, there is no such table, which the check of Postgres has told.
    let Ok(entries) = entries else { return findings };
    if entries.is_empty() {
        findings.ok(format!("nothing was processed in epoch {}: every partition begins at its first record", config.source.epoch));
        return findings;
    }
    match in_time(async { problems(config, &entries).await.map_err(|error| format!("{error:#}")) }).await {
        Ok(problems) if problems.is_empty() => {
            let partitions = plural(entries.len(), "partition", "partitions");
            findings.ok(format!("Kafka has what comes next in each of {} {partitions}", entries.len()));
        }
        Ok(problems) => problems.into_iter().for_each(|problem| findings.failed(problem)),
        Err(error) => findings.warning(format!("Kafka could not be asked whether it has what comes next: {error}")),
    }
    findings
}
