//! File and environment to typed, validated sections; every default in one place.
//!
//! A value comes from the first of: the environment variable, the file that `--config` names, the default. The key
//! `kafka.bootstrap_servers` is the variable `KAFKA_BOOTSTRAP_SERVERS`; a secret `X` may also stand in the file that the variable `X_FILE`
//! names. All errors are found at once, so that one look at the log is enough.
//!
//! - [`settings`]: the one definition of every key: default, what is allowed, what it is for
//! - `sources`: texts with their origin, from the file and the environment
//! - [`sections`]: the typed sections that the other modules receive
//! - `rules`: what must hold between keys
//! - [`problem`]: what is wrong, where, what is allowed
//! - [`url`]: URLs of servers, and what is wrong with them
//! - [`secret`]: texts that never appear in output
//! - [`report`]: the effective configuration and the table of keys, printed

use std::path::Path;

mod kind;
pub mod problem;
pub mod report;
mod rules;
pub mod secret;
pub mod sections;
pub mod settings;
mod sources;
pub mod url;
mod values;

pub use problem::{Problem, Problems};
pub use secret::{Properties, Secret};
pub use sections::{
    Batch, BreakerSettings, Database, DeadLetters, Enrichment, Format, HealthRules, Held, Http, Kafka, Log, LogFormat, Redis, Retention,
    Shutdown, Source, TimeUnit, WhenCustomerChanges, WhenCustomerIsMissing, WhenRedisIsDown,
};
pub use sources::Environment;

use values::Values;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// `kafka.*`
    pub kafka: Kafka,
    /// `source.*`
    pub source: Source,
    /// `database.*`
    pub database: Database,
    /// `redis.*`
    pub redis: Redis,
    /// `breaker.*`
    pub breaker: BreakerSettings,
    /// `enrichment.*`
    pub enrichment: Enrichment,
    /// `dead_letters.*`
    pub dead_letters: DeadLetters,
    /// `retention.*`
    pub retention: Retention,
    /// `batch.*`
    pub batch: Batch,
    /// `http.*`
    pub http: Http,
    /// `health.*`
    pub health: HealthRules,
    /// `shutdown.*`
    pub shutdown: Shutdown,
    /// `log.*`
    pub log: Log,
}

/// A configuration with what an operator wants to know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The typed sections.
    pub config: Config,
    /// Each key with its value and where it came from, to be printed.
    pub report: report::Report,
    /// What is allowed and still looks like a mistake: a variable whose name is close to one of ours.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the file, if one is given, and the environment.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Loaded, Problems> {
        let mut problems = Vec::new();
        let read = sources::collect(file, environment, &mut problems);
        let values = Values::checked(read, &mut problems);
        let config = match Self::typed(&values) {
            Ok(config) => config,
            Err(problem) => {
                problems.push(problem);
                return Err(Problems(problems));
            }
        };
        rules::check(&config, &values, &mut problems);
        if problems.is_empty() {
            let warnings = environment.near_misses();
            Ok(Loaded { config, report: report::Report::new(&values), warnings })
        } else {
            Err(Problems(problems))
        }
    }

    fn typed(values: &Values) -> Result<Self, Problem> {
        Ok(Self {
            kafka: Kafka::read(values)?,
            source: Source::read(values)?,
            database: Database::read(values)?,
            redis: Redis::read(values)?,
            breaker: BreakerSettings::read(values)?,
            enrichment: Enrichment::read(values)?,
            dead_letters: DeadLetters::read(values)?,
            retention: Retention::read(values)?,
            batch: Batch::read(values)?,
            http: Http::read(values)?,
            health: HealthRules::read(values)?,
            shutdown: Shutdown::read(values)?,
            log: Log::read(values)?,
        })
    }
}

#[cfg(test)]
mod tests;
