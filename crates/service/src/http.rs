//! An HTTP server for a port that may be open to anybody: whatever clients do there, they take only a bounded part of the process (P10), and
//! probes are answered.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::tasks::not_panicked;

/// The time for which open connections may hold up the end of the process (P10).
const GRACE: Duration = Duration::from_secs(1);

/// The number of connections at once (P10): far more than probes and scrapers need, and far less than the file descriptors that the process
/// needs for its servers.
const CONNECTIONS: usize = 64;

/// The time that a client may take for the header of its request (P10).
const HEADER: Duration = Duration::from_secs(5);

/// The time that a client may take from its connection until it has read the answer (P10).
const REQUEST: Duration = Duration::from_secs(10);

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {hint}")]
pub struct BindError {
    setting: &'static str,
    address: String,
    hint: String,
    source: io::Error,
}

/// Binds the address of a setting, so that a port in use is found before any work begins.
///
/// # Errors
/// If another process has the port, or the address is not of this machine.
pub async fn bind(setting: &'static str, address: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| {
        let variable = setting.replace('.', "_").to_ascii_uppercase();
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => format!("another process listens there; stop it or set {variable} to another port"),
            io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
            io::ErrorKind::PermissionDenied => "ports below 1024 need more rights".to_owned(),
            _ => source.to_string(),
        };
        BindError { setting, address: address.to_owned(), hint, source }
    })
}

/// Whether a `host:port`, or a host alone, means this machine and nothing that another machine can reach.
#[must_use]
pub fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Answers until `shutdown` is done, and then for a second at most. Nothing that a client does can end the server. A defect behind an
/// endpoint ends it with a panic (P13).
pub async fn serve(mut listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) {
    let mut connections = Connections::default();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // The listener skips errors of a client, and waits while the process lacks file descriptors.
            (stream, _) = Listener::accept(&mut listener) => connections.serve(stream, router.clone()),
            Some(ended) = connections.open.join_next() => not_panicked(ended),
        }
    }
    drop(listener);
    let finish = async {
        while let Some(ended) = connections.open.join_next().await {
            not_panicked(ended);
        }
    };
    // Connections that are still open after that are cut off.
    tokio::time::timeout(GRACE, finish).await.ok();
}

/// The connections of clients, up to a fixed number.
#[derive(Debug, Default)]
struct Connections {
    open: JoinSet<()>,
    /// All open connections, and some that have ended, the oldest first.
    by_age: VecDeque<AbortHandle>,
}

impl Connections {
    /// Answers one request. If all places are taken, the oldest connection is cut off. An honest client is done within milliseconds, so the
    /// oldest connection belongs to a client that only occupies its place.
    fn serve(&mut self, stream: TcpStream, router: Router) {
        self.by_age.retain(|connection| !connection.is_finished());
        while self.by_age.len() >= CONNECTIONS
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        self.by_age.push_back(self.open.spawn(async move {
            let mut http = http1::Builder::new();
            // Without a limit, a client that never ends its header would stay for ever. Each connection serves one request, so that nobody
            // keeps a place.
            http.timer(TokioTimer::new()).header_read_timeout(HEADER).keep_alive(false);
            let answered = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            // A client that goes away, says nothing, or does not read is no trouble of this process.
            drop(tokio::time::timeout(REQUEST, answered).await);
        }));
    }
}

#[cfg(test)]
mod tests;
