//! Watches which Redis is the master, as long as Sentinels name it (P8, P9).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::health::{Dependency, Impairment};
use crate::redis::link::{RedisLink, SentinelsView};
use crate::shared::Shared;

/// The time between two looks. A look costs one short connection to each Sentinel, and one to a server that has become the master. The
/// Sentinels themselves tell each other of a new master every two seconds.
const EVERY: Duration = Duration::from_secs(2);

/// Asks the Sentinels again and again, because not every failover breaks a connection: a master that was cut off together with this process
/// answers as ever.
pub(in crate::run) async fn master(shared: Arc<Shared>, link: Arc<RedisLink>) {
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let before = link.in_use();
        let Some(SentinelsView { troubles, instead }) = link.look_for_master().await else { continue };
        if let Some(server) = instead {
            let from = before.map(|server| server.to_string());
            tracing::warn!(from, to = %server, "The Sentinels name another master of Redis; the connections to the one before are given up");
        }
        if let Some(server) = link.in_use() {
            shared.health.served_by(Dependency::Redis, server.to_string());
        }
        let found: Vec<Impairment> = troubles.into_iter().map(|what| Impairment { what, stops: false }).collect();
        for Impairment { what, .. } in shared.health.impaired(Dependency::Redis, "sentinels", &found) {
            tracing::warn!(what, "The Sentinels of Redis are not all of one mind; those that are of use are believed");
        }
    }
}
