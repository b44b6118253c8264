//! A line that takes its time: everything passes, in order, and arrives later, as between availability zones.
//!
//! Each chunk is stamped when it comes and delivered when its time is over; chunks that follow each other wait at the same time. So the
//! delay is added to a round trip once, however much is in flight.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

const CHUNK: usize = 1 << 16;
/// Chunks in flight in one direction: 16 MB at most, far more than any batch.
const IN_FLIGHT: usize = 256;

/// A chunk and when it may arrive.
type Stamped = (Instant, Vec<u8>);

/// A listening proxy. Its threads live as long as its connections, the listening one as long as the program.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
}

impl Proxy {
    /// Listens on a free port and passes everything to the port `to` of this machine and back, half of `round_trip` later each way.
    pub(crate) fn start(to: u16, round_trip: Duration) -> Result<Self> {
        let port = stack::free_port()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // The server's own refusal ends the client's connection too.
                let _: Result<()> = connect(client, to, round_trip / 2);
            }
        });
        Ok(Self { port })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn connect(client: TcpStream, to: u16, delay: Duration) -> Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, to))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    pass(client.try_clone()?, server.try_clone()?, delay);
    pass(server, client, delay);
    Ok(())
}

/// One direction: a thread that reads and stamps, a thread that waits and writes.
fn pass(from: TcpStream, to: TcpStream, delay: Duration) {
    let (stamped, due) = sync_channel(IN_FLIGHT);
    thread::spawn(move || read(from, &stamped, delay));
    thread::spawn(move || write(to, &due));
}

fn read(mut from: TcpStream, stamped: &SyncSender<Stamped>, delay: Duration) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        if stamped.send((Instant::now() + delay, buffer[..size].to_vec())).is_err() {
            break;
        }
    }
    // Whoever has nothing to say any more may still want to hear: the other direction ends by itself.
    let _: std::io::Result<()> = from.shutdown(Shutdown::Read);
}

fn write(mut to: TcpStream, due: &Receiver<Stamped>) {
    for (at, chunk) in due {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&chunk).is_err() {
            break;
        }
    }
    let _: std::io::Result<()> = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers what it is told, and a connection to it by way of a proxy.
    fn echo(round_trip: Duration) -> TcpStream {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = server.local_addr().unwrap().port();
        thread::spawn(move || {
            for connection in server.incoming().flatten() {
                std::io::copy(&mut &connection, &mut &connection).unwrap();
                connection.shutdown(Shutdown::Both).unwrap();
            }
        });
        let proxy = Proxy::start(port, round_trip).unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap()
    }

    #[test]
    fn both_ways_together_add_the_delay() {
        let mut line = echo(Duration::from_millis(40));
        let start = Instant::now();
        line.write_all(b"x").unwrap();
        line.read_exact(&mut [0]).unwrap();
        let passed = start.elapsed();
        assert!((40..80).contains(&passed.as_millis()), "{passed:?}");
    }

    #[test]
    fn questions_in_flight_wait_at_the_same_time() {
        let mut line = echo(Duration::from_millis(40));
        line.set_nodelay(true).unwrap();
        let start = Instant::now();
        for _ in 0..50 {
            line.write_all(b"x").unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        line.read_exact(&mut [0; 50]).unwrap();
        let passed = start.elapsed();
        assert!((90..400).contains(&passed.as_millis()), "one after the other it would be 2 s: {passed:?}");
    }

    #[test]
    fn everything_arrives_in_order_and_then_the_end() {
        let mut line = echo(Duration::from_millis(2));
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
        let (mut sender, copy) = (line.try_clone().unwrap(), sent.clone());
        thread::spawn(move || sender.write_all(&copy).and_then(|()| sender.shutdown(Shutdown::Write)));
        let mut received = Vec::new();
        line.read_to_end(&mut received).unwrap();
        assert!(received == sent);
    }
}
