//! The floor's part of Postgres: the upsert over Postgres' own protocol. A connection sends bytes and waits for the end of the answer.
//!
//! Messages: <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context, Result, anyhow, bail};
use change::value::Timestamp;
use chrono::{DateTime, NaiveDateTime};
use orderstream::results::UPSERT;
use rust_decimal::Decimal;
use sqlx::postgres::PgArgumentBuffer;
use sqlx::{Encode, Postgres};

use super::pace::{Pace, Part};
use super::work::{Batch, Row};
use crate::ground::Ground;

/// The number of version 3.0 of the protocol.
const PROTOCOL: i32 = 196_608;
const BINARY: i16 = 1;

/// Sends the statement of every batch, one after the other, each in a transaction of its own.
pub(super) fn run(ground: &Ground, batches: &[Batch], pace: &Pace) -> Result<()> {
    let work = || {
        let mut backend = Backend::connect(ground.stack.ports().postgres)?;
        backend.prepare(UPSERT)?;
        for (number, batch) in batches.iter().enumerate() {
            pace.await_turn(Part::Postgres, number);
            backend.exchange(&batch.upsert)?;
            pace.done(Part::Postgres);
        }
        Ok(())
    };
    let outcome = work();
    pace.ended(Part::Postgres);
    outcome
}

/// One connection. Postgres trusts the superuser on this machine, so no password is sent.
struct Backend {
    stream: BufReader<TcpStream>,
}

impl Backend {
    fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("Postgres does not answer")?;
        stream.set_nodelay(true)?;
        let mut backend = Self { stream: BufReader::with_capacity(1 << 18, stream) };
        let mut startup = PROTOCOL.to_be_bytes().to_vec();
        startup.extend_from_slice(b"user\0postgres\0database\0orders\0\0");
        backend.exchange(&[&length(&startup)?[..], &startup].concat())?;
        Ok(backend)
    }

    /// Prepares the statement without a name, which every later message refers to.
    fn prepare(&mut self, statement: &str) -> Result<()> {
        let mut parse = vec![0];
        parse.extend_from_slice(statement.as_bytes());
        parse.extend_from_slice(&[0, 0, 0]);
        self.exchange(&[message(b'P', &parse)?, message(b'S', &[])?].concat())
    }

    /// Sends `request` and returns when Postgres is ready for the next.
    fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(request)?;
        loop {
            let mut head = [0; 5];
            self.stream.read_exact(&mut head)?;
            let [kind, size @ ..] = head;
            let size = usize::try_from(i32::from_be_bytes(size))?.checked_sub(4).context("a message shorter than its head")?;
            match kind {
                b'E' => return Err(self.error(size)),
                b'Z' => return self.skip(size),
                _ => self.skip(size)?,
            }
        }
    }

    fn skip(&mut self, mut size: usize) -> Result<()> {
        while size > 0 {
            let ready = self.stream.fill_buf()?.len().min(size);
            if ready == 0 {
                bail!("Postgres has closed the connection");
            }
            self.stream.consume(ready);
            size -= ready;
        }
        Ok(())
    }

    fn error(&mut self, size: usize) -> anyhow::Error {
        let mut body = vec![0; size];
        match self.stream.read_exact(&mut body) {
            Ok(()) => anyhow!("Postgres: {}", String::from_utf8_lossy(&body).replace('\0', " ")),
            Err(error) => error.into(),
        }
    }
}

/// The messages that run the statement for these rows: bind, execute, sync.
pub(super) fn upsert(partition: i32, rows: &[Row]) -> Result<Vec<u8>> {
    let columns = columns(partition, rows)?;
    let count = i16::try_from(columns.len())?;
    let mut bind = vec![0, 0];
    for number in [1, BINARY, count] {
        bind.extend_from_slice(&number.to_be_bytes());
    }
    for column in &columns {
        bind.extend_from_slice(&i32::try_from(column.len())?.to_be_bytes());
        bind.extend_from_slice(column);
    }
    for number in [1, BINARY] {
        bind.extend_from_slice(&number.to_be_bytes());
    }
    Ok([message(b'B', &bind)?, message(b'E', &[0; 5])?, message(b'S', &[])?].concat())
}

/// Converts a time. The times of these rows are finite, so `None` does not happen.
fn naive(time: Timestamp) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(time.micros()).map(|time| time.naive_utc())
}

/// The arguments in the order of the statement.
fn columns(partition: i32, rows: &[Row]) -> Result<Vec<Vec<u8>>> {
    let results = || rows.iter().map(|row| &row.result);
    let customers = || results().map(|row| &row.customer.customer);
    let texts = |texts: Vec<&str>| encoded(&texts);
    let nullable = |texts: Vec<Option<&str>>| encoded(&texts);
    let ids: Vec<i64> = results().map(|row| row.order_id).collect();
    let lsns: Vec<Option<i64>> = ids.iter().map(|id| Some(26_449_144 + id * 224)).collect();
    Ok(vec![
        encoded(&ids)?,
        nullable(results().map(|row| row.customer_id.as_deref()).collect())?,
        nullable(customers().map(|customer| customer.name.as_deref()).collect())?,
        nullable(customers().map(|customer| customer.email.as_deref()).collect())?,
        nullable(customers().map(|customer| customer.tier.as_deref()).collect())?,
        nullable(customers().map(|customer| customer.country.as_deref()).collect())?,
        texts(results().map(|row| row.product_id.as_str()).collect())?,
        encoded(&results().map(|row| row.quantity).collect::<Vec<i32>>())?,
        encoded(&results().map(|row| row.price).collect::<Vec<Decimal>>())?,
        encoded(&results().map(|row| row.total).collect::<Vec<Decimal>>())?,
        nullable(results().map(|row| row.status.as_deref()).collect())?,
        encoded(&results().map(|row| row.ordered_at.and_then(naive)).collect::<Vec<Option<NaiveDateTime>>>())?,
        encoded(&results().map(|row| row.updated_at.and_then(naive)).collect::<Vec<Option<NaiveDateTime>>>())?,
        texts(results().map(|row| row.enrichment.as_str()).collect())?,
        nullable(results().map(|row| row.customer.version.as_deref()).collect())?,
        encoded(&vec![0_i32; rows.len()])?,
        encoded(&vec![partition; rows.len()])?,
        encoded(&ids)?,
        encoded(&vec![b'w'.cast_signed(); rows.len()])?,
        encoded(&lsns)?,
        encoded(&lsns)?,
        encoded(&results().map(|row| row.updated_at.map(|time| time.micros() / 1000)).collect::<Vec<Option<i64>>>())?,
        encoded(&rows.first().context("a batch without rows")?.result.processed_at)?,
    ])
}

fn encoded<'a, T: Encode<'a, Postgres>>(value: &T) -> Result<Vec<u8>> {
    let mut buffer = PgArgumentBuffer::default();
    let _never_null = value.encode_by_ref(&mut buffer).map_err(|error| anyhow!(error))?;
    Ok(buffer.to_vec())
}

fn message(kind: u8, body: &[u8]) -> Result<Vec<u8>> {
    Ok([&[kind][..], &length(body)?, body].concat())
}

/// The length of a message, which counts its own four bytes too.
fn length(body: &[u8]) -> Result<[u8; 4]> {
    Ok((i32::try_from(body.len())? + 4).to_be_bytes())
}
