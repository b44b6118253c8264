//! Builds the parts of the process from the configuration: which setting goes where.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use change::envelope::{self};
use kafka::dead_letter::DeadLetters;
use kafka::source::SourceConfig;
use ledger::StoreConfig;
use service::traces::{Exporter, Traces};
use tokio::sync::Notify;
use worker::letter_cap::LetterCap;

use crate::config::{
    BreakerSettings, Config, Format, Held, Sentinels, TimeUnit, WhenCustomerChanges, WhenCustomerIsMissing, WhenRedisIsDown,
};
use crate::health::{Health, OrdersWithoutRedis, Rules, SourceRules};
use crate::metrics::Metrics;
use crate::orders::changes::Strictness;
use crate::orders::decode::Decoder;
use crate::redis::breaker::{BreakerConfig, Forced};
use crate::redis::cache::{CacheSettings, OrderCache};
use crate::redis::customers::{CommittedCustomers, Customers};
use crate::redis::link::{LinkSettings, RedisLink, SentinelSettings, Server};
use crate::redis::progress::RedisProgress;
use crate::results::Results;
use crate::run::watch;
use crate::shared::{self, Limits, Places, Shared};

pub mod traced;

/// The poll thread reports every second. After this silence it is dead, and only a restart helps.
const POLL_SILENCE: Duration = Duration::from_secs(60);

/// The smallest limit for the size of a dead letter: a record that is too large to be processed has to fit. The topic's own limit decides.
const LETTER_BYTES: usize = 16 << 20;

/// All parts of the process, not yet running.
pub struct Parts {
    /// The parts that the workers share.
    pub shared: Shared,
    /// The connection to Redis.
    pub link: Arc<RedisLink>,
    /// How far the customers' topic is committed.
    pub committed: CommittedCustomers,
    /// The sources: orders, and customers if a topic has them.
    pub sources: Vec<SourceConfig>,
    /// Settings of Kafka clients.
    pub kafka: Vec<(String, String)>,
    /// Sends the spans; `None` if nothing is traced.
    pub exporter: Option<Exporter>,
}

/// Builds the parts. Nothing is connected yet.
///
/// # Errors
/// If a client refuses its settings.
pub fn assemble(config: &Config) -> anyhow::Result<Parts> {
    let link = RedisLink::new(&link_settings(config)).context("redis.url")?;
    link.force_breaker(forced(config.breaker.held));
    let committed = CommittedCustomers::default();
    let kafka: Vec<(String, String)> =
        config.kafka.connection_properties().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let health = Health::new(rules(config));
    let watched = Arc::clone(&link);
    health.watch_breakers(move || watch::breakers(&watched));
    let (traces, exporter) = traces(config)?;
    let (topic, metrics) = (config.kafka.customers_topic.clone(), Metrics::new(health.clone(), traces.spans().clone()));
    let shared = Shared {
        decoder: decoder(config),
        results: Results::new(&store_config(config)).context("database.url")?,
        customers: Customers::new(Arc::clone(&link), topic.clone(), committed.clone()).counted(metrics.clone()),
        cache: OrderCache::new(Arc::clone(&link), cache_settings(config)),
        redis_progress: RedisProgress::new(Arc::clone(&link)),
        redis: Arc::clone(&link),
        letters: DeadLetters::new(&letter_properties(config, &kafka), &config.kafka.dead_letter_topic)
            .context("kafka.dead_letter_topic")?,
        metrics,
        traces,
        health,
        limits: Limits { records: config.batch.max_records, bytes: config.batch.max_bytes },
        letter_cap: LetterCap { max_share: config.dead_letters.max_share, window: config.dead_letters.window_records },
        strictness: Strictness {
            refuse_missing: config.enrichment.when_customer_is_missing == WhenCustomerIsMissing::DeadLetter,
            refuse_unavailable: config.enrichment.when_redis_is_down == WhenRedisIsDown::DeadLetter,
        },
        hold_while_redis_is_down: config.enrichment.when_redis_is_down == WhenRedisIsDown::Hold,
        refresh: config.enrichment.when_customer_changes == WhenCustomerChanges::Refresh,
        places: Places::default(),
        held: shared::Held::default(),
        due: Notify::new(),
        behind: Notify::new(),
        recent_is_old: AtomicBool::new(true),
        troubles: Mutex::new(HashMap::new()),
    };
    let orders = source(config, &kafka, &config.kafka.orders_topic);
    let customers = topic.map(|topic| for_seldom_changes(source(config, &kafka, &topic)));
    Ok(Parts { shared, link, committed, sources: [orders].into_iter().chain(customers).collect(), kafka, exporter })
}

fn traces(config: &Config) -> anyhow::Result<(Traces, Option<Exporter>)> {
    let Some(settings) = &config.traces else { return Ok(Default::default()) };
    let (traces, exporter) = Traces::new(settings, "orderstream", env!("CARGO_PKG_VERSION")).context("traces.endpoint")?;
    Ok((traces, Some(exporter)))
}

