//! The case `latency`: the time from the commit of an insert to the row and to the hash, through the real Debezium.
//!
//! An insert counts as committed when its answer arrives. A row or a hash counts as visible when a look from outside finds it. Between two
//! looks are a millisecond and the time of a query, so a latency is too long by up to one gap; the gaps are measured too. The time that
//! Debezium takes until the event is in Kafka is measured as well, because nobody can read the event earlier.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use sqlx::{Connection, PgConnection};
use tokio::runtime::{Builder, Runtime};

use crate::check;
use crate::cost::peak_memory_mb;
use crate::debezium::Debezium;
use crate::ground::{Ground, PATIENCE};
use crate::measures::{Measures, percentile};
use crate::shop::{customer_id, product_id};

const INSERTS_PER_SECOND: u32 = 200;
/// How long nothing is measured, because the Java machines still compile the code that they run often.
const WARM_UP_SECONDS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// How many orders are looked for at once.
const LOOKED_FOR: usize = 500;

/// Measures a steady stream of inserts for so many seconds.
pub(crate) fn latency(ground: &Ground, seconds: u32) -> Result<Measures> {
    ground.reset()?;
    let debezium = Debezium::start(ground)?;
    let process = ground.orderstream(debezium.topic(), &[]);
    process.start()?;
    let processes = [process];
    let before = ground.reading(&[])?;
    let warm_up = (INSERTS_PER_SECOND * WARM_UP_SECONDS.min(seconds)) as usize;
    let all = warm_up + (INSERTS_PER_SECOND * seconds) as usize;
    let begin = Instant::now();
    let stream = Stream::default();
    let seen = stream.run(ground, &debezium, all)?;
    let took = begin.elapsed().as_secs_f64();

    let mut measures = Measures::default();
    for (what, seen) in ["kafka", "row", "hash"].into_iter().zip(&seen) {
        stream.put(what, seen, warm_up, &mut measures)?;
    }
    let [process] = &processes;
    measures.put("peak_mb", peak_memory_mb(process.pid().context("orderstream has ended")?)?);
    ground.reading(&processes)?.put_since(&before, all as u64, took, &mut measures);
    process.stop()?;
    check::source(ground, debezium.topic(), all as u64)?;
    debezium.retire()?;
    Ok(measures)
}

/// What one thread saw of the orders.
struct Seen {
    /// At index `n`: when the order `n + 1` was seen.
    at: Vec<Instant>,
    /// The times from one look to the next, in milliseconds.
    gaps: Vec<f64>,
}

/// The stream of inserts.
#[derive(Default)]
struct Stream {
    /// At index `n`: when the order `n + 1` was committed.
    committed: Mutex<Vec<Instant>>,
    over: AtomicBool,
}

impl Stream {
    /// Inserts and looks for events, rows and hashes, four threads side by side.
    fn run(&self, ground: &Ground, debezium: &Debezium<'_>, all: usize) -> Result<[Seen; 3]> {
        let ended = |outcome: thread::Result<Result<Seen>>| outcome.unwrap_or_else(|_| Err(anyhow!("a thread panicked")));
        thread::scope(|scope| {
            let events = scope.spawn(|| self.or_over(self.watch(all, events(debezium)?)));
            let rows = scope.spawn(|| self.or_over(self.watch(all, rows(ground)?)));
            let hashes = scope.spawn(|| self.or_over(self.watch(all, hashes(ground)?)));
            self.or_over(self.insert(ground, all))?;
            Ok([ended(events.join())?, ended(rows.join())?, ended(hashes.join())?])
        })
    }

