//! The fourth stage of a partition of orders: tells Redis up to which offset it reflects the partition.
//!
//! This is a stage of its own, because the request waits in Redis behind the hashes of all other partitions, for longer than the
//! partition's own hashes take. The next hashes are written meanwhile.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::follow::reflect;
use crate::redis::link::Run;
use crate::shared::{Place, Shared};

/// Says that every order below `to` has its hash, written in this `run` of Redis, or is on the list of the sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrittenBack {
    pub(super) to: i64,
    pub(super) run: Option<Run>,
}

impl WrittenBack {
    /// Joins two reports. The older run of Redis counts, because hashes of that run may be lost in the next.
    fn and(self, later: Self) -> Self {
        Self { to: later.to, run: self.run.or(later.run) }
    }
}

/// Tells Redis of every report in order, until the stage before has ended.
pub(super) async fn run(shared: Arc<Shared>, place: Arc<Place>, mut written: mpsc::Receiver<WrittenBack>) {
    while let Some(mut all) = written.recv().await {
        while let Ok(later) = written.try_recv() {
            all = all.and(later);
        }
        reflect::cover(&shared, &place, all.to, all.run).await;
    }
}
