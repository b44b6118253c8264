//! Watches Postgres: whether it answers, whether it is the right one, and whether its commits come through (P6, P9).

use std::sync::Arc;

use ledger::{StoreError, Unfit};

use super::every_second;
use crate::health::{Dependency, Impairment};
use crate::shared::Shared;

/// What is said while commits wait. The settings are those of the primary.
const HELD_UP: &str = "commits wait for a synchronous standby that is away (wait_event SyncRep), and the work waits with them; bring a standby \
                       back, or take it out of synchronous_standby_names";

/// Asks Postgres for a sign of life, once a second.
pub(in crate::run) async fn postgres(shared: Arc<Shared>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        let answer = shared.results.ledger.ping().await;
        match &answer {
            Ok(()) => shared.health.up(Dependency::Postgres),
            // Any error counts. If the process may not connect, finds no free connection, or reaches a standby, it has no Postgres.
            Err(error) => shared.health.down(Dependency::Postgres, error.class().as_str()),
        }
        let found = match answer {
            Err(StoreError::Unfit(old @ Unfit::OldTimeline { .. })) => vec![Impairment { what: old.to_string(), stops: true }],
            _ => Vec::new(),
        };
        for Impairment { what, .. } in shared.health.impaired(Dependency::Postgres, "timeline", &found) {
            tracing::error!(what, "The server at the address of Postgres is not the one that the work was done on");
        }
        standby(&shared).await;
    }
}

/// Tells of commits that wait for a standby. Each of them has its deadline, and the ledger decides later whether it succeeded (P3).
async fn standby(shared: &Shared) {
    // A Postgres that does not answer is reported by the ping.
    let Ok(held_up) = shared.results.ledger.commits_held_up().await else { return };
    let found: Vec<Impairment> = (held_up > 0).then(|| Impairment { what: HELD_UP.to_owned(), stops: true }).into_iter().collect();
    for Impairment { what, .. } in shared.health.impaired(Dependency::Postgres, "standby", &found) {
        tracing::warn!(what, "Postgres holds commits up");
    }
}
