//! `orderstream mirror run`: puts the parts together, runs them until a signal, ends them in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use kafka::dead_letter::DeadLetters;
use kafka::source::{Assigned, Claimed, Event, Log, NotClaimed, Source, SourceConfig, TopicPartition, Work};
use ledger::{Claim, Ledger, StoreConfig};
use service::tasks::{self, Tasks};
use sqlx::Executor;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep};
use worker::letter_cap::LetterCap;
use worker::{Tenure, note_stops};

use crate::decode::Reading;
use crate::endpoints::{self, Endpoints};
use crate::health::Health;
use crate::layout::SCHEMA;
use crate::metrics::{Metrics, Program};
use crate::settings::{Constraints, Evolution, Selection};
use crate::shared::Shared;
use crate::store::Store;
use crate::tables::Tables;
use crate::work::Worker;

/// The migrations, embedded in the binary, so that a binary and its tables cannot come apart.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../sql/mirror");

/// The time between two looks at the source's catalog.
const LOOK: Duration = Duration::from_secs(5);

/// Everything that the job is told.
#[derive(Debug)]
pub struct Job {
    /// The topics, and what Kafka's client needs.
    pub source: SourceConfig,
    /// What the producer of dead letters needs.
    pub letter_properties: Vec<(String, String)>,
    /// The dead letter topic.
    pub dead_letter_topic: String,
    /// The target's database.
    pub target: StoreConfig,
    /// The source's database, which only the catalog is read of.
    pub catalog: Option<StoreConfig>,
    /// How the events are read.
    pub reading: Reading,
    /// Which tables, under which names.
    pub selection: Selection,
    /// What is done with constraints of tables that were there.
    pub constraints: Constraints,
    /// What is done when a table of the source has changed.
    pub evolution: Evolution,
    /// The number of dead letters that a partition may have.
    pub letter_cap: LetterCap,
    /// The highest number of records, and of bytes, of one batch.
    pub limits: (usize, usize),
    /// Where the endpoints listen; `None` for nowhere.
    pub listen: Option<String>,
    /// The name of this process, for people.
    pub process: String,
    /// The program, for `/metrics`.
    pub program: Program,
}

/// Runs until SIGTERM or SIGINT, or until the process cannot go on.
///
/// # Errors
/// The process cannot begin, Kafka's client has failed for good, or a task has ended although nobody asked it to (P13).
pub async fn run(job: Job) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tasks::log_panics();
    let health = Health::default();
    let metrics = Metrics::new(health.clone(), job.program);
    let mut background = Tasks::default();
    if let Some(address) = &job.listen {
        let listener = service::http::bind("http.listen", address).await?;
        background.spawn(
            "the HTTP server",
            service::http::serve(
                listener,
                endpoints::router(Endpoints { health: health.clone(), metrics: metrics.clone() }),
                std::future::pending(),
            ),
        );
    }
    let asked_to_end = async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    tokio::pin!(asked_to_end);
    let process = job.process.clone();
    let beginning = begin(job, health.clone(), metrics);
    let (shared, source, events, places) = tokio::select! {
        begun = beginning => begun?,
        name = &mut asked_to_end => bail!("{name} before the tables were there"),
    };
    background.spawn("the watch of Postgres", watch_postgres(Arc::clone(&shared)));
    background.spawn("the watch of the source's tables", watch_source(Arc::clone(&shared)));
    background.spawn("the watch of generations", watch_fences(Arc::clone(&shared), places, process));
    let outcome = background.while_running(until_signal(&health, events, asked_to_end)).await;
    if let Err(error) = &outcome {
        health.failed(format!("the process ends: {error:#}"));
    }
    health.stopping();
    if let Err(error) = source.stop().await {
        tracing::warn!(%error, "Kafka was left without goodbye; the group notices at its session timeout");
    }
    background.stop().await;
    shared.store.ledger.close().await;
    outcome
}

type Begun = (Arc<Shared>, Source, tokio::sync::mpsc::UnboundedReceiver<Event>, Places);
/// The partitions of this process.
type Places = Arc<Mutex<Vec<Arc<Tenure>>>>;

async fn begin(job: Job, health: Health, metrics: Metrics) -> anyhow::Result<Begun> {
    let target = Ledger::within(&job.target, SCHEMA).context("mirror.target_url")?;
    let catalog =
        job.catalog.as_ref().map(|config| Ledger::reading(config, "orderstream-mirror")).transpose().context("mirror.source_url")?;
    health.begun(target.clone(), catalog.is_some());
    let letters = DeadLetters::new(&job.letter_properties, &job.dead_letter_topic).context("mirror.dead_letter_topic")?;
    let (modes, epoch, types) = (job.reading.modes().clone(), job.reading.reader.epoch, job.reading.types());
    let replica_role = job.constraints == Constraints::ReplicaRole;
    let shared = Arc::new(Shared {
        reading: job.reading,
        tables: Tables::new(target.clone(), catalog, job.selection, job.constraints, job.evolution, modes, epoch).with_types(types),
        store: Store { ledger: target, replica_role },
        letters,
        health,
        metrics,
        letter_cap: job.letter_cap,
        limits: job.limits,
    });
    prepare_tables(&shared).await?;
    let places = Places::default();
    let claimant = Claimant { shared: Arc::clone(&shared), places: Arc::clone(&places), name: job.process.into() };
    let (source, events) =
        Source::start(job.source, Handle::current(), move |partition, log| claimant.clone().claim(partition, log)).context("Kafka")?;
    Ok((shared, source, events, places))
}

