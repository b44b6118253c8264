//! The case `idle`: what it costs that everything stands still, with the settings of `make up`: Debezium polls, heartbeats come, orderstream
//! watches its servers and compares with the shop.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cost;
use crate::debezium::Debezium;
use crate::ground::Ground;
use crate::measures::Measures;

/// How long nothing is measured, because the Java machines still compile the code that they run often.
const WARM_UP: Duration = Duration::from_secs(60);
/// How long everything stands still: a comparison and twelve heartbeats are in it.
const IDLE: Duration = Duration::from_secs(60);

/// Starts everything, leaves it alone, and measures processor time in per cent of one core, and memory.
pub(crate) fn idle(ground: &Ground) -> Result<Measures> {
    ground.reset()?;
    let debezium = Debezium::start(ground)?;
    let watching = [
        ("SOURCE_URL", ground.stack.orderstream_database_url()),
        ("SOURCE_HEARTBEAT_TOPIC", debezium.heartbeat_topic()),
        ("CONNECT_URL", ground.stack.connect_url()),
        ("CONNECT_CONNECTOR", debezium.name().to_owned()),
        ("RECONCILE_EVERY", "60".to_owned()),
    ];
    let processes = [ground.orderstream(debezium.topic(), &watching)];
    processes[0].start()?;
    thread::sleep(WARM_UP);
    let (begin, before) = (Instant::now(), ground.reading(&processes)?);
    thread::sleep(IDLE);
    let mut measures = Measures::default();
    ground.reading(&processes)?.put_percent_since(&before, begin.elapsed().as_secs_f64(), &mut measures);
    for (family, roots) in ground.families(&processes) {
        measures.put(&format!("idle_mb.{family}"), cost::family_memory_mb(&roots));
    }
    processes[0].stop()?;
    debezium.retire()?;
    Ok(measures)
}
