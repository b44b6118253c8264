//! Tests of the endpoints, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use service::http::{bind, serve};
use service::traces::Spans;

use super::*;
use crate::health::{Dependency, OrdersWithoutRedis, Rules, SourceRules};
use change::fate::Fates;

struct Server {
    address: std::net::SocketAddr,
    health: Health,
    /// Ends the server when it is dropped.
    _stop: tokio::sync::oneshot::Sender<()>,
}

async fn start() -> Server {
    let rules = Rules {
        stall: Duration::from_secs(30),
        poll_silence: Duration::from_secs(60),
        without_redis: OrdersWithoutRedis::Pending,
        compare_every: None,
        source: SourceRules::default(),
    };
    let health = Health::new(rules);
    let endpoints = Endpoints { health: health.clone(), metrics: Metrics::new(health.clone(), Spans::default()) };
    let listener = bind("http.listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(serve(listener, router(endpoints), async move { drop(stopped.await) }));
    Server { address, health, _stop: stop }
}

impl Server {
    async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let get = move || {
            let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
            let mut response = agent.get(url).call().unwrap();
            (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
        };
        tokio::task::spawn_blocking(get).await.unwrap()
    }

    fn becomes_ready(&self) {
        [Dependency::Kafka, Dependency::Postgres].iter().for_each(|server| self.health.up(*server));
        self.health.down(Dependency::Redis, "timeout");
        self.health.assigned("orders");
        let topic: Arc<str> = "orders".into();
        self.health.claiming(&topic, 0);
        self.health.claimed(&topic, 0, 5, Fates { applied: 5, ..Fates::default() });
        self.health.high_watermark(&topic, 0, 7, std::time::Instant::now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_name_their_reasons_one_per_line() {
    let server = start().await;
    assert_eq!(server.get("/livez").await, (200, "ok\n".into()));
    let (code, body) = server.get("/readyz").await;
    assert_eq!(code, 503);
    assert_eq!(body.lines().next(), Some("kafka: not connected yet"));
    server.becomes_ready();
    assert_eq!(server.get("/readyz").await, (200, "degraded\nredis: down for 0 s (timeout)\n".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_status_are_json_and_metrics_are_text() {
    let server = start().await;
    assert_eq!(server.get("/health").await.0, 503);
    server.becomes_ready();
    let json = |body: String| serde_json::from_str::<serde_json::Value>(&body).unwrap();
    let health = json(server.get("/health").await.1);
    assert_eq!((&health["status"], &health["dependencies"]["redis"]["error"]), (&"degraded".into(), &"timeout".into()));
    let status = json(server.get("/status").await.1);
    let partition = &status["partitions"][0];
    assert_eq!((&partition["next_offset"], &partition["lag"], &partition["fates"]["applied"]), (&5.into(), &2.into(), &5.into()));
    let (code, text) = server.get("/metrics").await;
    assert_eq!(code, 200);
    assert!(text.contains("orderstream_partition_lag_records{topic=\"orders\",partition=\"0\"} 2"), "{text}");
    assert_eq!(server.get("/nothing").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_open_metrics_for_who_asks_for_them_and_otherwise_the_older_text() {
    let server = start().await;
    let url = format!("http://{}/metrics", server.address);
    let get = move |accept: &str| {
        let mut response = ureq::get(&url).header("Accept", accept).call().unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, response.body_mut().read_to_string().unwrap())
    };
    let asks = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    let answers = tokio::task::spawn_blocking(move || (get(asks), get("*/*"))).await.unwrap();
    let ((open, open_text), (plain, plain_text)) = answers;
    assert_eq!(open, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open_text.ends_with("# EOF\n") && open_text.contains("# TYPE orderstream_dead_letters counter\n"), "{open_text}");
    assert_eq!(plain, "text/plain; version=0.0.4; charset=utf-8");
    assert!(plain_text.contains("# TYPE orderstream_dead_letters_total counter\n") && !plain_text.contains("# EOF"), "{plain_text}");
}