/// Creates or updates the mirror's own tables. Waits while Postgres is away, for as long as it takes (P6).
async fn prepare_tables(shared: &Shared) -> anyhow::Result<()> {
    let mut backoff = shared.backoff();
    loop {
        let ready = async {
            let statement = format!("create schema if not exists {SCHEMA}");
            let mut lease = shared.store.ledger.lease().await?;
            let _: sqlx::postgres::PgQueryResult =
                lease.ask(async |on| on.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement))).await).await?;
            drop(lease);
            shared.store.ledger.migrate(&MIGRATIONS).await
        };
        match ready.await {
            Ok(()) => break,
            Err(error) if !error.is_outage() => return Err(error).context("the target cannot be used as it is"),
            Err(error) => {
                shared.health.postgres(Err(&error));
                tracing::warn!(%error, "The target's Postgres is not there yet; it is tried again");
            }
        }
        sleep(backoff.next_delay()).await;
    }
    while let Err(error) = shared.tables.recall().await {
        tracing::warn!(%error, "The tables that were mirrored before are not read yet; it is tried again");
        sleep(backoff.next_delay()).await;
    }
    shared.health.postgres(Ok(()));
    Ok(())
}

async fn until_signal(
    health: &Health,
    mut events: tokio::sync::mpsc::UnboundedReceiver<Event>,
    mut asked_to_end: std::pin::Pin<&mut impl Future<Output = &'static str>>,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            name = &mut asked_to_end => {
                tracing::info!(signal = name, "Asked to end: the batches in flight are finished");
                return Ok(());
            }
            event = events.recv() => match event {
                Some(Event::Fatal(reason)) => bail!("the Kafka client cannot go on: {reason}"),
                Some(event) => health.note(event),
                None => bail!("the reader of Kafka has ended"),
            },
        }
    }
}

/// Claims partitions in the name of this process.
#[derive(Debug, Clone)]
struct Claimant {
    shared: Arc<Shared>,
    places: Places,
    name: Arc<str>,
}

impl Claimant {
    async fn claim(self, partition: TopicPartition, log: Log) -> Result<Claimed, NotClaimed> {
        let (ledger, epoch) = (&self.shared.store.ledger, self.shared.reading.reader.epoch);
        let claim = worker::claim::claim(ledger, epoch, &partition, &log, &self.name).await?;
        // Another process may have met tables since this one began.
        self.shared.tables.recall().await.map_err(|error| NotClaimed::Unavailable(error.to_string()))?;
        let (next_offset, landmark) = (Some(claim.next_offset), claim.landmark);
        Ok(Claimed { next_offset, landmark, worker: Box::new(move |assigned| self.work(claim, assigned)) })
    }

    fn work(self, claim: Claim, assigned: Assigned) -> Work {
        Box::pin(async move {
            let tenure = Arc::new(Tenure::new(claim, assigned.ownership, assigned.progress));
            self.places.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&tenure));
            let worker = Worker::new(Arc::clone(&self.shared), Arc::clone(&tenure), assigned.partition);
            let outcome = worker.run(&assigned.inbox).await;
            self.places.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, &tenure));
            worker::claim::ending(outcome, &tenure)
        })
    }
}

/// Looks every few seconds whether a table of the source has changed.
async fn watch_source(shared: Arc<Shared>) {
    loop {
        sleep(LOOK).await;
        shared.health.source(shared.tables.refresh().await.as_ref().copied());
    }
}

async fn watch_postgres(shared: Arc<Shared>) {
    let mut second = every_second();
    loop {
        second.tick().await;
        let answer = shared.store.ledger.ping().await;
        shared.health.postgres(answer.as_ref().copied());
    }
}

/// Compares each partition with the ledger, because a worker without records would not notice that it was fenced (P4, P9). Also notes in the ledger
/// which partitions do not go on.
async fn watch_fences(shared: Arc<Shared>, places: Places, process: String) {
    let mut second = every_second();
    loop {
        second.tick().await;
        let mine: Vec<Arc<Tenure>> = places.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let committed: Vec<(Arc<Tenure>, i64)> = mine.into_iter().map(|tenure| (Arc::clone(&tenure), tenure.progress().done())).collect();
        let Ok(rows) = shared.store.ledger.standings(shared.reading.reader.epoch).await else { continue };
        for (tenure, committed) in committed {
            let row = rows.iter().find(|row| *row.topic == *tenure.claim.topic && row.partition == tenure.claim.partition);
            tenure.compare(row, committed);
        }
        let stop = |topic: &str, partition| shared.health.stop(topic, partition);
        note_stops(&shared.store.ledger, shared.reading.reader.epoch, &process, &rows, stop).await;
    }
}

fn every_second() -> tokio::time::Interval {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    second
}
