//! Reads the configuration: file and environment become typed, validated sections. Every default is in one place.
//!
//! - [`settings`]: the one definition of every setting: its default, its allowed values, its purpose
//! - [`sections`]: the typed sections that the other modules receive
//! - `exposure`: finds connections that leave this machine without TLS
//! - `receiver`: checks the address of a receiver of traces
//! - `rules`: checks what must hold between settings
//! - [`tokens`]: tokens for the page
//! - [`url`]: checks the URLs of servers

use std::path::Path;

use kafka::topics::{Expected, Input, Kept};
use service::logging::Log;
use service::settings::{Environment, Problem, Problems, Report, Values, load};
use service::traces::TraceSettings;

mod exposure;
mod receiver;
mod rules;
pub mod sections;
pub mod settings;
pub mod tokens;
pub mod url;

pub use exposure::Exposed;
pub use sections::{
    Admin, Audit, BatchLimits, BreakerSettings, Connect, Database, DeadLetters, Enrichment, Format, HealthRules, Held, Http, Kafka, Mirror,
    Page, Reconcile, Redis, Retention, Sentinels, Shutdown, Source, TimeUnit, WhenCustomerChanges, WhenCustomerIsMissing, WhenRedisIsDown,
};
use settings::{JDBC_SINKS, SETTINGS};
pub use tokens::Role;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings `kafka.*`.
    pub kafka: Kafka,
    /// The settings `source.*`.
    pub source: Source,
    /// The settings `connect.*`; `None` without `connect.url`.
    pub connect: Option<Connect>,
    /// The settings `database.*`.
    pub database: Database,
    /// The settings `redis.*`.
    pub redis: Redis,
    /// The settings `breaker.*`.
    pub breaker: BreakerSettings,
    /// The settings `enrichment.*`.
    pub enrichment: Enrichment,
    /// The settings `reconcile.*`.
    pub reconcile: Reconcile,
    /// The settings `dead_letters.*`.
    pub dead_letters: DeadLetters,
    /// The settings `retention.*`.
    pub retention: Retention,
    /// The settings `audit.*`.
    pub audit: Audit,
    /// The settings `mirror.*`.
    pub mirror: Mirror,
    /// The settings `batch.*`.
    pub batch: BatchLimits,
    /// The settings `http.*`.
    pub http: Http,
    /// The settings `page.*`.
    pub page: Page,
    /// The settings `admin.*`.
    pub admin: Admin,
    /// The settings `health.*`.
    pub health: HealthRules,
    /// The settings `shutdown.*`.
    pub shutdown: Shutdown,
    /// The settings `log.*`.
    pub log: Log,
    /// The settings `traces.*`; `None` if nothing is traced.
    pub traces: Option<TraceSettings>,
}

/// A configuration, with what an operator wants to know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The typed sections.
    pub config: Config,
    /// Each setting with its value and its origin, to be printed.
    pub report: Report,
    /// What is allowed but looks like a mistake: a variable whose name is close to a known one.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file, if one is given, and the environment.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, Problems> {
        let mut problems = Vec::new();
        let values = load(SETTINGS, &JDBC_SINKS, file, environment, &mut problems);
        let config = match Self::typed(&values) {
            Ok(config) => config,
            Err(problem) => {
                problems.push(problem);
                return Err(Problems(problems));
            }
        };
        rules::check(&config, &values, &mut problems);
        if problems.is_empty() {
            let warnings = [environment.near_misses(SETTINGS), JDBC_SINKS.warnings(SETTINGS, environment)].concat();
            Ok(Loaded { config, report: Report::new(&values), warnings })
        } else {
            Err(Problems(problems))
        }
    }

    fn typed(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            kafka: Kafka::read(values)?,
            source: Source::read(values)?,
            connect: Connect::read(values)?,
            database: Database::read(values)?,
            redis: Redis::read(values)?,
            breaker: BreakerSettings::read(values)?,
            enrichment: Enrichment::read(values)?,
            reconcile: Reconcile::read(values)?,
            dead_letters: DeadLetters::read(values)?,
            retention: Retention::read(values)?,
            audit: Audit::read(values)?,
            mirror: Mirror::read(values)?,
            batch: BatchLimits::read(values)?,
            http: Http::read(values)?,
            page: Page::read(values)?,
            admin: Admin::read(values)?,
            health: HealthRules::read(values)?,
            shutdown: Shutdown::read(values)?,
            log: sections::log(values)?,
            traces: sections::traces(values)?,
        })
    }
}

impl Config {
    /// The topics and limits by the configuration.
    #[must_use]
    pub fn expected_topics(&self) -> Expected {
        let (of, setting, topic) = ("orders", "kafka.orders_topic", self.kafka.orders_topic.clone());
        let orders = Input { of, setting, topic, kept: Kept::EveryChange };
        let customers = self.kafka.customers_topic.clone().map(|topic| Input {
            of: "customers",
            setting: "kafka.customers_topic",
            topic,
            kept: Kept::LastOfEachKey { mend: "orderstream rebuild customers" },
        });
        Expected {
            inputs: [orders].into_iter().chain(customers).collect(),
            letters: self.kafka.dead_letter_topic.clone(),
            letters_setting: "kafka.dead_letter_topic",
            max_record_bytes: self.source.max_record_bytes,
        }
    }
}

#[cfg(test)]
mod tests;
