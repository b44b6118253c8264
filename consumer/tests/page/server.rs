//! The page and its server: what a server that ends, dies and comes back does to pages, and what pages do to the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::shop::apart::Apart;
use crate::shop::{Process, Shop};
use crate::{browser, watched};

/// How many connections of clients the process has.
fn connections(process: &Process) -> usize {
    let (_, port) = process.address().split_once(':').map(|(host, port)| (host.to_owned(), port.parse::<u16>().unwrap())).unwrap();
    let local = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let columns = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    columns.filter(|of| of.get(1) == Some(&&*local) && of.get(3) == Some(&"01")).count()
}

#[test]
fn a_server_that_is_killed_leaves_grey_values_and_a_page_that_comes_back_with_one_stream() {
    let Some(mut shop) = watched::shop() else { return };
    let apart = Apart::new(&shop, "page_killed", &[]);
    let number = watched::beside(&mut shop, &apart, &[]);
    shop.process(number).await_readiness(200, "ok");
    let process = shop.process(number);
    browser::sees("killed_and_back", &watched::url(process), |what, _| {
        match what {
            "the server is killed" => process.service().kill(),
            "the server is back" => process.service().launch().unwrap(),
            "connections" => return connections(process).to_string(),
            other => drop(watched::nothing(other, "")),
        }
        String::new()
    });
}

#[test]
fn seven_tabs_of_one_browser_have_three_streams_and_all_of_them_have_news() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "seven_tabs", |what, _| match what {
        "connections" => connections(shop.process(0)).to_string(),
        other => watched::nothing(other, ""),
    });
}

#[test]
fn an_hour_of_news_leaves_no_memory_behind_in_the_browser() {
    let Some(shop) = watched::shop() else { return };
    watched::sees(&shop, "an_hour", watched::nothing);
}

/// A stream that has begun, behind its first line.
fn stream(process: &Process) -> BufReader<TcpStream> {
    let mut socket = TcpStream::connect(process.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(socket, "GET /api/stream HTTP/1.1\r\nhost: {}\r\n\r\n", process.address()).unwrap();
    let (mut stream, mut first) = (BufReader::new(socket), String::new());
    stream.read_line(&mut first).unwrap();
    assert_eq!(first.trim(), "HTTP/1.1 200 OK");
    stream
}

/// How long a process takes from SIGTERM to its end, with so many streams open, which all are told of the end.
fn end(shop: &mut Shop, apart: &Apart, streams: usize) -> Duration {
    let number = watched::beside(shop, apart, &[]);
    let process = shop.process(number);
    process.await_readiness(200, "ok");
    let open: Vec<_> = (0..streams).map(|_| stream(process)).collect();
    let began = Instant::now();
    process.service().stop().unwrap();
    let took = began.elapsed();
    for mut stream in open {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("event: end"), "a stream was cut off: {rest}");
    }
    took
}

#[test]
fn ten_open_streams_are_told_of_the_end_and_hold_up_the_process_by_less_than_a_second() {
    let mut shop = watched::open();
    let apart = Apart::new(&shop, "page_ended", &[]);
    let (without, with) = (end(&mut shop, &apart, 0), end(&mut shop, &apart, 10));
    assert!(with < without + Duration::from_secs(1), "{with:?} with streams, {without:?} without");
}
