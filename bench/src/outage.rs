//! The cases `redis-down` and `redis-hung`: a backlog is worked off while Redis is away, and everything is made whole when Redis is back
//! (P6, P8).

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::drain::Drain;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// How Redis is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Stopped: connections are refused.
    Down,
    /// Paused by SIGSTOP: connections stand, and nothing answers.
    Hung,
}

impl Outage {
    fn begin(self, ground: &Ground) -> Result<()> {
        match self {
            Self::Down => ground.stack.redis().stop(),
            Self::Hung => ground.stack.redis().pause(),
        }
    }

    fn end(self, ground: &Ground) -> Result<()> {
        match self {
            Self::Down => ground.stack.redis().start(),
            Self::Hung => {
                ground.stack.redis().resume();
                ground.stack.redis().await_health()
            }
        }
    }
}

/// Measures a drain without Redis, and the repair afterwards.
///
/// Redis is away before the process starts and until the last event is committed, so that the rate is that of the outage alone. Then Redis
/// comes back with all that it had, and the time counts until every row is complete and every hash is there.
pub(crate) fn drain_without_redis(ground: &Ground, filled: &Filled, outage: Outage) -> Result<Measures> {
    ground.reset()?;
    outage.begin(ground)?;
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &[])])?;
    let commits = drain.await_commits()?;
    let (_, open) = ground.processed(filled.workload.topic())?;
    ensure!(open > 0, "Redis was away, and no order is left to be repaired");

    let back = Instant::now();
    outage.end(ground)?;
    let healthy = back.elapsed();
    drain.await_hashes()?;
    let repaired = back.elapsed();
    let orders = filled.outcome.orders.len();
    let mut measures = Measures::default();
    measures.put("repair_per_second", orders as f64 / (repaired - healthy).as_secs_f64());
    measures.put("repair_ms", (repaired - healthy).as_secs_f64() * 1000.0);
    drain.finish(&commits, measures)
}
