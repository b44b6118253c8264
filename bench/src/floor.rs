//! The case `floor`: the rows of drain-create by raw means, with the same statement and the same scripts, and nothing else. No program can
//! be faster than the floor, because the servers cannot.
//!
//! The bytes that are sent were made before the measurement, and answers are only waited for. Postgres and Redis are kept in step, as they
//! are for any program that writes a hash after its row. Otherwise one of them would end early, and a processor would idle for the rest.

mod fetch;
mod pace;
mod postgres;
mod redis;
mod work;

use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use self::fetch::Reader;
use self::pace::Pace;
use self::work::{Work, Write};
use crate::check;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::Measures;

/// The combinations of parts that are measured, each with its name.
const COMBINATIONS: [(&str, Parts); 6] = [
    ("floor", Parts { fetch: true, upsert: true, redis: Some(Write::Script) }),
    ("floor-plain-hset", Parts { fetch: true, upsert: true, redis: Some(Write::Plain) }),
    ("floor-upserts-alone", Parts { fetch: false, upsert: true, redis: None }),
    ("floor-redis-alone", Parts { fetch: false, upsert: false, redis: Some(Write::Script) }),
    ("floor-hset-alone", Parts { fetch: false, upsert: false, redis: Some(Write::Plain) }),
    ("floor-fetch-alone", Parts { fetch: true, upsert: false, redis: None }),
];

/// The parts that take part in a measurement.
#[derive(Clone, Copy, Debug)]
struct Parts {
    fetch: bool,
    upsert: bool,
    redis: Option<Write>,
}

/// Measures each part alone and all together.
pub(crate) fn floor(ground: &Ground, filled: &Filled) -> Result<Vec<(&'static str, Measures)>> {
    let work = Work::prepare(ground, filled)?;
    COMBINATIONS.iter().map(|(name, parts)| Ok((*name, run(ground, filled, &work, *parts).context(*name)?))).collect()
}

fn run(ground: &Ground, filled: &Filled, work: &Work, parts: Parts) -> Result<Measures> {
    ground.reset()?;
    let reader = if parts.fetch { Some(Reader::open(ground, filled)?) } else { None };
    let before = ground.reading(&[])?;
    let start = Instant::now();
    side_by_side(ground, work, parts, reader.as_ref())?;
    let seconds = start.elapsed().as_secs_f64();
    let events = filled.outcome.events;
    let mut measures = Measures::default();
    measures.put("events_per_second", events as f64 / seconds);
    ground.reading(&[])?.put_since(&before, events, seconds, &mut measures);
    if parts.upsert {
        check::rows(ground, filled)?;
    }
    if parts.redis.is_some() {
        check::keys(ground, filled.outcome.orders.len())?;
    }
    Ok(measures)
}

/// Runs the parts side by side: one connection to each server per partition, and one reader of the topic.
fn side_by_side(ground: &Ground, work: &Work, parts: Parts, reader: Option<&Reader>) -> Result<()> {
    let paces: Vec<Pace> = work.partitions.iter().map(|_| Pace::new(parts.upsert && parts.redis.is_some())).collect();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (batches, pace) in work.partitions.iter().zip(&paces) {
            if parts.upsert {
                threads.push(scope.spawn(|| postgres::run(ground, batches, pace)));
            }
            if let Some(write) = parts.redis {
                threads.push(scope.spawn(move || redis::run(ground, batches, write, pace)));
            }
        }
        threads.extend(reader.map(|reader| scope.spawn(|| reader.run())));
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))))
    })
}
