//! How fast a comparison goes: as fast as it can for a person who waits for it, and sparing the work for a process that compares by itself.

use std::fmt::Arguments;
use std::time::{Duration, Instant};

/// A comparison in the background works for one fiftieth of its time, 2 per cent, and so takes at most that share from the orders, whatever
/// one slice costs on these servers (P10).
const REST: u32 = 49;

/// Rows of one slice: for a person few round trips count, in the background short statements do.
const ROWS_AT_ONCE: i64 = 10_000;
const ROWS_SPARED: i64 = 1_000;

/// The number of suspects with which a comparison in the background ends early (P10). So many differences are told as well as more are.
const MOST_SUSPECTS: usize = 20_000;

/// How fast a comparison goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Without pauses. The function tells the person how far the comparison is.
    AtOnce(fn(Arguments<'_>)),
    /// With a pause after each slice.
    Spared,
}

impl Pace {
    /// The most rows of one slice.
    pub(super) fn rows(self) -> i64 {
        match self {
            Self::AtOnce(_) => ROWS_AT_ONCE,
            Self::Spared => ROWS_SPARED,
        }
    }

    /// Whether rows are counted first, to tell a person how far the comparison is. A count reads a whole table in one statement (P10).
    pub(super) fn counts(self) -> bool {
        matches!(self, Self::AtOnce(_))
    }

    /// Whether so many suspects end the comparison.
    pub(super) fn is_too_much(self, suspects: usize) -> bool {
        matches!(self, Self::Spared) && suspects > MOST_SUSPECTS
    }

    /// Tells a person something.
    pub(super) fn say(self, text: Arguments<'_>) {
        if let Self::AtOnce(say) = self {
            say(text);
        }
    }

    /// Pauses after a slice that began at `began`.
    pub(super) async fn rest(self, began: Instant) {
        let pause = self.pause(began.elapsed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    fn pause(self, took: Duration) -> Duration {
        match self {
            Self::AtOnce(_) => Duration::ZERO,
            Self::Spared => took * REST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_background_at_most_two_per_cent_of_the_time_is_work() {
        let slices = [3, 20, 150, 4_000].map(Duration::from_millis);
        let work: Duration = slices.iter().sum();
        let rest: Duration = slices.iter().map(|took| Pace::Spared.pause(*took)).sum();
        assert!(work.as_secs_f64() / (work + rest).as_secs_f64() <= 0.02);
        assert_eq!(Pace::AtOnce(|_| {}).pause(work), Duration::ZERO);
    }

    #[test]
    fn only_a_comparison_in_the_background_ends_early() {
        assert!(Pace::Spared.is_too_much(MOST_SUSPECTS + 1) && !Pace::Spared.is_too_much(MOST_SUSPECTS));
        assert!(!Pace::AtOnce(|_| {}).is_too_much(usize::MAX));
    }
}
