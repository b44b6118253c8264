//! Violations planted in a log and on each HTTP page: a customer's name. [`tables`](super::tables) and [`letters`](super::letters) plant
//! names in messages and headers.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::{Outcome, Violation, look, try_out};
use crate::checks::{Read, secrets};
use crate::statements::PLANTED_NAME;
use crate::world::World;

const LOG: Violation = Violation { what: "a name in a log", promise: "P11", says: "orderstream-0 has a customer's data" };
/// Each page that the check reads.
const PAGES: [Violation; 4] = [
    Violation { what: "a name on /metrics", promise: "P11", says: "/metrics of orderstream-0 has a customer's data" },
    Violation { what: "a name on /health", promise: "P11", says: "/health of orderstream-0 has a customer's data" },
    Violation { what: "a name on /status", promise: "P11", says: "/status of orderstream-0 has a customer's data" },
    Violation { what: "a name on /readyz", promise: "P11", says: "/readyz of orderstream-0 has a customer's data" },
];
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Plants all of these violations, one at a time.
pub(super) fn plant(world: &mut World, read: &mut Read, outcome: &mut Outcome) -> Result<()> {
    let log = OpenOptions::new().append(true).open(&world.processes[0].log)?;
    let length = log.metadata()?.len();
    let write = || Ok(writeln!(&log, "the order of {PLANTED_NAME} 17 is late")?);
    try_out(outcome, &LOG, write, || Ok(log.set_len(length)?), || Ok(look(world, read)))?;
    // The process that has these pages is stopped, and this program answers in its place.
    world.active = 1;
    let planted = PAGES.iter().try_for_each(|violation| on_page(world, read, outcome, violation));
    world.active = 0;
    planted
}

fn on_page(world: &World, read: &Read, outcome: &mut Outcome, violation: &Violation) -> Result<()> {
    let (listener, is_planted, is_over) =
        (TcpListener::bind((Ipv4Addr::LOCALHOST, world.processes[0].port))?, AtomicBool::new(false), AtomicBool::new(false));
    listener.set_nonblocking(true)?;
    let page = violation.what.rsplit(' ').next().unwrap_or_default();
    let set = |planted: bool| {
        is_planted.store(planted, Ordering::SeqCst);
        Ok(())
    };
    thread::scope(|scope| {
        let serving = scope.spawn(|| serve(&listener, page, &is_planted, &is_over));
        let tried = try_out(outcome, violation, || set(true), || set(false), || secrets::found(world, read));
        is_over.store(true, Ordering::SeqCst);
        serving.join().map_err(|_| anyhow!("the pages panicked"))?.and(tried)
    })
}

/// Answers every request. The answer for `page` has the name while the violation is planted.
fn serve(listener: &TcpListener, page: &str, is_planted: &AtomicBool, is_over: &AtomicBool) -> Result<()> {
    while !is_over.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((client, _)) => answer(client, page, is_planted.load(Ordering::SeqCst))?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn answer(mut client: TcpStream, page: &str, is_planted: bool) -> Result<()> {
    client.set_nonblocking(false)?;
    client.set_read_timeout(Some(REQUEST_PATIENCE))?;
    let (mut request, mut chunk) = (Vec::new(), [0; 1024]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = client.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..read]);
    }
    let is_page = request.starts_with(format!("GET {page} ").as_bytes());
    let body = if is_page && is_planted { PLANTED_NAME } else { "all is well" };
    Ok(write!(client, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())?)
}
