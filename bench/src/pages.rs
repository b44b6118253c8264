//! The case `pages`: drain-create while ten pages are open, each with a stream of its own, which get the news of every second.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::drain::Drain;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// The number of open pages.
const PAGES: usize = 10;

/// A stream has news each second, so one that is silent for so long is over.
const SILENCE: Duration = Duration::from_secs(5);

/// Measures a drain at which ten pages look.
pub(crate) fn pages(ground: &Ground, filled: &Filled) -> Result<Measures> {
    ground.reset()?;
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &[])])?;
    let (is_over, events) = (AtomicBool::new(false), AtomicU64::new(0));
    let commits = thread::scope(|scope| {
        for _ in 0..PAGES {
            scope.spawn(|| look(ground.stack.ports().orderstream, &is_over, &events));
        }
        let commits = drain.await_commits().and_then(|commits| drain.await_hashes().map(|()| commits));
        is_over.store(true, Ordering::Relaxed);
        commits
    })?;
    let mut measures = drain.finish(&commits, Measures::default())?;
    let events = events.load(Ordering::Relaxed);
    ensure!(events > PAGES as u64, "the pages got {events} events");
    measures.put("page_events", events as f64);
    Ok(measures)
}

/// Reads a stream until the drain is over, and begins another if one ends.
fn look(port: u16, is_over: &AtomicBool, events: &AtomicU64) {
    while !is_over.load(Ordering::Relaxed) {
        // Before the process listens nothing comes, and the next try is soon.
        if read(port, is_over, events).is_err() {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn read(port: u16, is_over: &AtomicBool, events: &AtomicU64) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(format!("GET /api/stream HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n").as_bytes())?;
    for line in BufReader::new(stream).lines() {
        events.fetch_add(u64::from(line?.starts_with("event: snapshot")), Ordering::Relaxed);
        if is_over.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}
