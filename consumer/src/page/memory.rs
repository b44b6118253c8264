//! What the overview remembers from one second to the next: the lag, for its trend, and which step is busy for how long. Pure: `now` is an
//! argument.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::alerts::due::DueHistory;

/// The trend of the lag is that of the last ten seconds.
const LOOKS_BACK: Duration = Duration::from_secs(10);

/// A step is the bottleneck if it is so busy for [`LONG`].
const BUSY: f64 = 0.8;
const LONG: Duration = Duration::from_secs(10);

/// The steps in the order in which a batch takes them. The last busy one is the cause: those before it wait for it.
const STEPS: [&str; 5] = ["decode", "lookup", "dead_letter", "commit", "write_back"];

/// The trend of the lag, and how long it takes at this rate until there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trend {
    /// `falling`, `steady` or `rising`.
    pub word: &'static str,
    /// The seconds until there is no lag.
    pub eta_s: Option<u64>,
}

/// The step that holds up the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The step.
    pub edge: &'static str,
    /// The share of time that it takes.
    pub busy: f64,
    /// For how long, in seconds.
    pub for_s: u64,
}

/// What is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    /// The list of the sweep in the last minutes.
    pub due: DueHistory,
    lags: VecDeque<(Instant, u64)>,
    busy_since: BTreeMap<&'static str, Instant>,
}

impl Memory {
    /// Takes the lag of this second in. An unknown lag has no trend, and what was known before says nothing of it.
    pub fn trend(&mut self, lag: Option<u64>, now: Instant) -> Option<Trend> {
        let Some(lag) = lag else {
            self.lags.clear();
            return None;
        };
        self.lags.push_back((now, lag));
        while self.lags.len() > 2 && self.lags.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= LOOKS_BACK) {
            self.lags.pop_front();
        }
        let (then, before) = *self.lags.front()?;
        let seconds = now.saturating_duration_since(then).as_secs_f64();
        if seconds < 2.0 {
            return None;
        }
        // A few records more or less are no trend.
        let noise = (before / 20).max(10);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "numbers of records and seconds"
        )]
        Some(if lag + noise < before {
            Trend { word: "falling", eta_s: Some((lag as f64 / ((before - lag) as f64 / seconds)).ceil() as u64) }
        } else if lag > before + noise {
            Trend { word: "rising", eta_s: None }
        } else {
            Trend { word: "steady", eta_s: None }
        })
    }

    /// Takes in how busy each step is. Returns the step that is the bottleneck.
    pub fn bottleneck(&mut self, busy: impl Fn(&str) -> Option<f64>, now: Instant) -> Option<Cause> {
        let mut found = None;
        for edge in STEPS {
            match busy(edge).filter(|busy| *busy > BUSY) {
                None => drop(self.busy_since.remove(edge)),
                Some(busy) => {
                    let time = now.saturating_duration_since(*self.busy_since.entry(edge).or_insert(now));
                    if time >= LONG {
                        found = Some(Cause { edge, busy, for_s: time.as_secs() });
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_lag_that_falls_says_when_it_will_be_over() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        assert_eq!(memory.trend(Some(10_000), start), None);
        let trends: Vec<_> = (1..=20).map(|second| memory.trend(Some(10_000 - second * 100), after(start, second))).collect();
        assert_eq!(trends[0], None);
        // 8,000 records are left, and a thousand were done in ten seconds.
        assert_eq!(trends[19], Some(Trend { word: "falling", eta_s: Some(80) }));
    }

    #[test]
    fn noise_is_no_trend_and_an_unknown_lag_begins_anew() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let words: Vec<_> = [1_000, 1_020, 990, 1_049, 2_000]
            .into_iter()
            .zip([0, 2, 4, 6, 8])
            .map(|(lag, at)| memory.trend(Some(lag), after(start, at)).map(|t| t.word))
            .collect();
        assert_eq!(words, [None, Some("steady"), Some("steady"), Some("steady"), Some("rising")]);
        assert_eq!(memory.trend(None, after(start, 9)), None);
        assert_eq!(memory.trend(Some(5), after(start, 10)), None);
    }

    #[test]
    fn the_last_step_that_is_busy_for_ten_seconds_is_the_bottleneck_and_those_before_it_are_not() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let busy = |edge: &str| Some(if ["lookup", "commit"].contains(&edge) { 0.9 } else { 0.2 });
        assert_eq!(memory.bottleneck(busy, start), None);
        assert_eq!(memory.bottleneck(busy, after(start, 9)), None);
        assert_eq!(memory.bottleneck(busy, after(start, 12)), Some(Cause { edge: "commit", busy: 0.9, for_s: 12 }));
        assert_eq!(memory.bottleneck(|_| Some(0.1), after(start, 13)), None);
        assert_eq!(memory.bottleneck(busy, after(start, 14)), None);
        assert_eq!(memory.bottleneck(|_| None, after(start, 30)), None);
    }
}
