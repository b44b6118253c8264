//! The tests of the proxy, with a server that echoes what it is told.

use std::io::{ErrorKind, Read, Write};

use super::*;

/// A server that answers what it is told, a proxy before the server, and a connection through the proxy.
fn echo() -> (tokio::runtime::Runtime, Proxy, std::net::TcpStream) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = server.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((mut connection, _)) = server.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = connection.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    let proxy = Proxy::start(runtime.handle(), port).unwrap();
    let client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    (runtime, proxy, client)
}

fn ask(client: &mut std::net::TcpStream, patience: Duration) -> std::io::Result<usize> {
    client.set_read_timeout(Some(patience))?;
    client.write_all(b"x")?;
    client.read(&mut [0])
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn what_is_open_passes_and_what_is_cut_ends() {
    let (_runtime, proxy, mut client) = echo();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
    proxy.cut();
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_black_hole_holds_everything_until_it_is_healed() {
    let (_runtime, proxy, mut client) = echo();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
    proxy.set(Mode::BlackHole);
    assert_eq!(ask(&mut client, SHORT).unwrap_err().kind(), ErrorKind::WouldBlock);
    proxy.heal();
    client.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 1);
}

#[test]
fn a_connection_that_lost_its_answers_does_not_come_back() {
    let (_runtime, proxy, mut client) = echo();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
    proxy.set(Mode::AnswersLost);
    assert_eq!(ask(&mut client, SHORT).unwrap_err().kind(), ErrorKind::WouldBlock);
    proxy.heal();
    client.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_lost_connection_is_silent_for_ever_and_a_new_one_works() {
    let (_runtime, proxy, mut client) = echo();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
    proxy.lose();
    assert_eq!(ask(&mut client, SHORT).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut next = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    assert_eq!(ask(&mut next, LONG).unwrap(), 1);
    assert_eq!(ask(&mut client, SHORT).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_refused_connection_ends_at_once() {
    let (_runtime, proxy, _client) = echo();
    proxy.set(Mode::Refuse);
    let mut client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    assert_eq!(ask(&mut client, LONG).unwrap_or(0), 0);
    proxy.heal();
    let mut client = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
}

#[test]
fn both_ways_together_add_the_delay() {
    let (_runtime, proxy, mut client) = echo();
    proxy.set(Mode::Slow(Duration::from_millis(50)));
    let start = Instant::now();
    assert_eq!(ask(&mut client, LONG).unwrap(), 1);
    let passed = start.elapsed();
    assert!((100..1_000).contains(&passed.as_millis()), "{passed:?}");
}

#[test]
fn questions_in_flight_wait_at_the_same_time() {
    let (_runtime, proxy, mut client) = echo();
    proxy.set(Mode::Slow(Duration::from_millis(50)));
    client.set_nodelay(true).unwrap();
    let start = Instant::now();
    for _ in 0..50 {
        client.write_all(b"x").unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    client.read_exact(&mut [0; 50]).unwrap();
    let passed = start.elapsed();
    assert!((100..2_000).contains(&passed.as_millis()), "one after the other it would be 5 s: {passed:?}");
}

#[test]
fn everything_arrives_in_order_and_then_the_end() {
    let (_runtime, proxy, mut client) = echo();
    proxy.set(Mode::Slow(Duration::from_millis(1)));
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let (mut sender, copy) = (client.try_clone().unwrap(), sent.clone());
    std::thread::spawn(move || sender.write_all(&copy).and_then(|()| sender.shutdown(std::net::Shutdown::Write)));
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received == sent);
}
