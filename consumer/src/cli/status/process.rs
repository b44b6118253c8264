//! Reads what a running process says of itself at `/status`, without an HTTP client: one request, one answer, the connection closes.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(2);
/// The longest answer that is read. An answer is a few kilobytes, but another program that listens there may send anything (P10).
const LONGEST: u64 = 4 << 20;

/// The body of `/status`, as far as it is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Process {
    #[serde(skip)]
    address: String,
    version: String,
    uptime_seconds: u64,
    status: String,
    reasons: Vec<String>,
    partitions: Vec<StatusPartition>,
    breaker: Option<StatusBreaker>,
}

#[derive(Debug, Deserialize)]
struct StatusPartition {
    topic: String,
    partition: i32,
    state: String,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StatusBreaker {
    state: String,
}

/// Asks the process that listens where this configuration says. The error says why there is no answer.
pub(super) async fn ask(listen: Option<&str>) -> Result<Process, String> {
    let Some(listen) = listen else { return Err("http.listen is not set".into()) };
    let address = reachable(listen);
    let answer = tokio::time::timeout(DEADLINE, get(&address)).await;
    let body = answer.map_err(|_| format!("none answers at {address} in time"))?.map_err(|_| format!("none answers at {address}"))?;
    let process: Process = serde_json::from_str(&body).map_err(|_| format!("what listens at {address} is not orderstream"))?;
    Ok(Process { address, ..process })
}

/// The address at which a process can be reached: one that listens on all addresses is reached on this machine.
fn reachable(listen: &str) -> String {
    match listen.rsplit_once(':') {
        Some(("0.0.0.0" | "", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => listen.to_owned(),
    }
}

async fn get(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET /status HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

impl Process {
    pub(super) fn heading(&self) -> String {
        let Self { address, version, uptime_seconds, status, .. } = self;
        let breaker = self.breaker.as_ref().map_or("unknown", |breaker| &breaker.state);
        let mut text =
            format!("process    {status}, orderstream {version} at {address}, up {uptime_seconds} s, breaker around Redis {breaker}\n");
        self.reasons.iter().for_each(|reason| text.push_str(&format!("           {reason}\n")));
        text
    }

    /// What the process does with a partition; `None` if the process does not have the partition.
    pub(super) fn state(&self, topic: &str, partition: i32) -> Option<String> {
        let known = self.partitions.iter().find(|known| known.topic == topic && known.partition == partition)?;
        Some(known.reason.as_ref().map_or(known.state.clone(), |reason| format!("{}: {reason}", known.state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::{Health, Rules, StatusView, readiness};

    #[test]
    fn what_listens_everywhere_is_asked_here() {
        assert_eq!(reachable("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reachable("[::]:8080"), "[::1]:8080");
        assert_eq!(reachable("10.0.0.7:80"), "10.0.0.7:80");
    }

    #[test]
    fn the_body_of_status_is_read() {
        let rules = Rules { stall: DEADLINE, poll_silence: DEADLINE, works_without_redis: true };
        let (health, now) = (Health::new(rules), std::time::Instant::now());
        health.claiming(&"orders".into(), 3);
        let view = StatusView::new(&health.snapshot(), readiness(&health.snapshot(), health.rules(), now), None, now);
        let process: Process = serde_json::from_str(&serde_json::to_string(&view).unwrap()).unwrap();
        assert_eq!(process.state("orders", 3).as_deref(), Some("claiming"));
        assert_eq!(process.state("orders", 4), None);
        assert!(process.heading().contains("not_ready"), "{}", process.heading());
    }

    #[tokio::test]
    async fn nobody_there_is_an_answer_too() {
        assert!(ask(Some("127.0.0.1:1")).await.unwrap_err().contains("none answers"));
        assert!(ask(None).await.unwrap_err().contains("http.listen"));
    }
}
