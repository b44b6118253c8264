//! Follows what operators hold: the breaker around Redis, and the ends of what is held. The workers of the partitions see a pause by themselves.

use std::sync::Arc;

use super::every_second;
use crate::health::{HeldState, Hold};
use crate::redis::breaker::Forced;
use crate::shared::Shared;

/// Reads once a second what operators hold, and holds the breaker accordingly. Without a hold the breaker is as `breaker.held` says.
pub(in crate::run) async fn controls(shared: Arc<Shared>, setting: Option<Forced>) {
    // While Postgres is slow to answer, what was told last has to end in time all the same.
    tokio::join!(read(&shared), follow(&shared, setting));
}

async fn read(shared: &Shared) {
    let mut second = every_second();
    loop {
        second.tick().await;
        if let Err(error) = shared.read_controls().await {
            shared.metrics.postgres_error(error.class().as_str());
        }
    }
}

async fn follow(shared: &Shared, setting: Option<Forced>) {
    let (mut second, mut forced) = (every_second(), setting);
    loop {
        second.tick().await;
        let held = shared.held.now();
        let wanted = held.hold.as_ref().map_or(setting, |hold| Some(forced_by(hold)));
        if wanted != forced {
            shared.redis.force_breaker(wanted);
            forced = wanted;
            tell(held.hold.as_ref());
        }
        shared.health.controls(held);
    }
}

fn forced_by(hold: &Hold) -> Forced {
    match hold.state {
        HeldState::Open => Forced::Open,
        HeldState::Closed => Forced::Closed,
    }
}

fn tell(hold: Option<&Hold>) {
    match hold {
        Some(hold) => {
            tracing::warn!(state = hold.state.as_str(), who = hold.by, until = %hold.until, "An operator holds the circuit breaker around Redis");
        }
        None => tracing::info!("No operator holds the circuit breaker around Redis any more: breaker.held decides again"),
    }
}
