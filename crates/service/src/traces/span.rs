//! A piece of work, from its beginning to its end.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanBuilder, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::SdkTracer;

use super::{Origin, started};

/// A piece of work that is traced. Clones are the same span, which ends with the last of them. A span of work that is not traced is empty:
/// nothing is made for it, and neither for what belongs to it.
#[derive(Debug, Clone, Default)]
pub struct Span(Option<Arc<Open>>);

#[derive(Debug)]
struct Open {
    tracer: SdkTracer,
    context: Context,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.context.span().end();
    }
}

impl Span {
    pub(super) fn start(tracer: &SdkTracer, span: SpanBuilder, parent: &Context) -> Self {
        let context = parent.with_span(span.start_with_context(tracer, parent));
        Self(Some(Arc::new(Open { tracer: tracer.clone(), context })))
    }

    /// Whether the work is traced.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a part of this work, with links to what else it follows from.
    #[must_use]
    pub fn part(&self, name: &'static str, links: &[Origin]) -> Self {
        let Some(open) = &self.0 else { return Self::default() };
        Self::start(&open.tracer, started(name, None, links), &open.context)
    }

    /// Notes a part of this work that lies in the past, as the times of others tell it.
    pub fn past(&self, name: &'static str, from: SystemTime, to: SystemTime) {
        let Some(open) = &self.0 else { return };
        let part = Self::start(&open.tracer, started(name, Some(from), &[]), &open.context);
        part.0.iter().for_each(|open| open.context.span().end_with_timestamp(to));
    }

    /// Does a part of this work.
    pub async fn around<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        let part = self.part(name, &[]);
        let done = work.await;
        drop(part);
        done
    }

    /// Says something of the work: a number, or a word of a closed set. Never a value of an event (P11).
    pub fn set(&self, name: &'static str, value: impl Into<Value>) {
        if let Some(open) = &self.0 {
            open.context.span().set_attribute(KeyValue::new(name, value));
        }
    }

    /// Notes that something was in the way of the work, at this moment: a word of a closed set. The work goes on.
    pub fn trouble(&self, name: &'static str, class: &'static str) {
        if let Some(open) = &self.0 {
            open.context.span().add_event(name, vec![KeyValue::new("class", class)]);
        }
    }

    /// Says that the work was given up.
    pub fn given_up(&self, why: &'static str) {
        if let Some(open) = &self.0 {
            open.context.span().set_status(Status::error(why));
        }
    }
}
