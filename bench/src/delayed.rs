//! The case `round-trips`: a backlog is worked off over slow lines, as if Postgres and Redis were in another availability zone.
//!
//! The lines cost processor time of their own, so the rate is compared with one over the same lines without delay.

use std::time::{Duration, Instant};

use anyhow::Result;
use stack::proxy::{Mode, Proxy};

use crate::drain::Drain;
use crate::fill::Filled;
use crate::ground::Ground;
use crate::measures::{Measures, Spread};

/// The time that is added to every round trip, with the name of the figure.
const ROUND_TRIPS: [(&str, Duration); 3] =
    [("round-trips-0ms", Duration::ZERO), ("round-trips-1ms", Duration::from_millis(1)), ("round-trips-5ms", Duration::from_millis(5))];
const PINGS: usize = 101;

/// Measures with each delay, one after the other.
pub(crate) fn round_trips(ground: &Ground, filled: &Filled) -> Result<Vec<(&'static str, Measures)>> {
    ROUND_TRIPS.iter().map(|(name, delay)| Ok((*name, over_lines(ground, filled, *delay)?))).collect()
}

fn over_lines(ground: &Ground, filled: &Filled, round_trip: Duration) -> Result<Measures> {
    let ports = ground.stack.ports();
    let line = |port| {
        let line = Proxy::start(ground.runtime.handle(), port)?;
        line.set(Mode::Slow(round_trip / 2));
        Ok::<_, anyhow::Error>(line)
    };
    let (postgres, redis) = (line(ports.postgres)?, line(ports.redis)?);
    let by_way_of = |url: String, port: u16, proxy: &Proxy| url.replace(&format!(":{port}"), &format!(":{}", proxy.port()));
    let redis_url = by_way_of(ground.stack.redis_url(), ports.redis, &redis);
    let settings =
        [("DATABASE_URL", by_way_of(ground.stack.orderstream_database_url(), ports.postgres, &postgres)), ("REDIS_URL", redis_url.clone())];
    ground.reset()?;
    let mut measures = Measures::default();
    measures.put("round_trip_ms", ping_ms(&redis_url)?);
    let drain = Drain::launch(ground, filled, vec![ground.orderstream(filled.workload.topic(), &settings)])?;
    let commits = drain.await_commits()?;
    drain.await_hashes()?;
    drain.finish(&commits, measures)
}

/// Measures how long a round trip to Redis takes over the line, so that nobody has to trust that the delay works.
fn ping_ms(url: &str) -> Result<f64> {
    let mut redis = redis::Client::open(url)?.get_connection()?;
    let mut ping = || {
        let start = Instant::now();
        redis::cmd("PING").exec(&mut redis).map(|()| start.elapsed().as_secs_f64() * 1000.0)
    };
    let times = (0..PINGS).map(|_| ping()).collect::<Result<Vec<f64>, _>>()?;
    Ok(Spread::of(times.into_iter()).map_or(0.0, |spread| spread.median))
}
