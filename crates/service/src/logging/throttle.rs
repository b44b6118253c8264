//! A limit for lines that repeat.

use std::time::{Duration, Instant};

/// Lets the first of many equal lines through at once, and then one per interval with the number of those left out.
#[derive(Debug, Clone)]
pub struct Throttle {
    interval: Duration,
    last: Option<Instant>,
    suppressed: u64,
}

impl Throttle {
    /// A throttle that lets one line per interval through.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval, last: None, suppressed: 0 }
    }

    /// Whether the line may be written now: the number of lines that were left out since the last one, or `None` if this line is to be left
    /// out.
    pub fn allow(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < self.interval) {
            self.suppressed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }

    /// Notes that what was failing works again, so that the next failure is written at once. Returns how many lines were left out at the
    /// end.
    pub fn reset(&mut self) -> u64 {
        self.last = None;
        std::mem::take(&mut self.suppressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_written_at_once_and_then_one_per_interval() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut throttle = Throttle::new(Duration::from_secs(10));
        assert_eq!([0, 1, 9, 10, 11, 30].map(|seconds| throttle.allow(at(seconds))), [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn after_a_success_the_next_failure_is_news() {
        let start = Instant::now();
        let mut throttle = Throttle::new(Duration::from_secs(10));
        assert_eq!((throttle.allow(start), throttle.allow(start), throttle.reset()), (Some(0), None, 1));
        assert_eq!(throttle.allow(start), Some(0));
    }
}
