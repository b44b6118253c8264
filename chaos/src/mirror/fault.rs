//! The faults of the mirror's rounds: which come when, how each begins, and how each ends.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use rdkafka::producer::{BaseRecord, Producer};
use stack::Service;
use stack::proxy::{Mode, Proxy};

use super::work::TABLES;
use super::world::{COMPACTED_TABLE, World, topic};
use crate::process::Process;
use crate::schedule::mode;

/// How many old records are sent once more.
const AGAIN: usize = 300;
const SEND_PATIENCE: Duration = Duration::from_secs(30);

/// To whom something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Postgres,
    Kafka,
    Connect,
    Mirror(usize),
    ToPostgres(usize),
    ToKafka(usize),
    Table(usize),
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Kill,
    Pause,
    Restart,
    Terminate,
    Line(Mode),
    Cut,
    Forget,
    /// The table is truncated, and a part of its rows comes back in the same transaction.
    Truncate,
    /// Debezium reads the table again while it follows the log.
    Snapshot,
    /// Records that were sent before come again, in partitions of any number.
    Again(u64),
    /// The topic gets one more partition, so that rows move to another one.
    AddPartition,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) at: Duration,
    pub(super) lasts: Duration,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Mirror(number) => format!("mirror-{number}"),
            Place::ToPostgres(number) => format!("mirror-{number} -> Postgres"),
            Place::ToKafka(number) => format!("mirror-{number} -> Kafka"),
            Place::Table(number) => TABLES.get(number).copied().unwrap_or_default().to_owned(),
            place => format!("{place:?}"),
        };
        let kind = match self.kind {
            Kind::Kill => "SIGKILL".to_owned(),
            Kind::Pause => "SIGSTOP".to_owned(),
            Kind::Restart => "restart".to_owned(),
            Kind::Terminate => "backends terminated".to_owned(),
            Kind::Line(mode) => mode.to_string(),
            Kind::Cut => "connections cut".to_owned(),
            Kind::Forget => "connections forgotten".to_owned(),
            Kind::Truncate => "truncated".to_owned(),
            Kind::Snapshot => "incremental snapshot".to_owned(),
            Kind::Again(_) => "old records come again".to_owned(),
            Kind::AddPartition => "one more partition".to_owned(),
        };
        write!(f, "{place}: {kind}")
    }
}

/// Chooses the faults of a round in which the shop works for the time `work`.
pub(super) fn plan(rng: &mut Rng, work: Duration, workers: usize) -> Vec<Fault> {
    let mut plan: Vec<Fault> = Vec::new();
    let span = u64::try_from(work.as_millis()).unwrap_or(u64::MAX).saturating_sub(3_000).max(1);
    for _ in 0..rng.u8(7..=12) {
        let (place, kind) = any(rng, workers);
        let fault = Fault { place, kind, at: Duration::from_millis(rng.u64(0..span)), lasts: duration(rng, place, kind) };
        if !plan.iter().any(|other| collide(other, &fault)) {
            plan.push(fault);
        }
    }
    plan.sort_by_key(|fault| fault.at);
    plan
}

fn any(rng: &mut Rng, workers: usize) -> (Place, Kind) {
    let (worker, table) = (rng.usize(0..workers), rng.usize(0..TABLES.len()));
    let ends = [Kind::Kill, Kind::Pause, Kind::Restart][rng.usize(0..3)];
    let line = [Kind::Cut, Kind::Forget, Kind::Line(mode(rng)), Kind::Line(mode(rng))][rng.usize(0..4)];
    match rng.u8(0..20) {
        0 => (Place::Postgres, ends),
        1 => (Place::Postgres, Kind::Terminate),
        2 => (Place::Kafka, ends),
        3..=5 => (Place::Connect, if rng.bool() { Kind::Kill } else { ends }),
        6..=9 => (Place::Mirror(worker), ends),
        10..=11 => (Place::ToPostgres(worker), line),
        12..=13 => (Place::ToKafka(worker), line),
        14 => (Place::Table([1, 5][rng.usize(0..2)]), Kind::Truncate),
        15 => (Place::Table(table), Kind::AddPartition),
        16..=17 => (Place::Table([0, 2, 4][rng.usize(0..3)]), Kind::Snapshot),
        _ => (Place::Table(table), Kind::Again(rng.u64(..))),
    }
}

fn duration(rng: &mut Rng, place: Place, kind: Kind) -> Duration {
    Duration::from_millis(rng.u64(match (place, kind) {
        // Longer than a session with Kafka's group lasts, so that a process wakes up as a zombie.
        (Place::Mirror(_), Kind::Pause) => 500..14_000,
        (_, Kind::Kill | Kind::Restart) => 0..5_000,
        (_, Kind::Pause) => 300..8_000,
        (_, Kind::Line(_) | Kind::Forget) => 300..12_000,
        _ => 0..1,
    }))
}

