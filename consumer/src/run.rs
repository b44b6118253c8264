//! `orderstream run`: puts the parts of the process together, runs them until a signal, and ends them in order.

use std::sync::Arc;

use anyhow::{Context, bail};
use kafka::reread::Reread;
use kafka::source::Event;
use service::logging::Level;
use service::tasks::{self, Tasks};
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::flow::claim::Claimant;
use crate::follow::{rebuild, recent};
use crate::health::{Dependency, Health};
use crate::page::actions::Actions;
use crate::page::asked::Asked;
use crate::page::{lately, sampler};
use crate::redis::link::RedisLink;
use crate::run::readers::Readers;
use crate::shared::{Shared, Topics};
use crate::sweep;
use outlets::Outlets;

mod admin;
pub mod assemble;
pub(crate) mod comparison;
pub mod endpoints;
pub mod hangup;
pub(crate) mod history;
mod outlets;
mod readers;
mod retention;
mod source;
mod watch;

/// Runs until SIGTERM or SIGINT, or until the process cannot go on. `level` changes what is logged meanwhile.
///
/// # Errors
/// The process cannot begin, Kafka's client has failed for good, or a task has ended although nobody asked it to (P13). Whoever started the
/// process is to start it again.
pub async fn run(config: &Config, level: Level) -> anyhow::Result<()> {
    // Signals are listened to before anything that takes time, and by one listener for the whole run, because a new listener misses earlier
    // signals.
    let mut signals = Signals::new()?;
    tasks::log_panics();
    let parts = assemble::assemble(config)?;
    let shared = Arc::new(parts.shared);
    let member = watch::Member::new(&config.kafka.group_id);
    let asked = Asked::new(assemble::traced::for_the_page(config)?, Arc::clone(&parts.link));
    let (actions, run_actions) = Actions::new(config, Arc::clone(&shared), member.instance().to_owned(), parts.kafka.clone())?;
    let mut outlets = Outlets::open(config, &shared, parts.exporter, level, member.sampled(), Arc::clone(&asked), actions.clone()).await?;
    let mut background = Tasks::default();
    watch_for_the_page(&shared, &asked, &member, &mut background);
    let ready_to_begin = async {
        prepare_tables(&shared, &mut signals).await?;
        signals.before(watch::start(&shared, &parts.link)).await?.context("redis.url")
    };
    outlets.while_running(ready_to_begin).await?;

    // A role that does not own the tables, or a table that is long in use, is no reason not to process orders.
    if let Err(error) = signals.before(history::begin(&shared.results, config.audit)).await? {
        shared.troubled("the audit trail", &error);
    }

    let topics = Topics { orders: config.kafka.orders_topic.clone(), customers: config.kafka.customers_topic.clone() };
    let reread = Reread { properties: parts.kafka.clone(), group: config.kafka.group_id.clone() };
    background.spawn("the actions of operators", run_actions.run());
    background.spawn("the count of log lines", service::logging::tell_left_out());
    watch_all(&shared, &parts.link, &member, &mut background);
    let held = assemble::forced(config.breaker.held);
    background.spawn("the watch of what operators hold", watch::controls(Arc::clone(&shared), held));
    source::watch(config, &shared, &reread, &mut background)?;
    background.spawn("the watch of topics", watch::topics(shared.health.clone(), parts.kafka.clone(), config.expected_topics()));
    background.spawn("the retention", retention::run(Arc::clone(&shared), retention::Kept::of(config, parts.kafka)));
    if let Some(topic) = &topics.customers {
        background.spawn("the watch of customers", watch::customers(Arc::clone(&shared), parts.committed, topic.clone(), reread.clone()));
    }
    background.spawn("the watch of the sweep", watch::due(Arc::clone(&shared), topics.orders.clone()));
    background.spawn("the sweep", sweep::run(Arc::clone(&shared), topics.clone()));
    background.spawn("the rebuild of Redis", rebuild::run(Arc::clone(&shared), topics.clone(), reread));
    background.spawn("the list of recent orders", recent::run(Arc::clone(&shared)));

    let claimant = Claimant::new(Arc::clone(&shared), topics);
    let mut readers = Readers::start(parts.sources, &shared.health, &claimant).context("Kafka")?;
    let outcome = outlets.while_running(background.while_running(until_signal(&shared.health, &mut readers, signals))).await;

    if let Err(error) = &outcome {
        // The probes report the failure before anything is taken down.
        shared.health.failed(format!("the process ends: {error:#}"));
        tracing::error!(%error, "The process ends with exit code 1: what its tasks are to do is not done any more");
    }
    shared.health.stopping();
    tokio::join!(readers.stop(), actions.end(config.shutdown.deadline));
    background.stop().await;
    member.leaves(&shared).await;
    shared.results.ledger.close().await;
    asked.close().await;
    outlets.close().await;
    service::logging::tell_left_out_now();
    outcome
}

/// Begins what the page shows. The page tells of the start too, also where a server keeps the process waiting.
fn watch_for_the_page(shared: &Shared, asked: &Arc<Asked>, member: &watch::Member, background: &mut Tasks) {
    let around = Arc::clone(asked);
    let sampler = sampler::run(member.sampled(), shared.health.clone(), shared.metrics.clone(), move || around.around());
    background.spawn("the sampler of the page", sampler);
    background.spawn("the questions of the page", lately::run(Arc::clone(asked), member.sampled()));
}

/// Begins the watches that every process has.
fn watch_all(shared: &Arc<Shared>, link: &Arc<RedisLink>, member: &watch::Member, background: &mut Tasks) {
    background.spawn("the watch of Postgres", watch::postgres(Arc::clone(shared)));
    background.spawn("the watch of Redis", watch::redis(Arc::clone(shared), Arc::clone(link)));
    if link.asks_sentinels() {
        background.spawn("the watch of Redis' master", watch::master(Arc::clone(shared), Arc::clone(link)));
    }
    background.spawn("the watch of partitions", watch::partitions(Arc::clone(shared)));
    background.spawn("the watch of generations", watch::fences(Arc::clone(shared)));
    background.spawn("the watch of servers", watch::servers(shared.health.clone()));
    background.spawn("the watch of the group", watch::group(Arc::clone(shared), member.clone()));
}

/// Creates or updates the tables. Waits while Postgres is away, for as long as it takes (P6).
async fn prepare_tables(shared: &Shared, signals: &mut Signals) -> anyhow::Result<()> {
    let mut backoff = shared.backoff();
    while let Err(error) = signals.before(shared.results.migrate()).await? {
        if !error.is_outage() {
            return Err(error).context("Postgres cannot be used as it is");
        }
        shared.health.down(Dependency::Postgres, "connection");
        tracing::warn!(%error, "Postgres is not there yet; it is tried again");
        signals.before(tokio::time::sleep(backoff.next_delay())).await?;
    }
    shared.health.up(Dependency::Postgres);
    Ok(())
}

/// Passes the events of the sources on to health, until a signal ends the process or a source ends by itself.
async fn until_signal(health: &Health, readers: &mut Readers, mut signals: Signals) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "Asked to end: the batches in flight are finished");
                return Ok(());
            }
            (topic, event) = readers.next_event() => match event {
                Some(Event::Fatal(reason)) => bail!("the Kafka client cannot go on reading {topic}: {reason}"),
                Some(event) => watch::note(health, topic, event),
                None => bail!("the reader of {topic} has ended"),
            },
        }
    }
}

/// The signals that end the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for a part of the start. A signal that comes first ends the wait with an error.
    async fn before<T>(&mut self, done: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::select! {
            done = done => Ok(done),
            name = self.next() => bail!("{name} before the tables were there"),
        }
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
