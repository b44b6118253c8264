//! A TCP proxy between a client and one server, which makes the faults of a network.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

const CHUNK: usize = 16 * 1024;
/// Chunks on their way in one direction: 4 MB at most, more than a batch.
const IN_FLIGHT: usize = 256;

/// How the line behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Open,
    /// Everything passes later by this delay, in each direction, as between availability zones.
    Slow(Duration),
    /// Connections stay, and nothing passes.
    BlackHole,
    /// What the client says arrives, and no answer comes back, so that the client does not know whether its commit succeeded.
    AnswersLost,
    /// New connections end at once.
    Refuse,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("open"),
            Self::Slow(delay) => write!(f, "delayed by {} ms", delay.as_millis()),
            Self::BlackHole => f.write_str("black-holed"),
            Self::AnswersLost => f.write_str("answers lost"),
            Self::Refuse => f.write_str("refused"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Line {
    mode: Mode,
    /// The server's port.
    to: u16,
    /// Connections end when this number grows.
    cuts: u64,
    /// Connections are silent for ever when this number grows.
    losses: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Question,
    Answer,
}

/// A listening proxy, which lives as long as the runtime.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// Listens on a free port and passes everything to the port `to` of this machine.
    ///
    /// # Errors
    /// If no port can be listened on.
    pub fn start(runtime: &Handle, to: u16) -> Result<Self> {
        let port = crate::free_port()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
        let (line, ends) = watch::channel(Line { mode: Mode::Open, to, cuts: 0, losses: 0 });
        runtime.spawn(accept(listener, ends));
        Ok(Self { port, line })
    }

    /// The port on which the proxy listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets the line behave as `mode` says from now on.
    pub fn set(&self, mode: Mode) {
        self.line.send_modify(|line| line.mode = mode);
        if mode == Mode::Refuse {
            self.cut();
        }
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.line.send_modify(|line| line.cuts += 1);
    }

    /// Lets the address lead to the server at another port, as a failover does. All connections end.
    pub fn lead_to(&self, port: u16) {
        self.line.send_modify(|line| line.to = port);
        self.cut();
    }

    /// Loses all open connections without a word, as a firewall does that forgets them. The connections stay, and nothing passes through
    /// them any more. New connections work.
    pub fn lose(&self) {
        self.line.send_modify(|line| line.losses += 1);
    }

    /// Lets everything pass again. Connections that lost an answer cannot go on, so they end.
    pub fn heal(&self) {
        if self.line.borrow().mode == Mode::AnswersLost {
            self.cut();
        }
        self.set(Mode::Open);
    }
}

async fn accept(listener: TcpListener, line: watch::Receiver<Line>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if line.borrow().mode != Mode::Refuse {
            tokio::spawn(connect(client, line.clone()));
        }
    }
}

async fn connect(client: TcpStream, line: watch::Receiver<Line>) {
    let Line { cuts, to, .. } = *line.borrow();
    // A server that refuses the connection ends the client's connection too.
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else { return };
    let _: std::io::Result<()> = client.set_nodelay(true).and(server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut cut = line.clone();
    let questions = pump(from_client, to_server, Direction::Question, line.clone());
    let answers = pump(from_server, to_client, Direction::Answer, line);
    tokio::select! {
        // The cut is looked at first, so that an answer that was held back does not slip through when the line heals in the same instant.
        biased;
        _ = cut.wait_for(|line| line.cuts > cuts) => {}
        // A side that has ended its own direction may still receive. An error in one direction ends both.
        _ = async { tokio::try_join!(questions, answers) } => {}
    }
}

/// Passes on one direction. Chunks in flight wait at the same time, so that a delay is added once, however much is in flight.
async fn pump(from: OwnedReadHalf, to: OwnedWriteHalf, direction: Direction, line: watch::Receiver<Line>) -> Result<()> {
    let (stamped, due) = mpsc::channel(IN_FLIGHT);
    tokio::try_join!(receive(from, stamped, line.clone()), deliver(to, due, direction, line)).map(drop)
}

/// A chunk and when it may arrive. An empty chunk is the end of the direction, which is passed on too.
type Stamped = (Instant, Vec<u8>);

async fn receive(mut from: OwnedReadHalf, stamped: mpsc::Sender<Stamped>, line: watch::Receiver<Line>) -> Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await?;
        let delay = match line.borrow().mode {
            Mode::Slow(delay) => delay,
            _ => Duration::ZERO,
        };
        stamped.send((Instant::now() + delay, buffer[..length].to_vec())).await?;
        if length == 0 {
            return Ok(());
        }
    }
}

async fn deliver(
    mut to: OwnedWriteHalf,
    mut due: mpsc::Receiver<Stamped>,
    direction: Direction,
    mut line: watch::Receiver<Line>,
) -> Result<()> {
    let losses = line.borrow().losses;
    while let Some((at, chunk)) = due.recv().await {
        await_instant(at).await?;
        line.wait_for(|line| line.losses == losses && passes(line.mode, direction)).await?;
        to.write_all(&chunk).await?;
    }
    to.shutdown().await?;
    Ok(())
}

/// Waits until `at`. Tokio's clock counts in milliseconds, so a thread waits for the last of them.
async fn await_instant(at: Instant) -> Result<()> {
    const TICK: Duration = Duration::from_millis(2);
    let left = at.saturating_duration_since(Instant::now());
    if left > TICK {
        tokio::time::sleep(left - TICK).await;
    }
    let left = at.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        tokio::task::spawn_blocking(move || std::thread::sleep(left)).await?;
    }
    Ok(())
}

fn passes(mode: Mode, direction: Direction) -> bool {
    match mode {
        Mode::BlackHole => false,
        Mode::AnswersLost => direction == Direction::Question,
        Mode::Open | Mode::Slow(_) | Mode::Refuse => true,
    }
}

#[cfg(test)]
mod tests;
