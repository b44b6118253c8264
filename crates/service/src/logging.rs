//! Writes log lines for people or machines, and limits lines that repeat.

use std::io::IsTerminal;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// Lines for machines.
    Json,
}

/// The settings of what is logged, and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// A level, or directives separated by commas.
    pub level: String,
    /// The format of the lines.
    pub format: LogFormat,
}

/// Starts logging to standard error, because standard output belongs to what a command prints. A second call changes nothing.
pub fn start(log: &Log) {
    // The configuration was checked before, so a filter that does not parse cannot get here.
    let filter = EnvFilter::from_str(&log.level).unwrap_or_default();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    // An error means that logging was started before, as tests do.
    drop(started);
}

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