/// Whether one place would have two faults at a time.
fn collide(a: &Fault, b: &Fault) -> bool {
    let lie_apart = a.at + a.lasts < b.at || b.at + b.lasts < a.at;
    a.place == b.place && (!lie_apart || a.kind == b.kind && matches!(a.place, Place::Table(_)))
}

impl Fault {
    /// Makes the fault happen.
    pub(super) fn begin(&self, world: &World) -> Result<()> {
        let stack = &world.stack;
        let table = self.table();
        match self.kind {
            Kind::Kill => self.service(world).into_iter().for_each(Service::kill),
            Kind::Pause => self.service(world).into_iter().try_for_each(Service::pause)?,
            Kind::Restart => match self.place {
                Place::Mirror(number) => world.workers().get(number).map_or(Ok(()), Process::stop)?,
                _ => self.service(world).into_iter().try_for_each(Service::stop)?,
            },
            Kind::Terminate => drop(stack.psql_in(
                "shop",
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('mirror', 'orderstream_mirror', 'debezium')",
            )?),
            Kind::Line(mode) => self.lines(world).iter().for_each(|line| line.set(mode)),
            Kind::Cut => self.lines(world).iter().for_each(Proxy::cut),
            Kind::Forget => self.lines(world).iter().for_each(Proxy::lose),
            Kind::Truncate => drop(stack.psql_in("shop", &truncate(table))?),
            Kind::Snapshot => drop(stack.psql_in("shop", &snapshot(table))?),
            Kind::Again(seed) => send_again(world, table, &mut Rng::with_seed(seed))?,
            Kind::AddPartition => world.topics.add_partition(&world.runtime, &topic(table))?,
        }
        Ok(())
    }

    /// Ends the fault.
    pub(super) fn end(&self, world: &World) -> Result<()> {
        match self.kind {
            Kind::Kill | Kind::Restart => self.service(world).into_iter().try_for_each(Service::launch)?,
            Kind::Pause => self.service(world).into_iter().for_each(Service::resume),
            Kind::Line(_) => self.lines(world).iter().for_each(Proxy::heal),
            Kind::Forget => self.lines(world).iter().for_each(Proxy::cut),
            Kind::Terminate | Kind::Cut | Kind::Truncate | Kind::Snapshot | Kind::Again(_) | Kind::AddPartition => {}
        }
        Ok(())
    }

    fn table(&self) -> &'static str {
        match self.place {
            Place::Table(number) => TABLES.get(number).copied().unwrap_or_default(),
            _ => "",
        }
    }

    fn service<'a>(&self, world: &'a World) -> Option<&'a Service> {
        match self.place {
            Place::Postgres => Some(world.stack.postgres()),
            Place::Kafka => Some(world.stack.kafka()),
            Place::Connect => Some(world.stack.connect()),
            Place::Mirror(number) => world.workers().get(number).map(|process| &process.service),
            _ => None,
        }
    }

    fn lines<'a>(&self, world: &'a World) -> &'a [Proxy] {
        match self.place {
            Place::ToPostgres(number) => world.workers().get(number).map_or(&[], |process| std::slice::from_ref(&process.to_postgres)),
            Place::ToKafka(number) => world.workers().get(number).map_or(&[], |process| &process.to_kafka),
            _ => &[],
        }
    }
}

fn truncate(table: &str) -> String {
    format!(
        "begin; set local lock_timeout = '5s'; create temp table kept on commit drop as select * from {table} where random() < 0.3;
         truncate {table}; insert into {table} select * from kept; commit"
    )
}

fn snapshot(table: &str) -> String {
    let asked = format!(r#"{{"type": "incremental", "data-collections": ["public.{table}"]}}"#);
    format!("insert into debezium_signal (id, type, data) values ('chaos-' || gen_random_uuid(), 'execute-snapshot', '{asked}')")
}

/// Sends records of the table's topic once more as they were, each to any partition. Kafka Connect does so after a crash, but only to the partition
/// where the record was.
pub(super) fn send_again(world: &World, table: &str, rng: &mut Rng) -> Result<()> {
    let topic = topic(table);
    let partitions = world.topics.ends(&topic)?.len();
    let mut records = world.topics.read_on(&topic, &mut Vec::new())?;
    // A tombstone says nothing of its position, so Kafka Connect never sends one again without the delete before it and what came after it. A
    // truncate has no key, which a compacted topic refuses.
    records.retain(|record| record.value.is_some() && (table != COMPACTED_TABLE || record.key.is_some()));
    rng.shuffle(&mut records);
    let producer = world.topics.producer(None)?;
    for record in records.iter().take(AGAIN) {
        let partition = i32::try_from(rng.usize(0..partitions)).context("too many partitions")?;
        let mut again: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&topic).partition(partition);
        (again.key, again.payload) = (record.key.as_deref(), record.value.as_deref());
        producer.send(again).map_err(|(error, _)| error)?;
    }
    producer.flush(SEND_PATIENCE)?;
    Ok(())
}
