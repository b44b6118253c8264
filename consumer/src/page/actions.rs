//! What an operator may do by the page, and how it is made safe: first a plan that says what would happen, then its execution, once, and a record
//! of both in `operator_actions`.
//!
//! - [`request`]: what is asked for; [`plan`]: what is shown before; [`state`]: how an action stands; pure
//! - [`preview`]: asks the servers for what a plan is made of
//! - [`execute`]: begins what was planned, once
//! - [`job`]: an action under way: its progress, its stop, its end
//! - `holds`, `replay`, `rebuild`, `connector`: what each action does
//! - [`handler`]: the routes
//!
//! What is not here is not done by the page: offsets are reset, tables migrated, differences repaired and letters closed by the command line.

use std::sync::Arc;
use std::time::Duration;

use kafka::reread::Reread;
use kafka::topics::Expected;
use tokio::sync::Semaphore;

mod connector;
pub mod execute;
pub mod handler;
mod holds;
pub mod job;
pub mod plan;
pub mod preview;
mod rebuild;
pub mod refusal;
mod replay;
pub mod request;
pub mod state;

use crate::config::Config;
use crate::flow::replay::run::Source;
use crate::shared::{Shared, Topics};
use crate::shop::connect::{Connect, ConnectError};
use job::Jobs;
pub use job::Running;

/// The actions at once (P10).
const AT_ONCE: usize = 4;

/// The previews at once: a preview takes one of the workers' connections (P10).
const PREVIEWS: usize = 1;

/// What the actions work with.
#[derive(Debug, Clone)]
pub struct Actions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    /// The name of this start of the process.
    instance: String,
    /// Where dead letters are, and how Kafka is read.
    letters: Source,
    /// How long a batch waits for its customers.
    lookup_deadline: Duration,
    /// Settings of Kafka clients.
    kafka: Vec<(String, String)>,
    /// The topics, for what Kafka keeps of them.
    expected: Expected,
    /// Kafka Connect and the connector's name, if both `connect.url` and `page.restart_connector` are set.
    connect: Option<(Connect, String)>,
    previews: Semaphore,
    jobs: Jobs,
}

impl Actions {
    /// The actions of a process, and the task that runs them.
    ///
    /// # Errors
    /// The settings of Kafka Connect are wrong.
    pub fn new(
        config: &Config,
        shared: Arc<Shared>,
        instance: String,
        kafka: Vec<(String, String)>,
    ) -> Result<(Self, Running), ConnectError> {
        let topics = Topics { orders: config.kafka.orders_topic.clone(), customers: config.kafka.customers_topic.clone() };
        let reread = Reread { properties: kafka.clone(), group: config.kafka.group_id.clone() };
        let letters = Source { dlq_topic: config.kafka.dead_letter_topic.clone(), topics, reread };
        let asked = config.connect.as_ref().filter(|_| config.page.restart_connector);
        let connect = asked.map(|settings| Ok((Connect::new(settings)?, settings.connector.clone()))).transpose()?;
        let (jobs, running) = job::jobs(AT_ONCE);
        let inner = Inner {
            shared,
            instance,
            letters,
            lookup_deadline: config.redis.lookup_deadline,
            kafka,
            expected: config.expected_topics(),
            connect,
            previews: Semaphore::new(PREVIEWS),
            jobs,
        };
        Ok((Self(Arc::new(inner)), running))
    }

    /// Asks all actions of this process to stop, and waits until they have, for so long at most.
    pub async fn end(&self, deadline: Duration) {
        self.0.jobs.end(deadline).await;
    }
}
