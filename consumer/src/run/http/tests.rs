//! Tests of the HTTP endpoints, and of clients that occupy the port.

use std::sync::Arc;

use super::*;
use crate::health::{Dependency, Rules};
use change::fate::Fates;

struct Server {
    address: std::net::SocketAddr,
    health: Health,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn start() -> Server {
    let rules = Rules { stall: Duration::from_secs(30), poll_silence: Duration::from_secs(60), works_without_redis: true };
    let health = Health::new(rules);
    let endpoints = Endpoints { health: health.clone(), metrics: Metrics::new(health.clone()) };
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(serve(listener, endpoints, async move { drop(stopped.await) }));
    Server { address, health, stop, task }
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
async fn an_open_connection_does_not_hold_up_the_end() {
    let server = start().await;
    let mut idle = tokio::net::TcpStream::connect(server.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut idle, b"GET /livez HTTP/1.1\r\n").await.unwrap();
    server.stop.send(()).unwrap();
    let ended = tokio::time::timeout(GRACE * 5, server.task).await;
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
}

/// A client that begins a header and never ends it.
async fn slow_client(address: std::net::SocketAddr) -> tokio::net::TcpStream {
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut slow, b"GET /livez HTTP/1.1\r\nhost: ").await.unwrap();
    slow
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_ends_its_header_is_cut_off() {
    let server = start().await;
    let mut slow = slow_client(server.address).await;
    let all = tokio::time::timeout(HEADER * 6, tokio::io::AsyncReadExt::read_to_end(&mut slow, &mut Vec::new())).await;
    assert!(all.is_ok(), "it is still connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_places_taken_the_oldest_client_gives_way_and_probes_are_answered() {
    let server = start().await;
    let mut slow = Vec::new();
    for _ in 0..3 * CONNECTIONS {
        slow.push(slow_client(server.address).await);
    }
    assert_eq!(server.get("/livez").await, (200, "ok\n".into()));
    let mut oldest = slow.remove(0);
    let gone = tokio::time::timeout(HEADER / 2, tokio::io::AsyncReadExt::read(&mut oldest, &mut [0])).await;
    assert!(matches!(gone, Ok(Ok(0) | Err(_))), "{gone:?}");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = bind(&address).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("http.listen: cannot listen on {address}: another process listens there; stop it or set HTTP_LISTEN to another port")
    );
}
