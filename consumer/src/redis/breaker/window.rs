//! A sliding window over the calls and failures of the last seconds, in ten buckets: a burst of failures leaves the window bit by bit, as
//! it came, and not all at once.

use std::time::{Duration, Instant};

const BUCKETS: u32 = 10;

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    calls: u32,
    failures: u32,
}

/// A sliding window over the outcomes of calls.
#[derive(Debug)]
pub(super) struct Window {
    buckets: [Bucket; BUCKETS as usize],
    width: Duration,
    /// When the current bucket began.
    began: Instant,
    current: usize,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        // A window of no length would divide by zero below.
        let width = (length / BUCKETS).max(Duration::from_millis(1));
        Self { buckets: [Bucket::default(); BUCKETS as usize], width, began: now, current: 0 }
    }

    pub(super) fn record(&mut self, failed: bool, now: Instant) {
        self.slide(now);
        let bucket = &mut self.buckets[self.current];
        bucket.calls = bucket.calls.saturating_add(1);
        bucket.failures = bucket.failures.saturating_add(u32::from(failed));
    }

    /// Whether the window has at least `minimum_calls` calls, and at least `share` of them failed.
    pub(super) fn share_reached(&self, minimum_calls: u32, share: f64) -> bool {
        let (calls, failures) = self.counts();
        calls >= u64::from(minimum_calls) && failures > 0 && failures as f64 >= share * calls as f64
    }

    /// The calls in the window, and those of them that failed.
    pub(super) fn counts(&self) -> (u64, u64) {
        let calls = self.buckets.iter().map(|b| u64::from(b.calls)).sum();
        (calls, self.buckets.iter().map(|b| u64::from(b.failures)).sum())
    }

    /// Empties the buckets that `now` has left behind. A `now` before the last one changes nothing.
    fn slide(&mut self, now: Instant) {
        let steps = now.saturating_duration_since(self.began).as_nanos() / self.width.as_nanos();
        if steps >= u128::from(BUCKETS) {
            self.buckets = [Bucket::default(); BUCKETS as usize];
            self.began = now;
            return;
        }
        for _ in 0..steps {
            self.current = (self.current + 1) % self.buckets.len();
            self.buckets[self.current] = Bucket::default();
            self.began += self.width;
        }
    }
}
