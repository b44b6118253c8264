//! The case `outage`: Postgres is stopped for minutes while a large backlog waits (P6, P10). The case measures how much memory the process
//! holds meanwhile, whether the process stays a member of its group, and how soon the work goes on.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use stack::Service;
use stack::wait::{Attempt, until};

use crate::cost::memory_mb;
use crate::drain::Drain;
use crate::fill::{Filled, PARTITIONS};
use crate::ground::{Ground, PATIENCE};
use crate::measures::Measures;

/// The time between two looks, and so the precision with which the first commit is seen.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// How often memory is read.
const BETWEEN_READINGS: Duration = Duration::from_secs(1);

/// Stops Postgres once the process is at work, starts it again after `away`, and lets the process work everything off.
pub(crate) fn outage_of_postgres(ground: &Ground, filled: &Filled, away: Duration) -> Result<Measures> {
    ground.reset()?;
    // The hashes of so many orders take more memory than redis.conf allows, and none may be evicted, because each is looked at in the end.
    let _: String = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("8gb").query(&mut ground.redis()?)?;
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &[])])?;
    until("every partition has its worker", PATIENCE, || Attempt::when(running(ground).is_ok_and(|running| running == 2 * PARTITIONS)))?;
    await_events(&drain, 0)?;
    let claims = claims(ground)?;
    ground.stack.postgres().stop()?;
    let processed = settled(ground, filled)?;
    let mut measures = Measures::default();
    measures.put("waiting_events", (filled.outcome.events - processed.min(filled.outcome.events)) as f64);
    measures.put("away_seconds", away.as_secs_f64());
    measures.put("away_mb", stay_away(&drain, away)?);

    ground.stack.postgres().start()?;
    let back = Instant::now();
    await_events(&drain, processed)?;
    measures.put("first_commit_after_ms", back.elapsed().as_secs_f64() * 1000.0);
    ground.watch_anew()?;
    let commits = drain.await_commits()?;
    drain.await_hashes()?;
    measures.put("claims_meanwhile", self::claims(ground)? - claims);
    // The other rates and costs of the drain are left out, because they would count the time in which nothing could be done.
    let finished = drain.finish(&commits, Measures::default())?;
    measures.put("outage_peak_mb", finished.get("peak_mb").unwrap_or_default());
    measures.put("catch_up_per_second", finished.get("events_per_second").unwrap_or_default());
    Ok(measures)
}

/// Waits while Postgres is away, and returns the most memory that the process was seen with.
fn stay_away(drain: &Drain<'_>, away: Duration) -> Result<f64> {
    let pid = drain.processes.first().and_then(Service::pid).context("orderstream has ended")?;
    let (begin, mut most) = (Instant::now(), 0.0);
    while begin.elapsed() < away {
        if let Some(death) = drain.death() {
            return Err(death);
        }
        most = memory_mb(pid)?.max(most);
        thread::sleep(BETWEEN_READINGS.min(away.saturating_sub(begin.elapsed())));
    }
    Ok(most)
}

/// How often partitions were claimed. Each claim of a partition, by whichever process, raises its generation by one, and a process that
/// falls out of its group claims anew.
fn claims(ground: &Ground) -> Result<f64> {
    const CLAIMS: &str = "select coalesce(sum(generation), 0)::float8 from consumer_offsets where $1 = ''";
    let (claims,): (f64,) = ground.row(CLAIMS, "")?;
    Ok(claims)
}

/// How many partitions of orders and of customers are worked on.
fn running(ground: &Ground) -> Result<i32> {
    let is_running = |line: &&str| line.starts_with("orderstream_partition_state{") && line.ends_with("state=\"running\"} 1");
    Ok(i32::try_from(ground.get("/metrics")?.lines().filter(is_running).count())?)
}

/// How many events of the orders' topic have been committed since the process started. The process's metrics say so, because Postgres
/// cannot be asked while it is stopped.
fn settled(ground: &Ground, filled: &Filled) -> Result<u64> {
    let series = format!("orderstream_records_total{{topic=\"{}\"", filled.workload.topic());
    let metrics = ground.get("/metrics")?;
    let counts = metrics.lines().filter(|line| line.starts_with(&series)).filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    Ok(counts.sum())
}

/// Returns when more than so many events are committed.
fn await_events(drain: &Drain<'_>, than: u64) -> Result<()> {
    let begin = Instant::now();
    // An error counts as no events, because right after its start the process does not listen yet.
    while settled(drain.ground, drain.filled).unwrap_or_default() <= than {
        if let Some(death) = drain.death() {
            return Err(death);
        }
        if begin.elapsed() > PATIENCE {
            bail!("no more than {than} events are committed after {} s", PATIENCE.as_secs());
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    Ok(())
}
