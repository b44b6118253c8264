//! The bounded queue of ended spans, and what became of them (P10).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc;

/// The spans that wait at most: about 4 MB.
const WAITING: usize = 4_096;

/// What became of the spans of a process.
#[derive(Debug, Clone, Default)]
pub struct Spans(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    away: AtomicBool,
}

impl Spans {
    /// The number of spans by what became of them: `sent` and taken, `failed` because the receiver did not take them, or `dropped` because
    /// the queue was full.
    #[must_use]
    pub fn by_outcome(&self) -> [(&'static str, u64); 3] {
        let Counts { sent, failed, dropped, .. } = &*self.0;
        [("sent", sent), ("failed", failed), ("dropped", dropped)].map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    pub(super) fn sent(&self, spans: usize) {
        self.0.sent.fetch_add(spans as u64, Ordering::Relaxed);
        self.0.away.store(false, Ordering::Relaxed);
    }

    pub(super) fn failed(&self, spans: usize) {
        self.0.failed.fetch_add(spans as u64, Ordering::Relaxed);
        self.0.away.store(true, Ordering::Relaxed);
    }

    /// Whether the receiver did not take the last spans that were sent.
    pub(super) fn are_refused(&self) -> bool {
        self.0.away.load(Ordering::Relaxed)
    }
}

/// Takes each span when it ends.
#[derive(Debug)]
pub(super) struct Queue {
    ended: mpsc::Sender<SpanData>,
    spans: Spans,
}

impl Queue {
    pub(super) fn new(spans: Spans) -> (Self, mpsc::Receiver<SpanData>) {
        let (ended, waiting) = mpsc::channel(WAITING);
        (Self { ended, spans }, waiting)
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.ended.try_send(span).is_err() {
            self.spans.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
