//! An HTTP server for a port that may be open to anybody: whatever clients do there, they take only a bounded part of the process (P10), and
//! probes are answered.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// The number of answers at once that go on for as long as the client listens (P10).
const STREAMS: usize = 32;

/// The time for which a client may leave a stream unread (P10). A stream has something to send each second.
const UNREAD: Duration = Duration::from_secs(60);

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
/// endpoint ends it with a panic (P13). Each request carries its [`Connection`].
pub async fn serve(mut listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) {
    let mut connections = Connections::default();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // The listener skips errors of a client, and waits while the process lacks file descriptors.
            (stream, peer) = Listener::accept(&mut listener) => connections.serve(stream, peer, router.clone()),
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
    by_age: VecDeque<(AbortHandle, Connection)>,
    streams: Arc<AtomicUsize>,
}

impl Connections {
    /// Answers one request. If all places are taken, the oldest connection that is no stream is cut off. An honest client is done within
    /// milliseconds, so the oldest connection belongs to a client that only occupies its place.
    fn serve(&mut self, stream: TcpStream, peer: SocketAddr, router: Router) {
        self.by_age.retain(|(task, _)| !task.is_finished());
        while self.by_age.iter().filter(|(_, connection)| !connection.is_stream()).count() >= CONNECTIONS
            && let Some(oldest) = self.by_age.iter().position(|(_, connection)| !connection.is_stream())
            && let Some((task, _)) = self.by_age.remove(oldest)
        {
            task.abort();
        }
        let connection = Connection { peer, stream: Arc::default(), goes_on: Arc::default(), streams: Arc::clone(&self.streams) };
        let known = connection.clone();
        let router = router.layer(axum::Extension(connection.clone()));
        let task = self.open.spawn(async move {
            let _place = Place(connection.clone());
            let mut http = http1::Builder::new();
            // Without a limit, a client that never ends its header would stay for ever. Each connection serves one request, so that nobody
            // keeps a place.
            http.timer(TokioTimer::new()).header_read_timeout(HEADER).keep_alive(false);
            let answered = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            // A client that goes away, says nothing, or does not read is no trouble of this process.
            tokio::select! {
                answered = answered => drop(answered),
                () = connection.is_over() => {}
            }
        });
        self.by_age.push_back((task, known));
    }
}

/// A client's connection, as its request sees it.
#[derive(Debug, Clone)]
pub struct Connection {
    peer: SocketAddr,
    stream: Arc<AtomicBool>,
    /// Whether the client has taken something of the stream since the last look.
    goes_on: Arc<AtomicBool>,
    streams: Arc<AtomicUsize>,
}

impl Connection {
    /// The address of the client, or of the last proxy before it.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Lets the connection last for as long as its answer does. Returns false if there are as many streams as there may be (P10), and then
    /// the connection ends in time like any other.
    #[must_use]
    pub fn becomes_stream(&self) -> bool {
        if self.is_stream() {
            return true;
        }
        let one_more = |streams| (streams < STREAMS).then_some(streams + 1);
        let is_taken = self.streams.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok();
        if is_taken {
            self.stream.store(true, Ordering::Release);
        }
        is_taken
    }

    /// Says that the client takes what the stream sends: more of it is asked for. A stream of which nothing is taken for a minute ends (P10).
    pub fn goes_on(&self) {
        self.goes_on.store(true, Ordering::Relaxed);
    }

    fn is_stream(&self) -> bool {
        self.stream.load(Ordering::Acquire)
    }

    /// Done when a client that gets no stream has had its time, or one that has a stream does not read it.
    async fn is_over(&self) {
        tokio::time::sleep(REQUEST).await;
        while self.is_stream() {
            self.goes_on.store(false, Ordering::Relaxed);
            tokio::time::sleep(UNREAD).await;
            if !self.goes_on.load(Ordering::Relaxed) {
                break;
            }
        }
    }
}

/// The place of a connection, which is free again when the connection has ended, however it ends.
struct Place(Connection);

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.is_stream() {
            self.0.streams.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests;
