//! Tests of clients that occupy the port, on a server with one route.

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

struct Server {
    address: std::net::SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn start() -> Server {
    let listener = bind("http.listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let router = Router::new().route("/livez", get(|| async { "ok\n" })).route("/stream", get(stream));
    let task = tokio::spawn(serve(listener, router, async move { drop(stopped.await) }));
    Server { address, stop, task }
}

/// An answer that never ends, if there is a place for it.
async fn stream(axum::Extension(connection): axum::Extension<Connection>) -> axum::response::Response {
    if !connection.becomes_stream() {
        return axum::response::IntoResponse::into_response("full\n");
    }
    let first = std::iter::once(Ok::<_, io::Error>("first\n"));
    axum::response::Response::new(axum::body::Body::from_stream(first_and_no_end(first)))
}

fn first_and_no_end<T: Send + 'static>(first: impl Iterator<Item = T> + Send + 'static) -> impl futures_util::Stream<Item = T> + Send {
    use futures_util::StreamExt as _;
    futures_util::stream::iter(first).chain(futures_util::stream::pending())
}

impl Server {
    /// The whole answer to a request.
    async fn get(&self, path: &str) -> String {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nhost: here\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

#[test]
fn only_an_address_of_this_machine_is_its_own() {
    for own in ["127.0.0.1:8081", "localhost:8081", "LOCALHOST", "[::1]:8081", "127.8.9.1", "[::1]"] {
        assert!(is_loopback(own), "{own}");
    }
    for other in ["0.0.0.0:8081", "[::]:8081", "10.0.0.1:8081", "localhost.example:8081", "127.0.0.1.example", "", ":8081", "1:127.0.0.1"] {
        assert!(!is_loopback(other), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_does_not_hold_up_the_end() {
    let server = start().await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
    server.stop.send(()).unwrap();
    let ended = tokio::time::timeout(GRACE * 5, server.task).await;
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
}

/// A client that begins a header and never ends it.
async fn slow_client(address: std::net::SocketAddr) -> TcpStream {
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost: ").await.unwrap();
    slow
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_ends_its_header_is_cut_off() {
    let server = start().await;
    let mut slow = slow_client(server.address).await;
    let mut rest = Vec::new();
    let all = tokio::time::timeout(HEADER * 6, slow.read_to_end(&mut rest)).await;
    assert!(all.is_ok(), "it is still connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_places_taken_the_oldest_client_gives_way_and_probes_are_answered() {
    let server = start().await;
    let mut slow = Vec::new();
    for _ in 0..3 * CONNECTIONS {
        slow.push(slow_client(server.address).await);
    }
    assert!(server.get("/livez").await.starts_with("HTTP/1.1 200"));
    let mut oldest = slow.remove(0);
    let mut byte = [0];
    let gone = tokio::time::timeout(HEADER / 2, oldest.read(&mut byte)).await;
    assert!(matches!(gone, Ok(Ok(0) | Err(_))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_have_places_of_their_own_and_neither_give_way_nor_take_the_places_of_others() {
    let server = start().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(streaming(server.address).await.unwrap());
    }
    assert!(streaming(server.address).await.is_none());
    let mut slow = Vec::new();
    for _ in 0..2 * CONNECTIONS {
        slow.push(slow_client(server.address).await);
    }
    assert!(server.get("/livez").await.starts_with("HTTP/1.1 200"));
    // Nothing comes of the first stream, not even its end.
    let mut byte = [0];
    let more = tokio::time::timeout(Duration::from_millis(200), streams[0].read(&mut byte)).await;
    assert!(more.is_err(), "{more:?}");
    // A place that is free again is given again.
    drop(streams.remove(0));
    let free = async { while streaming(server.address).await.is_none() {} };
    tokio::time::timeout(Duration::from_secs(30), free).await.unwrap();
}

/// A client whose stream has begun; `None` if it gets none.
async fn streaming(address: std::net::SocketAddr) -> Option<TcpStream> {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /stream HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let (mut text, mut part) = (String::new(), [0; 64]);
    while !text.contains("first\n") && !text.contains("full\n") {
        let read = client.read(&mut part).await.unwrap();
        assert!(read > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    text.contains("first\n").then_some(client)
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = bind("http.listen", "127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = bind("http.listen", &address).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("http.listen: cannot listen on {address}: another process listens there; stop it or set HTTP_LISTEN to another port")
    );
}
