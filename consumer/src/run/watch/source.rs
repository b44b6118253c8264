//! Watches the way from the shop to Kafka: Debezium's heartbeat, the connector, the replication slots (P9). None of them is needed for the
//! work, so what is wrong with them is degraded and never a reason not to be ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka::reread::Reread;
use kafka::source::newest;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::config;
use crate::health::{ConnectorHealth, Health, SlotReading, SlotsHealth, SlotsReading, instant_of};
use crate::shop::SourceDatabase;
use crate::shop::connect::{Connect, ConnectError};
use crate::shop::slots::Slot;

/// The time between two questions. A failed task is told within seconds, and a question costs Connect and the shop's Postgres next to
/// nothing.
const EVERY: Duration = Duration::from_secs(2);

/// The longest time for an answer of the shop's Postgres (P10).
const DEADLINE: Duration = Duration::from_secs(5);

/// The time until the heartbeats are tried again after the client has refused to read them.
const LATER: Duration = Duration::from_secs(60);

/// Follows the topic of Debezium's heartbeats.
pub(in crate::run) async fn heartbeat(health: Health, kafka: Reread, topic: String) {
    loop {
        let told = health.clone();
        let newest = move |timestamp_ms| told.source(|source| source.heartbeat = Some(instant_of(timestamp_ms)));
        if let Err(error) = newest::follow(&kafka.properties, &kafka.group, &topic, newest).await {
            tracing::warn!(topic, %error, "Debezium's heartbeats cannot be read; that is tried again");
        }
        tokio::time::sleep(LATER).await;
    }
}

/// Asks Kafka Connect how the connector is. An error means that the settings are wrong; the future asks until it is dropped.
///
/// # Errors
/// [`ConnectError`]
pub(in crate::run) fn connector(health: Health, settings: &config::Connect) -> Result<impl Future<Output = ()> + use<>, ConnectError> {
    let connect = Connect::new(settings)?;
    health.source(|source| source.connector = Some(ConnectorHealth::new(settings.connector.clone())));
    Ok(async move {
        let mut due = interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            let reading = connect.ask().await;
            health.source(|source| source.connector.iter_mut().for_each(|known| known.answered(reading.clone(), Instant::now())));
        }
    })
}

/// Asks the shop's Postgres how much of its log the replication slots keep.
pub(in crate::run) async fn slots(health: Health, shop: Arc<SourceDatabase>) {
    health.source(|source| source.slots = Some(SlotsHealth::new()));
    loop {
        let reading = match timeout(DEADLINE, shop.slots()).await {
            Ok(Ok(slots)) => SlotsReading::Known(slots.into_iter().map(reading).collect()),
            Ok(Err(error)) => SlotsReading::Away(error.class().as_str()),
            Err(_elapsed) => SlotsReading::Away("timeout"),
        };
        health.source(|source| source.slots.iter_mut().for_each(|known| known.answered(reading.clone(), Instant::now())));
        tokio::time::sleep(EVERY).await;
    }
}

/// What is told of a slot. A slot that lost its place keeps nothing.
fn reading(slot: Slot) -> SlotReading {
    let Slot { name, is_active, is_lost, lag_bytes, retained_bytes, .. } = slot;
    let bytes = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    SlotReading { name, is_active, is_lost, retained_bytes: bytes(retained_bytes), lag_bytes: bytes(lag_bytes) }
}
