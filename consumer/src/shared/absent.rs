//! Reports columns that events do not have (P9): the shop's schema has changed, and nobody else would notice.

use std::sync::{Mutex, PoisonError};

use super::{Place, Shared};
use crate::orders::absent::{ColumnSet, Tally};

impl Shared {
    /// Counts the columns that the rows of a batch lack, and reports each column that goes or comes back once. A batch without a change
    /// costs nothing.
    pub fn tell_absent(&self, place: &Place, tally: &Tally) {
        for (column, events) in tally.counts() {
            self.metrics.column_absent(&place.tenure.claim.topic, column, events);
        }
        let Some(now) = tally.newest() else { return };
        // A column that went and came back within a batch counts as present.
        if !place.absent.replace(now) {
            return;
        }
        let topic = &place.tenure.claim.topic;
        let (gone, back) = self.health.absent(topic, place.tenure.claim.partition, now);
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

/// The columns that the newest row of a partition lacks, as last reported in this claim.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Option<ColumnSet>>);

impl Told {
    /// Remembers the columns, and returns whether they differ from the last report.
    pub(super) fn replace(&self, now: ColumnSet) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(now) != Some(now)
    }
}
