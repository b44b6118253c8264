//! The case `observed`: drain-create while somebody watches as in production. One batch in ten is traced, ten times as many as by default,
//! to a receiver in this program, and the metrics are asked for more often than Prometheus does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::drain::Drain;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// More often than deploy/prometheus/prometheus.yml says, because a drain takes only seconds.
const BETWEEN_SCRAPES: Duration = Duration::from_secs(5);

/// Measures a drain that is watched.
pub(crate) fn observed(ground: &Ground, filled: &Filled) -> Result<Measures> {
    ground.reset()?;
    let port = stack::free_port()?;
    let spans = Spans::default();
    let receiver = Server::builder().add_service(TraceServiceServer::new(spans.clone())).serve(([127, 0, 0, 1], port).into());
    let receiver = ground.runtime.spawn(receiver);
    let settings = [("TRACES_ENDPOINT", format!("http://127.0.0.1:{port}")), ("TRACES_SAMPLE", "0.1".to_owned())];
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &settings)])?;
    let is_over = AtomicBool::new(false);
    let (commits, scrapes) = thread::scope(|scope| {
        let scrapes = scope.spawn(|| scrape(ground, &is_over));
        let commits = drain.await_commits().and_then(|commits| drain.await_hashes().map(|()| commits));
        is_over.store(true, Ordering::Relaxed);
        scrapes.thread().unpark();
        (commits, scrapes.join().unwrap_or_default())
    });
    let measures = drain.finish(&commits?, Measures::default());
    receiver.abort();
    let mut measures = measures?;
    let received = spans.0.load(Ordering::Relaxed);
    ensure!(received > 0 && scrapes > 0, "nobody watched: {received} spans, {scrapes} times the metrics");
    measures.put("spans", received as f64);
    measures.put("scrapes", scrapes as f64);
    Ok(measures)
}

/// Asks for the metrics again and again, and returns how often they came.
fn scrape(ground: &Ground, is_over: &AtomicBool) -> u64 {
    let mut times = 0;
    while !is_over.load(Ordering::Relaxed) {
        // Before the process listens nothing comes, and the next try is soon.
        let came = ground.get("/metrics").is_ok();
        times += u64::from(came);
        thread::park_timeout(if came { BETWEEN_SCRAPES } else { Duration::from_millis(100) });
    }
    times
}

/// Counts the spans that it gets.
#[derive(Clone, Default)]
struct Spans(Arc<AtomicU64>);

#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let count: usize = resources.iter().flat_map(|of| &of.scope_spans).map(|scope| scope.spans.len()).sum();
        self.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