    /// Ends the stream on an error, so that no thread waits for orders that cannot come any more.
    fn or_over<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.inspect_err(|_| self.over.store(true, Ordering::Relaxed))
    }

    /// Inserts one row at a time, each in a transaction of its own, at fixed times: an insert that is late does not shift the next.
    fn insert(&self, ground: &Ground, all: usize) -> Result<()> {
        const INSERT: &str = "insert into orders (customer_id, product_id, quantity, price) values ($1, $2, 1, 9.95) returning id";
        let (runtime, mut connection) = connect(&ground.stack.database_url())?;
        let begin = Instant::now();
        for number in 1..=u32::try_from(all)? {
            let due = begin + Duration::from_secs(1) * number / INSERTS_PER_SECOND;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let insert = sqlx::query_as(INSERT).bind(customer_id(number % ground.shop.customers)).bind(product_id(number % 1000));
            let (id,): (i32,) = runtime.block_on(insert.fetch_one(&mut connection))?;
            ensure!(i64::from(id) == i64::from(number), "insert {number} made order {id}: somebody else inserts");
            self.committed.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        }
        Ok(())
    }

    /// Looks again and again for the oldest orders that are committed and not seen yet.
    fn watch(&self, all: usize, mut look: impl FnMut(&[i64]) -> Result<Vec<i64>>) -> Result<Seen> {
        let mut at: Vec<Option<Instant>> = vec![None; all];
        let (mut gaps, mut last, mut known) = (Vec::new(), Instant::now(), 0);
        let mut open: Vec<i64> = Vec::new();
        let mut progress = Instant::now();
        while known < all || !open.is_empty() {
            thread::sleep(BETWEEN_LOOKS);
            let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner).len();
            open.extend((known..committed).map(|index| index as i64 + 1));
            known = committed;
            let found = look(&open[..open.len().min(LOOKED_FOR)])?;
            let now = Instant::now();
            gaps.push((now - std::mem::replace(&mut last, now)).as_secs_f64() * 1000.0);
            for id in &found {
                at[usize::try_from(id - 1)?] = Some(now);
                progress = now;
            }
            open.retain(|id| !found.contains(id));
            if self.over.load(Ordering::Relaxed) || progress.elapsed() > PATIENCE {
                bail!("{} of {all} orders are missing", all - at.iter().flatten().count());
            }
        }
        Ok(Seen { at: at.into_iter().flatten().collect(), gaps })
    }

    /// Adds the percentiles of the latencies after the warm-up.
    fn put(&self, what: &str, seen: &Seen, warm_up: usize, measures: &mut Measures) -> Result<()> {
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(committed.len() == seen.at.len(), "{} inserts, {} of them seen", committed.len(), seen.at.len());
        let times = seen.at.iter().zip(&*committed).skip(warm_up);
        let mut times: Vec<f64> =
            times.map(|(seen, committed)| seen.saturating_duration_since(*committed).as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        measures.put(&format!("{what}_p50_ms"), percentile(&times, 50.0));
        measures.put(&format!("{what}_p99_ms"), percentile(&times, 99.0));
        measures.put(&format!("{what}_max_ms"), percentile(&times, 100.0));
        let mut gaps = seen.gaps.clone();
        gaps.sort_by(f64::total_cmp);
        measures.put(&format!("{what}_gap_p50_ms"), percentile(&gaps, 50.0));
        measures.put(&format!("{what}_gap_p99_ms"), percentile(&gaps, 99.0));
        measures.put(&format!("{what}_gap_max_ms"), percentile(&gaps, 100.0));
        Ok(())
    }
}

/// Makes a connection with a runtime of its own, so that no other thread has to be woken for an answer.
fn connect(url: &str) -> Result<(Runtime, PgConnection)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connection = runtime.block_on(PgConnection::connect(url))?;
    Ok((runtime, connection))
}

/// A look that says which of the orders have an event in Kafka.
fn events(debezium: &Debezium<'_>) -> Result<impl FnMut(&[i64]) -> Result<Vec<i64>>> {
    let arrivals = debezium.arrivals()?;
    // An event may be in Kafka before the answer to its insert arrives.
    let mut there = HashSet::new();
    Ok(move |ids: &[i64]| {
        there.extend(arrivals.take()?);
        Ok(ids.iter().copied().filter(|id| there.remove(id)).collect())
    })
}

/// A look that says which of the orders have a row.
fn rows(ground: &Ground) -> Result<impl FnMut(&[i64]) -> Result<Vec<i64>>> {
    let (runtime, mut connection) = connect(&ground.stack.database_url())?;
    // The planner has seen the table empty, and would read all of it a thousand times a second, which would distort what is measured.
    runtime.block_on(sqlx::query("set enable_seqscan = off").execute(&mut connection))?;
    Ok(move |ids: &[i64]| {
        let query = sqlx::query_scalar("select order_id from results where order_id = any($1)").bind(ids.to_vec());
        Ok(runtime.block_on(query.fetch_all(&mut connection))?)
    })
}

/// A look that says which of the orders have a hash.
fn hashes(ground: &Ground) -> Result<impl FnMut(&[i64]) -> Result<Vec<i64>>> {
    let mut redis = ground.redis()?;
    Ok(move |ids: &[i64]| {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for id in ids {
            pipeline.exists(format!("order:{id}"));
        }
        let there: Vec<bool> = pipeline.query(&mut redis)?;
        Ok(ids.iter().zip(there).filter_map(|(id, there)| there.then_some(*id)).collect())
    })
}
