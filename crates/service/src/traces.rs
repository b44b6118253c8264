//! Traces for OpenTelemetry: what is made of them, and how they leave the process.
//!
//! Nothing is collected by itself: a span has only what the program says of it, so that no value of an event can slip into one (P11). A
//! process without a receiver makes no span at all. With a receiver, whoever does the work draws whether it is traced, and only then makes
//! spans. Spans wait for the receiver in a bounded queue, and what finds no place there is counted and forgotten, so that nothing ever waits
//! for a receiver (P10).
//!
//! - `origin`: where a trace comes from: the header `traceparent`
//! - `span`: a piece of work, from its beginning to its end
//! - `queue`: where ended spans wait, and what became of them
//! - `export`: the one task that sends them

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{Link, SpanBuilder, SpanKind, TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

mod export;
mod origin;
mod queue;
mod span;

pub use export::Exporter;
pub use origin::Origin;
pub use queue::Spans;
pub use span::Span;

use queue::Queue;

/// The settings of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The receiver: `http://host:port` or `https://host:port`, OTLP over gRPC.
    pub endpoint: String,
    /// The share of the work that is traced, above 0 and up to 1.
    pub sample: f64,
}

/// The receiver's address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TraceError(String);

/// Makes the spans of a process. A clone makes spans of the same process.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    on: Option<Arc<On>>,
    spans: Spans,
}

#[derive(Debug)]
struct On {
    tracer: SdkTracer,
    sample: f64,
}

/// How a trace begins, or goes on.
#[derive(Debug, Default)]
pub struct Beginning {
    /// The time at which the work began; `None`: now.
    pub at: Option<SystemTime>,
    /// What the work is a part of; `None` if a trace begins here.
    pub origin: Option<Origin>,
}

impl Traces {
    /// Prepares spans and the task that sends them. Nothing is connected before there is a span to send.
    ///
    /// # Errors
    /// If the address of the receiver is none.
    pub fn new(settings: &TraceSettings, program: &'static str, version: &'static str) -> Result<(Self, Exporter), TraceError> {
        let identity = [KeyValue::new("service.version", version), KeyValue::new("process.pid", i64::from(std::process::id()))];
        let resource = Resource::builder_empty().with_service_name(program).with_attributes(identity).build();
        let spans = Spans::default();
        let (queue, ended) = Queue::new(spans.clone());
        let exporter = Exporter::new(&settings.endpoint, ended, spans.clone(), resource.clone())?;
        // Whoever does the work draws, so that work that is not traced makes no span. Every span that is made is sent.
        let provider =
            SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_resource(resource).with_span_processor(queue).build();
        let on = On { tracer: provider.tracer(program), sample: settings.sample };
        Ok((Self { on: Some(Arc::new(on)), spans }, exporter))
    }

    /// Whether there is a receiver.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.is_some()
    }

    /// Draws whether a piece of work is traced, by the share of the settings. Without a receiver nothing is traced.
    #[must_use]
    pub fn draw(&self) -> bool {
        self.on.as_ref().is_some_and(|on| fastrand::f64() < on.sample)
    }

    /// What became of the spans.
    #[must_use]
    pub fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Begins a span for work that came from elsewhere. Without a receiver the span is empty.
    #[must_use]
    pub fn begin(&self, name: &'static str, beginning: &Beginning, links: &[Origin]) -> Span {
        let Some(on) = &self.on else { return Span::default() };
        let parent =
            beginning.origin.as_ref().map_or_else(Context::new, |origin| Context::new().with_remote_span_context(origin.context().clone()));
        Span::start(&on.tracer, started(name, beginning.at, links).with_kind(SpanKind::Consumer), &parent)
    }
}

/// What a span begins with.
fn started(name: &'static str, at: Option<SystemTime>, links: &[Origin]) -> SpanBuilder {
    let span = SpanBuilder::from_name(name).with_links(links.iter().map(|origin| Link::with_context(origin.context().clone())).collect());
    match at {
        Some(at) => span.with_start_time(at),
        None => span,
    }
}

#[cfg(test)]
mod tests;
