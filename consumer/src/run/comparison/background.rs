//! A comparison that a process makes by itself, again and again (P2, P8): one process of a group at a time, with pauses that leave the time to
//! the orders. What comes of it stands in Postgres, so that every process tells of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kafka::reread::Reread;
use ledger::lock::Work;
use tokio::time::sleep;

use super::outcome::outcome;
use super::pace::Pace;
use super::suspects::Findings;
use super::{Mending, Sides};
use crate::config::Config;
use crate::health::{Comparison, readiness};
use crate::reconcile::report::Report;
use crate::shared::Shared;
use crate::shop::SourceDatabase;

/// The time between two looks whether a comparison is due.
const LOOK: Duration = Duration::from_secs(1);

/// The time until the next try after one that failed.
const LATER: Duration = Duration::from_secs(30);

/// How long a difference must stand still before it counts.
const SETTLE: Duration = Duration::from_secs(5);

/// What a repair without an operator may do: more rows that the shop does not have look like the wrong shop.
const MENDING: Mending = Mending { limit: 0, wait: Duration::from_secs(120), max_removed: 1_000 };

/// The comparisons of this process.
pub(in crate::run) struct Comparisons {
    shared: Arc<Shared>,
    config: Config,
    reread: Reread,
    shop: Arc<SourceDatabase>,
    every: Duration,
}

/// Shows nothing of the settings, because passwords are among them (P11).
impl fmt::Debug for Comparisons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparisons").field("every", &self.every).finish_non_exhaustive()
    }
}

impl Comparisons {
    /// Comparisons with the shop every so often.
    pub(in crate::run) fn new(shared: Arc<Shared>, config: Config, reread: Reread, shop: Arc<SourceDatabase>, every: Duration) -> Self {
        Self { shared, config, reread, shop, every }
    }

    /// Compares whenever it is time, until it is dropped.
    pub(in crate::run) async fn run(self) {
        loop {
            sleep(LOOK).await;
            let (snapshot, now) = (self.shared.health.snapshot(), Instant::now());
            // What waits would only look like differences, and a process that is not ready has other work.
            if !readiness(&snapshot, self.shared.health.rules(), now).is_yes()
                || !is_due(snapshot.group.comparison.as_ref(), self.every, now)
            {
                continue;
            }
            if let Err(error) = self.turn().await {
                if let Some(suppressed) = self.shared.throttle("comparison") {
                    tracing::warn!(suppressed, error = %format_args!("{error:#}"), "The comparison with the shop did not come to its end; it is tried again");
                }
                sleep(LATER).await;
            }
        }
    }

    /// Compares, unless another process of whatever group does or has just done so. A process that dies gives the lock back.
    async fn turn(&self) -> anyhow::Result<()> {
        let Some(mut lock) = self.shared.results.ledger.lock(Work::Comparison).await.context("Postgres")? else { return Ok(()) };
        let last = self.shared.results.last_comparison().await.context("Postgres")?;
        if is_due(last.as_ref(), self.every, Instant::now()) {
            if !self.shop.is_read().await? {
                bail!("nobody reads the shop's log, so what differs may only wait for Debezium");
            }
            let comparison = self.compare().await?;
            if !lock.is_held().await {
                bail!("Postgres has let its lock go, so another process may have compared meanwhile");
            }
            self.shared.results.note_comparison(&comparison).await.context("Postgres")?;
            self.shared.health.group(|group| group.comparison = Some(comparison));
        }
        Ok(())
    }

    async fn compare(&self) -> anyhow::Result<Comparison> {
        let began = Instant::now();
        let sides = Sides::new(&self.shared, &self.config, &self.reread, &self.shop, true, Pace::Spared);
        let (mut report, findings) = sides.compare(SETTLE, 0).await?;
        // What was found is told also where it cannot be set right (P9).
        if self.config.reconcile.repair
            && report.findings() > 0
            && let Err(error) = self.mend(&sides, &mut report, &findings).await
        {
            tracing::warn!(error = %format_args!("{error:#}"), "What the comparison with the shop has found was not set right");
        }
        let comparison = outcome(&report, began.elapsed());
        tell(&comparison);
        Ok(comparison)
    }

    /// Sets right what was found. Where an operator repairs just now, nothing is left to do.
    async fn mend(&self, sides: &Sides<'_>, report: &mut Report, findings: &Findings) -> anyhow::Result<()> {
        self.shop.may_signal().await?;
        let lock = self.shared.results.ledger.lock(Work::Reconcile).await.context("Postgres")?;
        if lock.is_some() {
            sides.mend(&MENDING, report, findings).await?;
        }
        Ok(())
    }
}

/// Whether the next comparison is due.
fn is_due(last: Option<&Comparison>, every: Duration, now: Instant) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last.ended) >= every)
}

/// Tells in the log what was found.
fn tell(comparison: &Comparison) {
    let Comparison { orders, repaired, .. } = comparison;
    let found = comparison.found();
    if *repaired > 0 {
        tracing::warn!(differences = repaired, orders, "The comparison with the shop has found differences and set them right");
    } else if found > 0 {
        tracing::warn!(
            differences = found,
            orders,
            "The comparison with the shop has found differences; `orderstream reconcile` shows them"
        );
    } else {
        tracing::debug!(orders, "The comparison with the shop has found no difference");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_comparison_is_due_so_long_after_the_end_of_the_last() {
        let (ended, every) = (Instant::now(), Duration::from_secs(60));
        let last = outcome(&Report::default(), Duration::ZERO);
        let last = Comparison { ended, ..last };
        assert!(is_due(None, every, ended) && !is_due(Some(&last), every, ended) && is_due(Some(&last), every, ended + every));
    }
}