fn source(config: &Config, kafka: &[(String, String)], topic: &str) -> SourceConfig {
    let source = SourceConfig::new(kafka.to_vec(), config.kafka.group_of(topic), vec![topic.to_owned()]);
    SourceConfig { stop_deadline: config.shutdown.deadline, ..source }
}

/// The source of customers with a quarter of the memory, which is enough because customers change seldom (P10).
fn for_seldom_changes(source: SourceConfig) -> SourceConfig {
    let SourceConfig { queue_bytes, queue_records, prefetch_bytes, .. } = source;
    SourceConfig { queue_bytes: queue_bytes / 4, queue_records: queue_records / 4, prefetch_bytes: prefetch_bytes / 4, ..source }
}

/// The Kafka settings for dead letters. A letter is its record with headers, and the largest letters are records over the limit.
pub(crate) fn letter_properties(config: &Config, kafka: &[(String, String)]) -> Vec<(String, String)> {
    let largest = (2 * config.source.max_record_bytes).max(LETTER_BYTES);
    // The client never sends a message that is larger than its whole queue.
    let limits = [("message.max.bytes", largest), ("queue.buffering.max.kbytes", largest / 1024 + 1024)];
    limits.map(|(name, value)| (name.to_owned(), value.to_string())).into_iter().chain(kafka.iter().cloned()).collect()
}

pub(crate) fn decoder(config: &Config) -> Decoder {
    let format = self::format(config.source.format);
    let time_unit = match config.source.time_unit {
        TimeUnit::Auto => envelope::TimeUnit::Auto,
        TimeUnit::Millis => envelope::TimeUnit::Millis,
        TimeUnit::Micros => envelope::TimeUnit::Micros,
        TimeUnit::Nanos => envelope::TimeUnit::Nanos,
    };
    let source = &config.source;
    let (decimal_scale, max_record_bytes) = (source.decimal_scale, source.max_record_bytes);
    Decoder { format, epoch: source.epoch, decimal_scale, time_unit, max_record_bytes }
}

fn rules(config: &Config) -> Rules {
    Rules {
        stall: config.health.stall,
        poll_silence: POLL_SILENCE,
        without_redis: match config.enrichment.when_redis_is_down {
            WhenRedisIsDown::Degrade => OrdersWithoutRedis::Pending,
            WhenRedisIsDown::Hold => OrdersWithoutRedis::Wait,
            WhenRedisIsDown::DeadLetter => OrdersWithoutRedis::DeadLetters,
        },
        compare_every: config.source.url.as_ref().and(config.reconcile.every),
        source: SourceRules { heartbeat: config.health.heartbeat, slot_retained_bytes: config.health.slot_retained_bytes },
    }
}

/// The settings of the connections to Postgres.
#[must_use]
pub fn store_config(config: &Config) -> StoreConfig {
    let database = &config.database;
    StoreConfig {
        url: database.url.clone(),
        max_connections: database.max_connections,
        statement_timeout: database.statement_timeout,
        lock_timeout: database.lock_timeout,
    }
}

fn cache_settings(config: &Config) -> CacheSettings {
    CacheSettings {
        time_to_live: config.redis.order_ttl,
        customers_topic: config.kafka.customers_topic.clone(),
        ..CacheSettings::default()
    }
}

/// The settings of the connection to Redis.
pub(crate) fn link_settings(config: &Config) -> LinkSettings {
    LinkSettings {
        url: config.redis.url.clone(),
        sentinels: config.redis.sentinels.as_ref().map(sentinel_settings),
        tls: config.redis.tls.clone(),
        lookup_deadline: config.redis.lookup_deadline,
        write_deadline: config.redis.write_deadline,
        breaker: breaker_config(&config.breaker),
    }
}

fn sentinel_settings(sentinels: &Sentinels) -> SentinelSettings {
    let Sentinels { addresses, master, user, password } = sentinels.clone();
    SentinelSettings { addresses: Server::list(&addresses), master, user, password }
}

pub(super) fn forced(held: Held) -> Option<Forced> {
    match held {
        Held::No => None,
        Held::Open => Some(Forced::Open),
        Held::Closed => Some(Forced::Closed),
    }
}

fn breaker_config(breaker: &BreakerSettings) -> BreakerConfig {
    BreakerConfig {
        window: breaker.window,
        minimum_calls: breaker.minimum_calls,
        failure_share: breaker.failure_share,
        failures_in_a_row: breaker.failures_in_a_row,
        slow_call: breaker.slow_call,
        open_base: breaker.open_base,
        open_max: breaker.open_max,
        probes: breaker.probes,
        ..BreakerConfig::default()
    }
}

/// The shape of the values, as the reader of events names it.
pub(crate) fn format(format: Format) -> envelope::Format {
    match format {
        Format::Envelope => envelope::Format::Envelope,
        Format::Flat => envelope::Format::Flat,
    }
}
