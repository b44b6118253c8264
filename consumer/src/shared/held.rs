//! What operators hold, as Postgres told it last: every process follows it within a second, and what was told last stays until its end while
//! Postgres is away.

use std::sync::Arc;
use std::time::Instant;

use ledger::StoreError;
use tokio::sync::{Mutex, watch};

use super::Shared;
use crate::health::{Controls, Pause};
use crate::results::Results;

/// What operators hold.
#[derive(Debug, Default)]
pub struct Held {
    known: watch::Sender<Controls>,
    /// Reads take turns, so that an older answer does not replace a newer one.
    turn: Mutex<()>,
}

impl Held {
    async fn read(&self, results: &Results) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let read = results.controls().await?;
        self.known.send_if_modified(|known| {
            let read = read.after(known);
            let is_new = read != *known;
            *known = read;
            is_new
        });
        Ok(())
    }

    /// What is held now.
    #[must_use]
    pub fn now(&self) -> Controls {
        self.known.borrow().clone().at(Instant::now())
    }

    /// The pause of a partition, if it is paused now.
    #[must_use]
    pub fn pause(&self, topic: &Arc<str>, partition: i32) -> Option<Pause> {
        self.known.borrow().pause(topic, partition, Instant::now()).cloned()
    }

    /// Waits until the partition is paused.
    pub(super) async fn begins(&self, topic: &Arc<str>, partition: i32) {
        let mut known = self.known.subscribe();
        // The sender lives as long as this.
        known.wait_for(|known| known.pause(topic, partition, Instant::now()).is_some()).await.ok();
    }

    /// Waits until the partition is not paused any more.
    pub(super) async fn ends(&self, topic: &Arc<str>, partition: i32) {
        let mut known = self.known.subscribe();
        loop {
            let Some(pause) = known.borrow_and_update().pause(topic, partition, Instant::now()).cloned() else { return };
            tokio::select! {
                () = tokio::time::sleep_until(pause.ends.into()) => {}
                // The sender lives as long as this.
                _ = known.changed() => {}
            }
        }
    }
}

impl Shared {
    /// Reads what operators hold, and tells health of it.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn read_controls(&self) -> Result<(), StoreError> {
        self.held.read(&self.results).await?;
        self.health.controls(self.held.now());
        Ok(())
    }
}
