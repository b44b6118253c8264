//! The tests of `make up SECURE=1`: the README's session works, and no port lets anybody in without TLS or a login.

#![allow(clippy::unwrap_used)]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

#[path = "up/program.rs"]
mod program;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use program::{Up, answer};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use stack::Ports;

/// What comes back over a plain connection; nothing if the server ends it, or waits for TLS.
fn plain(port: u16, said: &str) -> String {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut answer = [0; 256];
    let length = connection.write_all(said.as_bytes()).and_then(|()| connection.read(&mut answer)).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Whether a client of Kafka without TLS or login learns anything at the port.
fn kafka_tells(port: u16) -> bool {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", format!("127.0.0.1:{port}")).set("log_level", "0");
    config.create::<BaseConsumer>().unwrap().fetch_metadata(None, Duration::from_secs(3)).is_ok()
}

/// The ports at which the processes of the stack listen, as `ss` lists them.
fn listening(up: &Up) -> BTreeSet<u16> {
    let family = up.processes();
    let listed = Command::new("ss").args(["-Hltnp"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let of_the_stack = listed.lines().filter(|line| family.iter().any(|pid| line.contains(&format!("pid={pid},"))));
    of_the_stack.map(|line| line.split_whitespace().nth(3).unwrap().rsplit(':').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn the_session_of_the_readme_works_on_a_secured_stack_and_no_port_lets_anybody_in() {
    let up = Up::begin(&["--secure"]);
    up.await_word("Everything is ready");
    let session = up.stack("session");
    assert!(session.status.success(), "{}", answer(&session));

    let Ports { postgres, redis, kafka, controller, connect, orderstream } = up.ports;
    assert_eq!(listening(&up), BTreeSet::from([postgres, redis, kafka, controller, connect, orderstream]));
    let url = format!("postgres://postgres:postgres@127.0.0.1:{postgres}/orders?sslmode=disable");
    let refused = Command::new("psql").args(["-XAtc", "select 1", &url]).output().unwrap();
    assert!(answer(&refused).contains("no pg_hba.conf entry for host"), "{}", answer(&refused));
    assert_eq!(plain(redis, "PING\r\n"), "");
    assert!(!kafka_tells(kafka), "Kafka tells its topics to anybody");
    assert!(!kafka_tells(controller), "the controller tells its topics to anybody");
    let asks = "GET /connectors HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(plain(connect, asks).starts_with("HTTP/1.1 401"), "{}", plain(connect, asks));
    // The probes and what is for operators answer on this machine alone.
    assert!(answer(&up.stack("down")).contains("stopped"));
}
