//! Who gets what, asked of a real server by raw requests: from this machine, from elsewhere (behind a proxy), by token, by session.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use service::settings::{Environment, Renewable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::config::tokens::NewToken;
use crate::config::{self, Role};
use crate::health::{Health, OrdersWithoutRedis, Rules, SourceRules};
use crate::page::asked::Asked;
use crate::page::sampler::Sampled;
use crate::page::{Page, routes};

struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    known: Vec<(Method, &'static str, Option<Role>)>,
    page: Arc<Page>,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Server {
    async fn start(tokens: &[&NewToken], hosts: &[&str]) -> Self {
        let lines: Vec<&str> = tokens.iter().map(|made| made.line.as_str()).collect();
        Self::with(lines.join("\n").into(), hosts, true).await
    }

    async fn with(tokens: Renewable, hosts: &[&str], trusts_loopback: bool) -> Self {
        let settings = config::Page {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            tokens,
            trusts_loopback,
            restart_connector: false,
        };
        let minute = Duration::from_secs(60);
        let rules = Rules {
            stall: minute,
            poll_silence: minute,
            without_redis: OrdersWithoutRedis::Pending,
            compare_every: None,
            source: SourceRules::default(),
        };
        let stop = watch::Sender::new(false);
        let page = Page::new(&settings, Health::new(rules), Sampled::new("instance".into()), Asked::nobody(), stop.subscribe());
        let routes = routes::all(Arc::clone(&page));
        let known = routes.known.clone();
        let listener = service::http::bind("http.listen", "127.0.0.1:0").await.unwrap();
        let (address, mut stopped) = (listener.local_addr().unwrap(), stop.subscribe());
        let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let task = tokio::spawn(service::http::serve(listener, routes.into_router(), until));
        Self { address, stop, task, known, page }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = if headers.iter().any(|(name, _)| *name == "host") { String::new() } else { format!("host: {}\r\n", self.address) };
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("{method} {path} HTTP/1.1\r\n{host}{lines}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (mut stream, mut text) = (self.send(method, path, headers, body).await, String::new());
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The status of a reading route.
    async fn read(&self, headers: &[(&str, &str)]) -> u16 {
        self.ask("GET", "/api/history", headers, "").await.status
    }
}

/// A client that is not of this machine: a proxy on this machine speaks for it.
const ELSEWHERE: (&str, &str) = ("x-forwarded-for", "203.0.113.7");

fn made(role: Role) -> NewToken {
    NewToken::make(role.as_str(), role).unwrap()
}

#[tokio::test]
async fn this_machine_reads_without_a_token_and_nobody_else_does() {
    let server = Server::start(&[], &["orders.example"]).await;
    assert_eq!(server.read(&[]).await, 200);
    assert_eq!(server.read(&[ELSEWHERE]).await, 403);
    assert_eq!(server.read(&[("host", "orders.example")]).await, 403);
    let told = server.ask("GET", "/api/history", &[ELSEWHERE], "").await.body;
    assert!(told.contains("orderstream page token") && told.contains("page.tokens"), "{told}");
    let shown = server.ask("GET", "/api/session", &[ELSEWHERE], "").await;
    assert!(shown.status == 200 && shown.body.contains(r#""role":null"#), "{shown:?}");
}

#[tokio::test]
async fn what_a_proxy_on_this_machine_passes_on_is_not_of_this_machine() {
    let server = Server::start(&[], &[]).await;
    for header in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-real-ip", "x-envoy-external-address", "via"]
    {
        assert_eq!(server.read(&[(header, "https")]).await, 403, "{header}");
    }
    let mut old = TcpStream::connect(server.address).await.unwrap();
    old.write_all(format!("GET /api/history HTTP/1.0\r\nhost: {}\r\n\r\n", server.address).as_bytes()).await.unwrap();
    let mut answer = String::new();
    old.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(" 403 "), "{answer}");
    let server = Server::with("".into(), &[], false).await;
    assert_eq!(server.read(&[]).await, 403, "page.loopback is off");
}

#[tokio::test]
async fn an_empty_or_absent_file_of_tokens_knows_nobody_and_what_is_added_later_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (path, made) = (folder.path().join("tokens"), made(Role::Read));
    std::fs::write(&path, "").unwrap();
    let environment: Environment = [("PAGE_TOKENS_FILE", path.display().to_string())].into_iter().collect();
    let settings = config::Config::load(None, &environment).unwrap().config.page;
    let server = Server::with(settings.tokens, &[], true).await;
    let bearer = format!("Bearer {}", made.token);
    let read = async || server.read(&[ELSEWHERE, ("authorization", &bearer)]).await;
    assert_eq!(read().await, 401, "nobody is known");
    std::fs::write(&path, format!("wrong\n{}\n", made.line)).unwrap();
    assert_eq!(read().await, 200);
    std::fs::write(&path, "").unwrap();
    assert_eq!(read().await, 401);
    std::fs::write(&path, &made.line).unwrap();
    assert_eq!(read().await, 200);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read().await, 401);
}

#[tokio::test]
async fn a_name_that_is_not_ours_gets_nothing_whatever_it_asks() {
    let token = made(Role::Operate);
    let server = Server::start(&[&token], &[]).await;
    let bearer = format!("Bearer {}", token.token);
    for (_, path, _) in server.known.clone() {
        let path = path.replace("{*path}", "x.js").replace("{id}", "1");
        let answer = server.ask("GET", &path, &[("host", "evil.example"), ("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 421, "{path}");
    }
}

#[tokio::test]
async fn each_route_is_closed_to_every_role_below_its_own_and_open_from_there_on() {
    let tokens = Role::ALL.map(made);
    let server = Server::start(&tokens.each_ref(), &[]).await;
    let guarded: Vec<_> = server.known.iter().filter_map(|(method, path, role)| Some((method, *path, (*role)?))).collect();
    assert!(guarded.len() > 15);
    for (method, path, needed) in guarded {
        let path = path.replace("{id}", "1");
        let without = server.ask(method.as_str(), &path, &[ELSEWHERE], "").await;
        assert!(without.status == 401, "{method} {path} without a token: {without:?}");
        for (role, token) in Role::ALL.into_iter().zip(&tokens) {
            let bearer = format!("Bearer {}", token.token);
            // The answer of a stream does not end, so only its head is read.
            let mut stream = server.send(method.as_str(), &path, &[ELSEWHERE, ("authorization", &bearer)], "").await;
            let mut head = [0; 12];
            stream.read_exact(&mut head).await.unwrap();
            let status: u16 = std::str::from_utf8(&head[9..]).unwrap().parse().unwrap();
            assert_eq!([401, 403].contains(&status), role < needed, "{method} {path} as {}: {status}", role.as_str());
        }
    }
}

#[tokio::test]
async fn a_role_that_is_missing_is_named_once_with_what_to_do() {
    let preview = async |server: Server| server.ask("POST", "/api/actions/preview", &[], "").await;
    let told = preview(Server::start(&[&made(Role::Operate)], &[]).await).await;
    assert_eq!(told.status, 403);
    assert!(told.body.contains(r#""This needs the role operate: log in with a token of that role.""#), "{told:?}");
    let told = preview(Server::start(&[], &[]).await).await;
    assert!(told.status == 403 && told.body.contains("This needs the role operate. No token is configured"), "{told:?}");
}

#[tokio::test]
async fn a_session_does_what_its_token_may_until_it_is_ended() {
    let token = made(Role::Reveal);
    let server = Server::start(&[&token], &[]).await;
    let origin = format!("http://{}", server.address);
    let json = [ELSEWHERE, ("content-type", "application/json"), ("origin", &*origin)];
    let begun = server.ask("POST", "/api/session", &json, &format!(r#"{{"token":"{}"}}"#, token.token)).await;
    assert!(begun.status == 200 && begun.body.contains(r#""user":"reveal","role":"reveal""#), "{begun:?}");
    let cookie = begun.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(["HttpOnly", "SameSite=Strict", "Max-Age=43200"].iter().all(|part| cookie.contains(part)), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let with = [ELSEWHERE, ("cookie", cookie)];
    assert_eq!(server.read(&with).await, 200);
    // A browser says where a change comes from. What does not say so is no browser, and a cookie does not count there.
    assert_eq!(server.ask("DELETE", "/api/session", &with, "").await.status, 403);
    let ended = server.ask("DELETE", "/api/session", &[ELSEWHERE, ("cookie", cookie), ("origin", &*origin)], "").await;
    assert_eq!(ended.status, 204);
    assert_eq!(server.read(&with).await, 401);
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_began_it() {
    let token = made(Role::Read);
    let server = Server::start(&[&token], &[]).await;
    let origin = format!("http://{}", server.address);
    let json = [ELSEWHERE, ("content-type", "application/json"), ("origin", &*origin)];
    let begun = server.ask("POST", "/api/session", &json, &format!(r#"{{"token":"{}"}}"#, token.token)).await;
    let cookie = begun.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap();
    let mut stream = server.send("GET", "/api/stream", &[ELSEWHERE, ("cookie", cookie)], "").await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let ended = server.ask("DELETE", "/api/session", &[ELSEWHERE, ("cookie", cookie), ("origin", &*origin)], "").await;
    assert_eq!(ended.status, 204);
    server.page.sampled.tell_again();
    let mut rest = String::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert!(rest.contains("event: end"), "{rest}");
}

#[tokio::test]
async fn another_page_of_the_same_browser_gets_nothing() {
    let token = made(Role::Operate);
    let server = Server::start(&[&token], &[]).await;
    for from in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "http://evil.example"), ("origin", "null")] {
        assert_eq!(server.read(&[from]).await, 403, "{from:?}");
        let login = server.ask("POST", "/api/session", &[from, ("content-type", "application/json")], r#"{"token":"x"}"#).await;
        assert_eq!(login.status, 403, "{from:?}");
    }
    // A link from elsewhere opens the page, which then asks for itself.
    assert_eq!(server.ask("GET", "/", &[("sec-fetch-site", "cross-site")], "").await.status, 200);
    // A form of another page can only send other types of content.
    let form = server.ask("POST", "/api/session", &[("content-type", "text/plain")], r#"{"token":"x"}"#).await;
    assert_eq!(form.status, 415);
}

#[tokio::test]
async fn five_wrong_tokens_in_a_minute_are_the_last_ones_that_are_looked_at() {
    let token = made(Role::Read);
    let server = Server::start(&[&token], &[]).await;
    for _ in 0..5 {
        assert_eq!(server.read(&[("authorization", "Bearer wrong")]).await, 401);
    }
    let right = format!("Bearer {}", token.token);
    assert_eq!(server.read(&[("authorization", &right)]).await, 200, "whoever guesses locks nobody out");
    let answer = server.ask("GET", "/api/history", &[("authorization", "Bearer wrong")], "").await;
    assert!(answer.status == 429 && answer.body.contains("retry_after_ms\":"), "{answer:?}");
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need_and_no_data_is_kept_by_anybody() {
    let server = Server::start(&[], &[]).await;
    for path in ["/", "/api/history", "/api/session", "/assets/none.js"] {
        let answer = server.ask("GET", path, &[], "").await;
        for header in ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "nosniff", "no-referrer"] {
            assert!(answer.head.contains(header), "{path}: {header}: {}", answer.head);
        }
        assert!(!answer.head.contains("access-control-allow"), "{path}");
        assert_eq!(answer.head.contains("no-store"), path.starts_with("/api/"), "{path}");
    }
}

#[tokio::test]
async fn open_streams_end_within_a_second_of_the_end_and_say_goodbye() {
    let server = Server::start(&[], &[]).await;
    let mut stream = server.send("GET", "/api/stream", &[], "").await;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let began = std::time::Instant::now();
    server.stop.send_replace(true);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    server.task.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1) && rest.contains("event: end"), "{:?} {rest}", began.elapsed());
}
