//! `orderstream run`: starts the log and runs the process until it is stopped.

use std::path::Path;
use std::process::ExitCode;

use service::logging;
use service::settings::{ExposeSecret, redact_url};
use tracing::{info, warn};

use crate::config::{Config, Loaded};
use crate::health::{REVISION, VERSION};
use crate::run;

pub(super) async fn run(loaded: Loaded, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let hangups = run::hangup::listen()?;
    let level = logging::start(&loaded.config.log);
    begins(&loaded.config);
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    for exposed in loaded.config.exposed() {
        warn!(server = exposed.server, what = exposed.what, "Others on the way to a server may listen");
    }
    tokio::select! {
        ended = run::run(&loaded.config, level.clone()) => ended?,
        ended = run::hangup::reread(hangups, &loaded, file, &level) => ended?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The first line of the log: which program this is, what it reads and where it writes, without secrets.
fn begins(config: &Config) {
    let (kafka, url) = (&config.kafka, redact_url);
    info!(
        version = VERSION,
        revision = REVISION,
        group = kafka.group_id,
        kafka = kafka.bootstrap_servers,
        reads = %[Some(kafka.orders_topic.as_str()), kafka.customers_topic.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", "),
        dead_letters = kafka.dead_letter_topic,
        database = url(config.database.url.now().expose_secret()),
        redis = url(config.redis.url.now().expose_secret()),
        sentinels = config.redis.sentinels.as_ref().map(|sentinels| sentinels.addresses.as_str()),
        shop = config.source.url.as_ref().map(|shop| url(shop.expose_secret())),
        connect = config.connect.as_ref().map(|connect| connect.url.as_str()),
        "Orderstream begins: orders and customers are read from Kafka, and written to the database and to Redis"
    );
}
