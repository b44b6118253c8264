//! Writes log lines for people or machines, limits lines that repeat, and changes what is logged while the process runs.
//!
//! - `level`: what is logged, changed at run time
//! - `storm`: a limit for what nobody foresaw
//! - `throttle`: a limit for lines that repeat

use std::io::IsTerminal;

use serde::Deserialize;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

mod level;
mod storm;
mod throttle;

pub use level::{Level, LevelError, filter};
pub use storm::{tell_left_out, tell_left_out_now};
pub use throttle::Throttle;

use storm::LIMIT;

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

/// Starts logging to standard error, because standard output belongs to what a command prints. The answer changes what is logged later on.
/// A second call changes nothing, and neither does what it returns.
pub fn start(log: &Log) -> Level {
    // The configuration was checked before, so a filter that does not parse cannot get here.
    let (filter, handle) = reload::Layer::new(filter(&log.level).unwrap_or_default());
    let limit = &*LIMIT;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let filtered = Registry::default().with(filter);
    let started = match log.format {
        LogFormat::Text => filtered.with(lines.with_ansi(std::io::stderr().is_terminal()).with_filter(limit)).try_init(),
        LogFormat::Json => {
            filtered.with(lines.json().flatten_event(true).with_current_span(false).with_span_list(false).with_filter(limit)).try_init()
        }
    };
    // An error means that logging was started before, as tests do.
    drop(started);
    Level::new(handle)
}
