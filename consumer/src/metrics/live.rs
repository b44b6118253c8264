//! What the page and the reports of a process need beside Prometheus: the same events, in counters that this process reads back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Step;

/// Four buckets for each power of two of microseconds, up to about 17 minutes.
const BUCKETS: usize = 120;

/// Durations, counted so finely that a quantile is right within a tenth.
#[derive(Debug)]
struct Durations {
    nanos: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Durations {
    fn default() -> Self {
        Self { nanos: AtomicU64::new(0), buckets: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Durations {
    fn observe(&self, took: Duration) {
        let (nanos, micros) = (u64::try_from(took.as_nanos()), u64::try_from(took.as_micros()));
        self.nanos.fetch_add(nanos.unwrap_or(u64::MAX), Ordering::Relaxed);
        self.buckets[bucket(micros.unwrap_or(u64::MAX))].fetch_add(1, Ordering::Relaxed);
    }

    fn counted(&self) -> Counted {
        let buckets = self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        Counted { nanos: self.nanos.load(Ordering::Relaxed), buckets }
    }
}

/// The bucket of a duration.
fn bucket(micros: u64) -> usize {
    let micros = micros.max(1);
    let octave = micros.ilog2();
    let quarter = (micros << 2 >> octave) & 3;
    ((octave as usize) * 4 + usize::try_from(quarter).unwrap_or(0)).min(BUCKETS - 1)
}

/// The middle of a bucket in milliseconds.
fn middle(bucket: usize) -> f64 {
    let (octave, quarter) = (bucket / 4, bucket % 4);
    let octave = i32::try_from(octave).unwrap_or(i32::MAX);
    let quarter = f64::from(u32::try_from(quarter).unwrap_or(0));
    f64::powi(2.0, octave) * (1.0 + (quarter + 0.5) / 4.0) / 1_000.0
}

/// Durations so far, or in a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Their sum.
    pub nanos: u64,
    buckets: Vec<u64>,
}

impl Counted {
    /// What came since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let earlier = before.buckets.iter().chain(std::iter::repeat(&0));
        let buckets = self.buckets.iter().zip(earlier).map(|(now, then)| now.saturating_sub(*then)).collect();
        Self { nanos: self.nanos.saturating_sub(before.nanos), buckets }
    }

    /// The duration in milliseconds that this share of them does not exceed; `None` if there are none.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let all: u64 = self.buckets.iter().sum();
        #[expect(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "a count of batches")]
        let rank = ((all as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(middle)
    }
}

#[derive(Debug, Default)]
struct Shared {
    steps: [Durations; Step::ALL.len()],
    ages: Durations,
    found: AtomicU64,
    missing: AtomicU64,
    unavailable: AtomicU64,
    hashes: AtomicU64,
    letters: AtomicU64,
    repaired: AtomicU64,
    postgres_errors: AtomicU64,
    rebuilding_orders: AtomicU64,
    rebuilding_customers: AtomicU64,
}

/// The counters. Clones count into the same ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Live(Arc<Shared>);

/// All counters at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// How long the steps of batches took, by [`Step::number`].
    pub steps: Vec<Counted>,
    /// From the oldest change of a batch in the shop to its commit.
    pub ages: Counted,
    /// Lookups of customers that were found, missing, and could not be made.
    pub lookups: [u64; 3],
    /// Hashes of orders written.
    pub hashes: u64,
    /// Dead letters committed.
    pub letters: u64,
    /// Rows that the sweep completed or refreshed.
    pub repaired: u64,
    /// Errors of Postgres.
    pub postgres_errors: u64,
    /// Partitions of customers and of orders of which Redis is being made whole now.
    pub rebuilding: [u64; 2],
}

impl Live {
    pub(super) fn stage_took(&self, step: Step, took: Duration) {
        self.0.steps[step.number()].observe(took);
    }

    pub(super) fn committed(&self, age: Duration) {
        self.0.ages.observe(age);
    }

    pub(super) fn looked_up(&self, found: u64, missing: u64, unavailable: u64) {
        for (counter, more) in [(&self.0.found, found), (&self.0.missing, missing), (&self.0.unavailable, unavailable)] {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(super) fn hashes(&self, written: u64) {
        self.0.hashes.fetch_add(written, Ordering::Relaxed);
    }

    pub(super) fn letter(&self) {
        self.0.letters.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn repaired(&self, rows: u64) {
        self.0.repaired.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn postgres_error(&self) {
        self.0.postgres_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn rebuilding(&self, customers: usize, orders: usize) {
        self.0.rebuilding_customers.store(customers as u64, Ordering::Relaxed);
        self.0.rebuilding_orders.store(orders as u64, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let of = &self.0;
        Counts {
            steps: of.steps.iter().map(Durations::counted).collect(),
            ages: of.ages.counted(),
            lookups: [read(&of.found), read(&of.missing), read(&of.unavailable)],
            hashes: read(&of.hashes),
            letters: read(&of.letters),
            repaired: read(&of.repaired),
            postgres_errors: read(&of.postgres_errors),
            rebuilding: [read(&of.rebuilding_customers), read(&of.rebuilding_orders)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_right_within_a_tenth_whatever_the_size() {
        for micros in [1_u64, 3, 17, 250, 999, 5_000, 80_000, 3_000_000, 600_000_000] {
            let durations = Durations::default();
            durations.observe(Duration::from_micros(micros));
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let (told, is) = (durations.counted().quantile_ms(0.5).unwrap(), micros as f64 / 1_000.0);
            // Below four microseconds a bucket is wider than a tenth, and nobody looks there.
            assert!((told / is - 1.0).abs() < 0.13 || micros < 4, "{micros} us: {told} ms");
        }
    }

    #[test]
    fn quantiles_are_of_what_came_since() {
        let durations = Durations::default();
        (0..100).for_each(|_| durations.observe(Duration::from_secs(1)));
        let before = durations.counted();
        assert_eq!(durations.counted().since(&before).quantile_ms(0.99), None);
        (0..99).for_each(|_| durations.observe(Duration::from_millis(5)));
        durations.observe(Duration::from_secs(2));
        let since = durations.counted().since(&before);
        assert!(since.quantile_ms(0.99).unwrap() < 6.0 && since.quantile_ms(1.0).unwrap() > 1_800.0);
        assert_eq!(since.nanos, 99 * 5_000_000 + 2_000_000_000);
        assert_eq!(Counted::default().quantile_ms(0.5), None);
    }
}
