//! Whether the log of a partition is the one that was read before, or of a topic that was made anew.

use change::record::Landmark;

/// Recognises whether the log is the one that was read before (P2).
#[derive(Debug)]
pub(super) struct Recognition {
    /// The landmark that identifies the log; `None` once the first record has come.
    pub(super) landmark: Option<Landmark>,
    /// The landmark, if another record stands at its offset. Then no record of this log may go to the worker.
    pub(super) stranger: Option<Landmark>,
}

impl Recognition {
    /// Whether the log is still taken for the same. The first record that comes decides. If compaction has removed the landmark, a later
    /// record comes first, and nothing can be told.
    pub(super) fn is_same_log(&mut self, offset: i64, timestamp_ms: Option<i64>) -> bool {
        if let Some(landmark) = self.landmark.take()
            && offset == landmark.offset
            && timestamp_ms.is_some_and(|timestamp| timestamp != landmark.timestamp_ms)
        {
            self.stranger = Some(landmark);
        }
        self.stranger.is_none()
    }
}
