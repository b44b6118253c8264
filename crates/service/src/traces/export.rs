//! The one task that sends spans. Whatever the receiver does, only spans are lost: they are counted, and the log says so once.

use std::time::{Duration, Instant};

use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithTonicConfig, tonic_types};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{timeout, timeout_at};
use tonic_types::transport::ClientTlsConfig;

use super::{Spans, TraceError};
use crate::logging::Throttle;

/// The spans that one request has at most.
const MOST: usize = 512;

/// How long spans wait for others, so that an idle process sends one request a second and not one for each span.
const GATHER: Duration = Duration::from_secs(1);

/// The time that the receiver may take for a request (P10).
const DEADLINE: Duration = Duration::from_secs(5);

/// The time for which the last spans may hold up the end of the process (P10).
const FAREWELL: Duration = Duration::from_secs(1);

/// A receiver that comes and goes is told of at most once in this time.
const QUIET: Duration = Duration::from_secs(60);

/// Sends the spans of a process.
#[derive(Debug)]
pub struct Exporter {
    endpoint: String,
    resource: Resource,
    receiver: SpanExporter,
    ended: mpsc::Receiver<SpanData>,
    spans: Spans,
    outage: Outage,
}

/// What the log was told of the receiver.
#[derive(Debug)]
struct Outage {
    told: Throttle,
    is_told: bool,
    /// The spans that were lost since the receiver went away; `None` while it takes them.
    lost: Option<u64>,
}

impl Exporter {
    pub(super) fn new(endpoint: &str, ended: mpsc::Receiver<SpanData>, spans: Spans, resource: Resource) -> Result<Self, TraceError> {
        let outage = Outage { told: Throttle::new(QUIET), is_told: false, lost: None };
        let receiver = connected(endpoint, &resource)?;
        Ok(Self { endpoint: endpoint.to_owned(), resource, receiver, ended, spans, outage })
    }

    /// Sends spans until `stop` is done. Spans that are still there are sent within a second, unless the receiver is known not to take any.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let ((stopping, mut stopped), known) = (oneshot::channel(), self.spans.clone());
        let work = async {
            while let Some(spans) = gather(&mut self.ended, &mut stopped).await {
                self.send(spans).await;
            }
        };
        tokio::pin!(work, stop);
        tokio::select! {
            () = &mut work => return,
            () = &mut stop => {}
        }
        stopping.send(()).ok();
        if known.are_refused() {
            return;
        }
        if timeout(FAREWELL, work).await.is_err() {
            tracing::warn!("The receiver of traces did not take the last of them before the process ended");
        }
    }

    async fn send(&mut self, spans: Vec<SpanData>) {
        let count = spans.len();
        match timeout(DEADLINE, self.receiver.export(spans)).await {
            Ok(Ok(())) => {
                self.spans.sent(count);
                self.outage.ends(&self.endpoint);
            }
            Ok(Err(error)) => self.failed(count, &error.to_string()),
            Err(_elapsed) => {
                self.failed(count, "it did not answer within 5 s");
                // A connection whose other end is gone without a word would swallow the next requests too.
                if let Ok(fresh) = connected(&self.endpoint, &self.resource) {
                    self.receiver = fresh;
                }
            }
        }
    }

    fn failed(&mut self, count: usize, error: &str) {
        self.spans.failed(count);
        self.outage.goes_on(&self.endpoint, count, error);
    }
}

impl Outage {
    fn goes_on(&mut self, endpoint: &str, spans: usize, error: &str) {
        let is_new = self.lost.is_none();
        *self.lost.get_or_insert(0) += spans as u64;
        if is_new && let Some(suppressed) = self.told.allow(Instant::now()) {
            self.is_told = true;
            tracing::warn!(
                endpoint,
                suppressed,
                error,
                "The receiver of traces does not take them; they are lost until it does, and nothing waits for it"
            );
        }
    }

    fn ends(&mut self, endpoint: &str) {
        if let Some(lost) = self.lost.take()
            && std::mem::take(&mut self.is_told)
        {
            tracing::info!(endpoint, lost, "The receiver of traces takes them again");
        }
    }
}

/// A client of the receiver, which connects by itself when there is something to send. What is lost is not sent again: a trace is not worth
/// a queue that grows.
fn connected(endpoint: &str, resource: &Resource) -> Result<SpanExporter, TraceError> {
    let client = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_protocol(Protocol::Grpc).with_timeout(DEADLINE);
    let client = client.with_retry_policy(RetryPolicy::disabled());
    let client = if endpoint.starts_with("https:") { client.with_tls_config(ClientTlsConfig::new().with_native_roots()) } else { client };
    let mut client = client.build().map_err(|error| TraceError(error.to_string()))?;
    client.set_resource(resource);
    Ok(client)
}

/// The next spans to send together: what ends within a second of the first, up to a fixed number. `None` at the end.
async fn gather(ended: &mut mpsc::Receiver<SpanData>, stopped: &mut oneshot::Receiver<()>) -> Option<Vec<SpanData>> {
    let mut spans = Vec::new();
    let mut until = None;
    while spans.len() < MOST {
        let room = MOST - spans.len();
        let more = async {
            let more = ended.recv_many(&mut spans, room);
            match until {
                Some(until) => timeout_at(until, more).await.unwrap_or(0),
                None => more.await,
            }
        };
        tokio::select! {
            more = more => if more == 0 { break },
            // Nothing comes any more, so what is there is sent at once.
            _ = &mut *stopped, if !stopped.is_terminated() => ended.close(),
        }
        until = until.or_else(|| Some(tokio::time::Instant::now() + GATHER));
    }
    Some(spans).filter(|spans| !spans.is_empty())
}
