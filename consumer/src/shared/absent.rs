//! Tells of columns that events do not have (P9): the shop's schema has changed, and nobody else will notice.

use std::sync::{Mutex, PoisonError};

use super::{Place, Shared};
use crate::orders::absent::{ColumnSet, Tally};

impl Shared {
    /// Counts what the rows of a batch lack, and tells once of each column that comes or goes. Costs nothing while nothing changes.
    pub fn tell_absent(&self, place: &Place, tally: &Tally) {
        for (column, events) in tally.counts() {
            self.metrics.column_absent(&place.claim.topic, column, events);
        }
        let Some(now) = tally.newest() else { return };
        // A batch in the middle of which the column went and came again is one in which it is there.
        if !place.absent.replace(now) {
            return;
        }
        let topic = &place.claim.topic;
        let (gone, back) = self.health.absent(topic, place.claim.partition, now);
        if !gone.is_empty() {
            tracing::warn!(
                topic = %topic, columns = gone.names(),
                "The events do not have these columns any more, or never had them; stored values stay as they are. The shop's table was changed, or the \
                 connector leaves them out"
            );
        }
        if !back.is_empty() {
            tracing::info!(topic = %topic, columns = back.names(), "The events have these columns again");
        }
    }
}

/// What the newest row of a partition lacks, as it was told last in this claim.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Option<ColumnSet>>);

impl Told {
    /// Returns whether it is news.
    pub(super) fn replace(&self, now: ColumnSet) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(now) != Some(now)
    }
}
