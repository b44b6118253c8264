//! `orderstream check` of the ledger: whether Kafka has what each partition would go on with. A cluster that was replaced, a topic that was made
//! anew or records that are gone are named before a process is started (P12).

use crate::cli::job::Job;
use crate::cli::offsets::show::problems;
use crate::health::plural;

use super::{Findings, in_time};

pub(in crate::cli) const NAME: &str = "ledger";

pub(in crate::cli) async fn check(job: &Job) -> Findings {
    let mut findings = Findings::new(NAME);
    let entries = in_time(async { job.ledger.entries(job.epoch).await.map_err(|error| error.to_string()) }).await;
    // Before the first start, or a migration, there is no such table, which the check of Postgres has told.
    let Ok(entries) = entries else { return findings };
    if entries.is_empty() {
        findings.ok(format!("nothing was processed in epoch {}: every partition begins at its first record", job.epoch));
        return findings;
    }
    match in_time(async { problems(job, &entries).await.map_err(|error| format!("{error:#}")) }).await {
        Ok(problems) if problems.is_empty() => {
            let partitions = plural(entries.len(), "partition", "partitions");
            findings.ok(format!("Kafka has what comes next in each of {} {partitions}", entries.len()));
        }
        Ok(problems) => problems.into_iter().for_each(|problem| findings.failed(problem)),
        Err(error) => findings.warning(format!("Kafka could not be asked whether it has what comes next: {error}")),
    }
    findings
}
