//! A receiver of traces: a real server of OTLP over gRPC, which keeps what it gets.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::runtime::Runtime;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// A span as it was received.
#[derive(Debug, Clone)]
pub struct Got {
    pub resource: Resource,
    pub span: Span,
}

impl Got {
    /// The value of an attribute of the span.
    pub fn attribute(&self, name: &str) -> Option<String> {
        value(&self.span.attributes, name)
    }

    /// The value of an attribute of the process.
    pub fn of_process(&self, name: &str) -> Option<String> {
        value(&self.resource.attributes, name)
    }

    /// Whether the span is a part of the other one.
    pub fn is_part_of(&self, other: &Self) -> bool {
        self.span.trace_id == other.span.trace_id && self.span.parent_span_id == other.span.span_id
    }

    pub fn began(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.span.start_time_unix_nano)
    }

    pub fn ended(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.span.end_time_unix_nano)
    }
}

fn value(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Vec<Got>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for of_resource in request.into_inner().resource_spans {
            let resource = of_resource.resource.unwrap_or_default();
            let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            all.extend(spans.map(|span| Got { resource: resource.clone(), span }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A receiver that runs until it is dropped.
pub struct Receiver {
    port: u16,
    collector: Collector,
    /// Ends the server when it is dropped.
    _runtime: Runtime,
}

impl Receiver {
    /// Starts a receiver on a port that nobody listens on.
    pub fn start(port: u16) -> Self {
        let (runtime, collector) = (Runtime::new().unwrap(), Collector::default());
        let server = Server::builder().add_service(TraceServiceServer::new(collector.clone()));
        runtime.spawn(server.serve(([127, 0, 0, 1], port).into()));
        Self { port, collector, _runtime: runtime }
    }

    /// The value of `traces.endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What has arrived so far.
    pub fn spans(&self) -> Vec<Got> {
        self.collector.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
