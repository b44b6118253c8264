//! Tells once a second how far a comparison is.

use std::time::{Duration, Instant};

use super::pace::Pace;

const EVERY: Duration = Duration::from_secs(1);

/// How far a comparison is.
pub(super) struct Meter {
    pace: Pace,
    what: &'static str,
    total: i64,
    began: Instant,
    next: Instant,
}

impl Meter {
    pub(super) fn new(pace: Pace, what: &'static str, total: i64) -> Self {
        let began = Instant::now();
        Self { pace, what, total, began, next: began + EVERY }
    }

    /// Tells a line if a second has passed: `done` are compared so far, and `suspects` of them are suspect.
    pub(super) fn at(&mut self, done: i64, suspects: usize) {
        if Instant::now() >= self.next {
            self.next = Instant::now() + EVERY;
            self.pace.say(format_args!("{}", line(self.what, done, self.total, suspects, self.began.elapsed())));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn line(what: &str, done: i64, total: i64, suspects: usize, elapsed: Duration) -> String {
    let share = (100 * done).checked_div(total).unwrap_or(100).min(100);
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{done} of about {total} {what} compared ({share} %), {rate:.0}/s, {suspects} to be looked at again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_fast() {
        assert_eq!(
            line("orders", 20_000, 80_000, 3, Duration::from_secs(2)),
            "20000 of about 80000 orders compared (25 %), 10000/s, 3 to be looked at again"
        );
    }
}
