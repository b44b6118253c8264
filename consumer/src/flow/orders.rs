//! The worker of one claimed partition of orders: four stages that overlap between neighbouring batches.
//!
//! ```text
//! prepare      receive ─ decode ─ look the customers up ─ collapse and enrich
//! store        dead letters, acknowledged ─ fence (offset, fates) ─ delete and upsert ─ commit
//! write back   hashes
//! tell         progress
//! ```
//!
//! While Postgres commits one batch, the customers of the next batch are looked up and the hashes of the last one are written. The
//! transactions of one partition never overlap. The channels between the stages hold one batch. Records that are not prepared yet wait in
//! the inbox, so that batches are small when idle and large under load (P10).

use std::sync::Arc;

use kafka::source::Inbox;
use service::tasks;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use worker::Stopped;

use crate::shared::{Place, Shared};

mod prepare;
mod store;
mod tell;
mod write_back;

/// Runs until the inbox is closed and every batch has gone through, or until the partition has to stop. If a stage panics, the whole worker
/// panics (P13).
///
/// # Errors
/// [`Stopped`] says why the partition must not go on.
pub async fn run(shared: Arc<Shared>, place: Arc<Place>, inbox: Inbox) -> Result<(), Stopped> {
    let (prepared, to_store) = mpsc::channel(1);
    let (stored, to_write_back) = mpsc::channel(1);
    let (written, to_tell) = mpsc::channel(1);
    let mut stages = JoinSet::new();
    let preparing = stages.spawn(prepare::run(Arc::clone(&shared), Arc::clone(&place), inbox, prepared));
    let storing = store::run(&shared, &place, to_store, stored);
    stages.spawn(write_back::run(Arc::clone(&shared), Arc::clone(&place), to_write_back, written));
    stages.spawn(tell::run(Arc::clone(&shared), Arc::clone(&place), to_tell));
    let outcome = tasks::beside(&mut stages, storing).await;
    // A store that stops closes its channels. The stage before it ends at its next batch, the stages behind it end with their last batch.
    preparing.abort();
    while let Some(ended) = stages.join_next().await {
        tasks::not_panicked(ended);
    }
    outcome
}
