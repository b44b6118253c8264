//! The case `burst`: one large insert through the real Debezium. The case measures how long it takes until `results` is complete, and how
//! long Debezium alone takes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use stack::Service;

use crate::check;
use crate::cost::peak_memory_mb;
use crate::debezium::Debezium;
use crate::drain::patience;
use crate::ground::Ground;
use crate::measures::Measures;

const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Inserts first a tenth of the rows, which warms up the Java machines, then all rows for Debezium alone, then all rows for Debezium and
/// orderstream.
pub(crate) fn burst(ground: &Ground, rows: u64) -> Result<Measures> {
    ground.reset()?;
    let debezium = Debezium::start(ground)?;
    let before = rows / 10;
    insert(ground, before)?;
    debezium.await_written(before)?;
    let mut measures = Measures::default();
    let alone = insert(ground, rows)?;
    let alone = debezium.await_written(before + rows)? - alone;
    measures.put("debezium_alone_ms", ms(alone));

    let processes = [ground.orderstream(debezium.topic(), &[])];
    let [process] = &processes;
    process.start()?;
    await_processed(ground, &debezium, process, before + rows)?;
    ground.rest()?;
    together(ground, &debezium, &processes, before + rows, rows, &mut measures)?;
    measures.put("times_debezium_alone", measures.get("complete_ms").unwrap_or_default() / ms(alone));
    measures.put("peak_mb", peak_memory_mb(process.pid().context("orderstream has ended")?)?);
    process.stop()?;
    check::source(ground, debezium.topic(), before + rows + rows)?;
    debezium.retire()?;
    Ok(measures)
}

/// Measures Debezium and orderstream at once: a second thread looks at Kafka, and this thread looks at Postgres.
fn together(
    ground: &Ground,
    debezium: &Debezium<'_>,
    processes: &[Service; 1],
    before: u64,
    rows: u64,
    measures: &mut Measures,
) -> Result<()> {
    let reading = ground.reading(processes)?;
    let committed = insert(ground, rows)?;
    let (written, complete) = thread::scope(|scope| {
        let written = scope.spawn(|| debezium.await_written(before + rows));
        let complete = await_processed(ground, debezium, &processes[0], before + rows);
        let written = written.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")));
        anyhow::Ok((written?, complete?))
    })?;
    measures.put("events_per_second", rows as f64 / (complete - committed).as_secs_f64());
    measures.put("debezium_ms", ms(written - committed));
    measures.put("complete_ms", ms(complete - committed));
    measures.put("complete_after_debezium_ms", ms(complete.saturating_duration_since(written)));
    ground.reading(processes)?.put_since(&reading, rows, committed.elapsed().as_secs_f64(), measures);
    Ok(())
}

/// Inserts so many orders by one statement and returns when they were committed.
fn insert(ground: &Ground, rows: u64) -> Result<Instant> {
    let customers = ground.shop.customers;
    ground.stack.psql(&format!(
        "insert into orders (customer_id, product_id, quantity, price)
         select 'CUST' || lpad((n::bigint * 7919 % {customers})::text, 5, '0'), 'PROD' || lpad((n % 1000)::text, 3, '0'), 1 + n % 9, 1 + n % 500 + 0.95
         from generate_series(1, {rows}) as n"
    ))?;
    Ok(Instant::now())
}

/// Returns when so many events are processed and nothing is left for the sweep.
fn await_processed(ground: &Ground, debezium: &Debezium<'_>, process: &Service, events: u64) -> Result<Instant> {
    let begin = Instant::now();
    loop {
        let (processed, open) = ground.processed(debezium.topic())?;
        if processed >= events && open == 0 {
            return Ok(Instant::now());
        }
        if let Some(death) = process.death() {
            return Err(death);
        }
        ensure!(begin.elapsed() < patience(events), "{processed} of {events} events are processed, {open} orders are left for the sweep");
        thread::sleep(BETWEEN_LOOKS);
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
