//! The audit trail of a running process: recording begins at the start of a process that is to record, and is ended, prepared and forgotten by
//! the process that has the first partition of orders, so that processes with different settings do not work against each other.

use ledger::StoreError;

use crate::config::Audit;
use crate::results::Results;

/// Partitions are made for so many months after the present one.
const AHEAD: i32 = 2;

/// Begins recording, if it is to be recorded, and makes partitions ahead.
///
/// # Errors
/// If Postgres is away or refuses: the role has to own the tables.
pub(crate) async fn begin(results: &Results, audit: Audit) -> Result<(), StoreError> {
    if !audit.history {
        return Ok(());
    }
    if results.switch_history(true, &process()).await? {
        tracing::info!("Changes of results are recorded from now on: audit.history is on");
    }
    results.prepare_history(AHEAD).await.map(drop)
}

/// Does the same as [`begin`], or ends recording, and removes the months that are kept no longer.
///
/// # Errors
/// As [`begin`].
pub(crate) async fn keep(results: &Results, audit: Audit) -> Result<(), StoreError> {
    begin(results, audit).await?;
    if !audit.history && results.switch_history(false, &process()).await? {
        tracing::warn!("Changes of results are not recorded any more: audit.history is off here");
    }
    let months = results.forget_history(audit.keep_months).await?;
    if months > 0 {
        tracing::info!(months, "Months of the audit trail are gone: they are older than audit.keep_months");
    }
    Ok(())
}

/// The name of this process in the note of a switch.
fn process() -> String {
    format!("process {}", std::process::id())
}
