//! The floor's part of Redis: the commands over Redis' own protocol. A connection sends bytes and waits for the end of the answer.

use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context, Result, bail};

use super::pace::{Pace, Part};
use super::work::{Batch, Write};
use crate::ground::Ground;

const SCRIPT: &str = include_str!("../../../redis/write_orders.lua");
/// The command that is sent after the others. The command's answer is the last, and no other answer ends in the same way.
const END: &[u8] = b"*2\r\n$4\r\nECHO\r\n$7\r\n:theend\r\n";
const ANSWER_TO_END: &[u8; ANSWER_BYTES] = b"$7\r\n:theend\r\n";
const ANSWER_BYTES: usize = 13;
const BUFFER: usize = 1 << 18;

/// Sends the lookups and the writes of every batch, one batch after the other.
pub(super) fn run(ground: &Ground, batches: &[Batch], write: Write, pace: &Pace) -> Result<()> {
    let work = || {
        redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).exec(&mut ground.redis()?)?;
        let mut server = Server::connect(ground.stack.ports().redis)?;
        for (number, batch) in batches.iter().enumerate() {
            pace.await_turn(Part::Redis, number);
            server.exchange(&batch.lookup, b'*')?;
            server.exchange(batch.write(write), b':')?;
            pace.done(Part::Redis);
        }
        Ok(())
    };
    let outcome = work();
    pace.ended(Part::Redis);
    outcome
}

/// Adds to the commands a last one, by which the end of their answers is known.
pub(super) fn with_end(commands: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    commands.chain([END.to_vec()]).flatten().collect()
}

struct Server {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Server {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("Redis does not answer")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; BUFFER] })
    }

    /// Sends `request` and returns when all of it is answered. The first answer has to be of the type `expected`, because refused commands
    /// would otherwise count, as the fastest of all.
    fn exchange(&mut self, request: &[u8], expected: u8) -> Result<()> {
        self.stream.write_all(request)?;
        let mut first = None;
        let mut end = [0; ANSWER_BYTES];
        while &end != ANSWER_TO_END {
            let size = self.stream.read(&mut self.buffer)?;
            let answer = &self.buffer[..size];
            match (first, answer.first()) {
                (_, None) => bail!("Redis has closed the connection"),
                (None, Some(kind)) if *kind != expected => {
                    bail!("Redis: {}", String::from_utf8_lossy(answer).lines().next().unwrap_or_default())
                }
                (_, kind) => first = kind.copied(),
            }
            let kept = ANSWER_BYTES.saturating_sub(size);
            end.copy_within(ANSWER_BYTES - kept.., 0);
            end[kept..].copy_from_slice(&answer[size + kept - ANSWER_BYTES..]);
        }
        Ok(())
    }
}
