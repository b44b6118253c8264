//! Begins to watch the way from the shop to Kafka, and to compare with the shop, as far as the settings say where to look.

use std::sync::Arc;

use anyhow::Context;
use kafka::reread::Reread;
use service::settings::ExposeSecret;
use service::tasks::Tasks;

use super::comparison::{self, background::Comparisons};
use super::watch;
use crate::config::Config;
use crate::shared::Shared;

/// Begins the watches. Each of them is left out if its setting is empty.
pub(super) fn watch(config: &Config, shared: &Arc<Shared>, kafka: &Reread, background: &mut Tasks) -> anyhow::Result<()> {
    let health = &shared.health;
    if let Some(topic) = &config.source.heartbeat_topic {
        background.spawn("the watch of the heartbeat", watch::heartbeat(health.clone(), kafka.clone(), topic.clone()));
    }
    if let Some(connect) = &config.connect {
        let asks = watch::connector(health.clone(), connect).context("Kafka Connect")?;
        background.spawn("the watch of the connector", asks);
    }
    if let Some(url) = &config.source.url {
        let shop = Arc::new(comparison::source(url.expose_secret(), shared, config)?);
        background.spawn("the watch of the slots", watch::slots(health.clone(), Arc::clone(&shop)));
        if let Some(every) = config.reconcile.every {
            let comparisons = Comparisons::new(Arc::clone(shared), config.clone(), kafka.clone(), shop, every);
            background.spawn("the comparison with the shop", comparisons.run());
        }
    }
    Ok(())
}
