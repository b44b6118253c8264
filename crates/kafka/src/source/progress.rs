//! The progress of a partition: what its worker has finished, and what Kafka still has. Lag, metrics and the stall check read it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The ends of a partition's log: the first offset that still exists, and the offset after the last record that readers may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that still exists.
    pub low: i64,
    /// The offset after the last committed record.
    pub high: i64,
}

impl Watermarks {
    /// Whether reading can begin at `offset` without leaving anything out, because a jump must never be silent.
    #[must_use]
    pub fn hold(&self, offset: i64) -> bool {
        (self.low..=self.high).contains(&offset)
    }
}

/// The progress of one claimed partition, shared by its worker, the poll thread and the health checks.
#[derive(Debug)]
pub struct SourceProgress {
    /// The offset after the last record whose fate is committed.
    done: AtomicI64,
    /// The offset after the last record put into the inbox.
    handed: AtomicI64,
    /// Below this offset nothing waits at the broker. The offset also passes transaction markers, which are never handed over.
    read_to: AtomicI64,
    low: AtomicI64,
    high: AtomicI64,
    began: Instant,
    /// When Kafka last told the ends, in milliseconds after `began`.
    told_ms: AtomicU64,
}

impl SourceProgress {
    /// A partition that is read from `start` on, whose log has these ends.
    #[must_use]
    pub fn new(start: i64, watermarks: Watermarks) -> Self {
        Self {
            done: AtomicI64::new(start),
            handed: AtomicI64::new(start),
            read_to: AtomicI64::new(start),
            low: AtomicI64::new(watermarks.low),
            high: AtomicI64::new(watermarks.high),
            began: Instant::now(),
            told_ms: AtomicU64::new(0),
        }
    }

    /// The worker's report: each record below `next_offset` has its fate, committed (P1, P3).
    pub fn done_up_to(&self, next_offset: i64) {
        self.done.fetch_max(next_offset, Ordering::AcqRel);
    }

    /// The next offset that has no fate yet.
    #[must_use]
    pub fn done(&self) -> i64 {
        self.done.load(Ordering::Acquire)
    }

    /// When Kafka last told the ends. While Kafka answers, that is about a second ago.
    #[must_use]
    pub fn told(&self) -> Instant {
        self.began + Duration::from_millis(self.told_ms.load(Ordering::Relaxed))
    }

    /// The ends of the log, as Kafka last told them.
    #[must_use]
    pub fn watermarks(&self) -> Watermarks {
        Watermarks { low: self.low.load(Ordering::Relaxed), high: self.high.load(Ordering::Relaxed) }
    }

    /// The offsets between what is done and the end of the log; zero when everything is done. Offsets have gaps, so there may be fewer
    /// records.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let done = self.done();
        let all_handed_is_done = done >= self.handed.load(Ordering::Acquire);
        let done = if all_handed_is_done { done.max(self.read_to.load(Ordering::Acquire)) } else { done };
        u64::try_from(self.high.load(Ordering::Relaxed) - done).unwrap_or(0)
    }

    /// The offsets between what is done and what was put into the inbox: what waits there, and what the worker has taken.
    #[must_use]
    pub fn in_process(&self) -> u64 {
        u64::try_from(self.handed.load(Ordering::Acquire) - self.done()).unwrap_or(0)
    }

    #[cfg(test)]
    pub(super) fn handed(&self) -> i64 {
        self.handed.load(Ordering::Acquire)
    }

    /// Whether all records below `next` are done, none has come since, and the client waits at the end of the log, which lies behind
    /// `next`.
    pub(super) fn rests_before_the_end(&self, next: i64) -> bool {
        let high = self.high.load(Ordering::Relaxed);
        self.done() >= next && next < high && self.read_to.load(Ordering::Acquire) >= high
    }

    /// Must be called before the worker can see the records. Otherwise the lag would read zero in between.
    pub(super) fn handing_over_up_to(&self, next_offset: i64) {
        self.handed.store(next_offset, Ordering::Release);
    }

    pub(super) fn nothing_waits_below(&self, offset: i64) {
        self.read_to.store(offset, Ordering::Release);
    }

    pub(super) fn set_watermarks(&self, watermarks: Watermarks) {
        self.low.store(watermarks.low, Ordering::Relaxed);
        self.high.store(watermarks.high, Ordering::Relaxed);
        self.told_ms.store(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: i64, high: i64) -> SourceProgress {
        SourceProgress::new(start, Watermarks { low: 0, high })
    }

    #[test]
    fn lag_falls_as_the_worker_reports() {
        let progress = at(10, 30);
        assert_eq!(progress.lag(), 20);
        progress.done_up_to(25);
        assert_eq!(progress.lag(), 5);
        progress.done_up_to(31);
        assert_eq!(progress.lag(), 0, "the watermark is a second old");
    }

    #[test]
    fn transaction_markers_at_the_end_are_no_lag_once_all_that_was_handed_over_is_done() {
        let progress = at(10, 12);
        progress.handing_over_up_to(11);
        progress.nothing_waits_below(12);
        assert_eq!(progress.lag(), 2, "the record at 10 is not done");
        assert_eq!(progress.in_process(), 1);
        progress.done_up_to(11);
        assert_eq!((progress.lag(), progress.in_process()), (0, 0));
    }

    #[test]
    fn only_a_partition_with_nothing_under_way_rests() {
        let progress = at(10, 12);
        progress.handing_over_up_to(11);
        progress.done_up_to(11);
        assert!(!progress.rests_before_the_end(11), "the client may still fetch");
        progress.nothing_waits_below(12);
        assert!(progress.rests_before_the_end(11));
        assert!(!progress.rests_before_the_end(12), "what came behind it is not done");
        progress.done_up_to(12);
        assert!(!progress.rests_before_the_end(12), "that is the end");
    }

    #[test]
    fn an_earlier_report_never_moves_progress_back() {
        let progress = at(0, 10);
        progress.done_up_to(7);
        progress.done_up_to(5);
        assert_eq!(progress.done(), 7);
    }
}
