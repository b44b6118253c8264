//! A limit for storms: whatever goes wrong, one place in the code cannot fill the log's disk, and what was left out is counted (P10).
//!
//! Most places limit themselves by a throttle that knows what repeats. This limit is for what nobody foresaw, the lines of libraries among
//! it. It holds for errors, warnings and information; whoever asks for `debug` or `trace` gets all of it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Metadata};
use tracing_subscriber::layer::{Context, Filter};

/// The time in which lines of one place are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// The lines that one place may write in this time.
const MOST: u32 = 100;

/// The places of this process. The log is one for the whole process, and so is its limit.
pub(super) static LIMIT: LazyLock<Limit> = LazyLock::new(Limit::default);

/// The lines of each place in the code.
#[derive(Debug, Default)]
pub(super) struct Limit(Mutex<HashMap<Identifier, Place>>);

#[derive(Debug)]
struct Place {
    metadata: &'static Metadata<'static>,
    count: Count,
}

#[derive(Debug)]
struct Count {
    began: Instant,
    lines: u32,
    left_out: u64,
}

impl Count {
    fn new(began: Instant) -> Self {
        Self { began, lines: 0, left_out: 0 }
    }

    /// Whether one more line may be written now.
    fn allow(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.began) >= WINDOW {
            (self.began, self.lines) = (now, 0);
        }
        if self.lines < MOST {
            self.lines += 1;
            return true;
        }
        self.left_out += 1;
        false
    }
}

/// Lines of one place that were left out.
#[derive(Debug, PartialEq, Eq)]
struct LeftOut {
    /// The module and the line of its file.
    place: String,
    lines: u64,
}

impl Limit {
    fn allow(&self, metadata: &'static Metadata<'static>, now: Instant) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(metadata.callsite()).or_insert_with(|| Place { metadata, count: Count::new(now) });
        place.count.allow(now)
    }

    /// What was left out since the last call.
    fn take(&self) -> Vec<LeftOut> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let storms = places.values_mut().filter(|place| place.count.left_out > 0);
        let taken = storms.map(|place| LeftOut {
            place: format!("{}:{}", place.metadata.target(), place.metadata.line().unwrap_or_default()),
            lines: std::mem::take(&mut place.count.left_out),
        });
        taken.collect()
    }
}

impl<S> Filter<S> for &'static Limit {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        // An error of a partition comes once, and its line is what names the partition (P9).
        let is_of_a_partition = *metadata.level() == tracing::Level::ERROR && metadata.fields().field("partition").is_some();
        *metadata.level() > tracing::Level::INFO || is_of_a_partition || self.allow(metadata, Instant::now())
    }
}

/// Tells every ten seconds what was left out, for as long as the process runs.
pub async fn tell_left_out() {
    loop {
        tokio::time::sleep(WINDOW).await;
        tell_left_out_now();
    }
}

/// Tells what was left out since it was last told.
pub fn tell_left_out_now() {
    for LeftOut { place, lines } in LIMIT.take() {
        tracing::warn!(place, left_out = lines, "So many lines of one place were left out of the log, which takes 100 in 10 s");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use tracing::subscriber::with_default;
    use tracing_subscriber::layer::{Layer, SubscriberExt};
    use tracing_subscriber::{Registry, fmt};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_storm_of_one_place_is_cut_off_and_counted_and_other_places_go_on() {
        let (limit, written): (&'static Limit, Written) = (Box::leak(Box::default()), Written::default());
        let writer = written.clone();
        let lines = fmt::layer().with_writer(move || writer.clone()).with_filter(limit);
        with_default(Registry::default().with(lines), || {
            for number in 0..10_000 {
                tracing::warn!(number, "a storm");
                tracing::debug!(number, "asked for");
            }
            tracing::error!("something else");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
        assert_eq!([count("a storm"), count("asked for"), count("something else")], [100, 10_000, 1]);
        let left_out = limit.take();
        assert!(matches!(&left_out[..], [LeftOut { lines: 9_900, place }] if place.contains("storm::tests:")), "{left_out:?}");
        assert_eq!(limit.take(), [], "what was told is told once");
    }

    #[test]
    fn a_place_may_write_again_after_a_while() {
        let start = Instant::now();
        let mut count = Count::new(start);
        let mut allowed = |seconds, times| (0..times).filter(|_| count.allow(start + Duration::from_secs(seconds))).count();
        assert_eq!([allowed(0, 150), allowed(9, 10), allowed(10, 150)], [100, 0, 100]);
        assert_eq!(count.left_out, 110);
    }
}
