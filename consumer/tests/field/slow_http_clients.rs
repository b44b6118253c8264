//! Clients of the HTTP port that hold their connection without ever ending their request (P10).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::shop::Shop;

/// How many clients there are: about as many as the descriptors that a process may open by default on most systems.
const CLIENTS: usize = 1_000;

/// Connects, begins a header, and never ends it.
fn slow_client(address: &str) -> TcpStream {
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /readyz HTTP/1.1\r\nhost: ").unwrap();
    slow
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[test]
fn a_thousand_slow_clients_take_a_bounded_part_of_the_process_and_probes_and_orders_go_on() {
    let shop = Shop::with(&[]);
    let process = shop.process(0);
    let pid = process.service().pid().unwrap();
    let before = descriptors(pid);
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| slow_client(&process.address())).collect();
    process.await_readiness(200, "ok");
    let more = descriptors(pid).saturating_sub(before);
    assert!(more < 200, "{CLIENTS} clients hold {more} descriptors");
    // The process needs new connections to Postgres while the clients are there.
    shop.stack().postgres().kill();
    shop.stack().heal().unwrap();
    shop.orders("SLOW", 100);
    shop.await_sql("select count(*) from results where product_id = 'SLOW'", "100");
    process.await_readiness(200, "ok");
    drop(clients);
    shop.await_everything_right();
    shop.clear("SLOW");
}

#[test]
fn a_client_that_never_ends_its_header_is_cut_off() {
    let shop = Shop::open();
    let mut slow = slow_client(&shop.process(0).address());
    slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The read ends with the connection. If the read's time limit came first, the read would be an error.
    slow.read_to_end(&mut Vec::new()).unwrap();
}
