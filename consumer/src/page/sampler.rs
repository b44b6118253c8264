//! Looks at the process once a second, and serialises what the page shows once for all pages, whatever their number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::history::{History, Point};
use super::memory::Memory;
use super::overview::{Around, Overview};
use super::rates::{self, Reading};
use crate::health::{Detail, Health};
use crate::metrics::Metrics;

const SECOND: Duration = Duration::from_secs(1);

/// Rates are those of the last five seconds: a batch that takes a second does not make them jump.
const READINGS: usize = 6;

/// What is new, serialised.
#[derive(Debug, Default)]
pub struct News {
    /// The number of the sample.
    pub seq: u64,
    /// The JSON.
    pub body: Bytes,
    /// The same as a server-sent event.
    pub event: Bytes,
}

/// The samples of this process. Clones see the same.
#[derive(Debug, Clone)]
pub struct Sampled(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    instance: String,
    news: watch::Sender<Arc<News>>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    detail: Detail,
    overview: Option<Arc<Overview>>,
    history: History,
    watched: Option<Instant>,
}

impl Sampled {
    /// No sample yet. `instance` is the name that no other start of a process has.
    #[must_use]
    pub fn new(instance: String) -> Self {
        Self(Arc::new(Inner { instance, news: watch::Sender::default(), last: Mutex::default() }))
    }

    /// The news of each second.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<Arc<News>> {
        self.0.news.subscribe()
    }

    /// The name of this start of the process.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The work of this process, for its report.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.lock().detail.clone()
    }

    /// The last overview; `None` before the first.
    #[must_use]
    pub fn overview(&self) -> Option<Arc<Overview>> {
        self.lock().overview.clone()
    }

    /// The last 15 minutes as JSON.
    ///
    /// # Errors
    /// Only if a number cannot be written, which a defect of this program would be.
    pub fn history(&self) -> serde_json::Result<Vec<u8>> {
        // Half a megabyte is copied within the lock, and written outside of it.
        let history = self.lock().history.clone();
        serde_json::to_vec(&history.columns())
    }

    /// Notes that somebody looks, who gets no stream.
    pub fn is_looked_at(&self, now: Instant) {
        self.lock().watched = Some(now);
    }

    /// Whether a page was open in the last ten seconds. What costs a question to a server is asked for pages alone.
    #[must_use]
    pub fn has_pages(&self, now: Instant) -> bool {
        let asked = self.lock().watched.is_some_and(|at| now.saturating_duration_since(at) < 10 * SECOND);
        asked || self.0.news.receiver_count() > 0
    }

    /// Tells the last news again.
    #[cfg(test)]
    pub(super) fn tell_again(&self) {
        self.0.news.send_modify(|_| {});
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn took(&self, seq: u64, detail: Detail, overview: Overview, point: Point) {
        let body = match serde_json::to_vec(&overview) {
            Ok(json) => Bytes::from(json),
            Err(error) => {
                tracing::error!(%error, "What the page shows cannot be written as JSON: a defect of this program");
                return;
            }
        };
        let event = [b"event: snapshot\nid: ", seq.to_string().as_bytes(), b"\ndata: ", &body, b"\n\n"].concat();
        let mut last = self.lock();
        last.detail = detail;
        last.overview = Some(Arc::new(overview));
        last.history.add(point);
        drop(last);
        self.0.news.send_replace(Arc::new(News { seq, body, event: Bytes::from(event) }));
    }
}

/// Looks once a second, for as long as the process runs. `around` tells what other parts know that the page shows.
pub async fn run(sampled: Sampled, health: Health, metrics: Metrics, mut around: impl FnMut() -> Around + Send) {
    let (mut second, mut readings, mut memory) = (interval(SECOND), VecDeque::new(), Memory::default());
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for seq in 1.. {
        second.tick().await;
        let (snapshot, now) = (health.snapshot(), Instant::now());
        let reading = Reading::new(metrics.counts(), &snapshot, now);
        let detail = rates::detail(readings.front(), &reading, &snapshot);
        readings.push_back(reading);
        if readings.len() > READINGS {
            readings.pop_front();
        }
        let around = Around { at: unix_ms(), seq, instance: sampled.instance().to_owned(), breakers: health.breakers(), ..around() };
        let overview = Overview::new(&snapshot, health.rules(), &detail, &mut memory, around, now);
        let point = Point::of(&overview);
        sampled.took(seq, detail, overview, point);
    }
}

/// The time in milliseconds since 1970.
#[must_use]
pub fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
