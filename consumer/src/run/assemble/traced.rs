//! The servers that a trace asks, with connections that take nothing from the workers (P10).

use std::time::Duration;

use anyhow::Context;
use kafka::reread::Reread;
use kafka::source::standing::StandingEnds;
use ledger::StoreConfig;

use super::{link_settings, store_config};
use crate::config::{Config, WhenCustomerChanges};
use crate::redis::breaker::BreakerConfig;
use crate::redis::link::{LinkSettings, RedisLink};
use crate::results::Results;
use crate::trace::facts::Settings;
use crate::trace::gather::Servers;

/// How long the page lets Postgres work at a question.
const STATEMENT: Duration = Duration::from_millis(250);

/// How long a server may take for its part of a trace on the page, whose connections stand.
const PATIENCE: Duration = Duration::from_millis(150);

/// How many questions of all pages Postgres works at.
const CONNECTIONS: u32 = 2;

/// The servers for one command: each call ends by itself at the deadline.
///
/// # Errors
/// If a client refuses its settings.
pub fn for_a_command(config: &Config, patience: Duration) -> anyhow::Result<Servers> {
    servers(config, "orderstream trace", patience, patience)
}

/// The servers for all pages of this process.
///
/// # Errors
/// If a client refuses its settings.
pub fn for_the_page(config: &Config) -> anyhow::Result<Servers> {
    servers(config, "orderstream page", STATEMENT, PATIENCE)
}

fn servers(config: &Config, program: &'static str, statement: Duration, patience: Duration) -> anyhow::Result<Servers> {
    let limits =
        StoreConfig { max_connections: CONNECTIONS, statement_timeout: statement, lock_timeout: statement, ..store_config(config) };
    // Each call ends at its deadline, so nothing is won by a breaker of its own that keeps calls back and logs what the workers' breaker logs.
    let breaker = BreakerConfig { failures_in_a_row: 0, minimum_calls: u32::MAX, slow_call: None, ..BreakerConfig::default() };
    let link = LinkSettings { lookup_deadline: patience, write_deadline: patience, breaker, ..link_settings(config) };
    let properties = config.kafka.connection_properties().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let kafka = Reread { properties, group: config.kafka.group_id.clone() };
    Ok(Servers {
        results: Results::reading(&limits, program).context("database.url")?,
        redis: RedisLink::new(&link).context("redis.url")?,
        workers: None,
        ends: StandingEnds::new(kafka.clone()),
        kafka,
        settings: Settings {
            epoch: config.source.epoch,
            orders_topic: config.kafka.orders_topic.clone(),
            customers_topic: config.kafka.customers_topic.clone(),
            refresh: config.enrichment.when_customer_changes == WhenCustomerChanges::Refresh,
            order_ttl: config.redis.order_ttl,
        },
        patience,
    })
}
