//! The faults: what can go wrong at which place, and how the harness makes it happen and ends it.

use std::{fmt, slice};

use anyhow::Result;
use stack::Service;
use stack::proxy::{Mode, Proxy};

use crate::broker_faults::{self, Which};
use crate::process::Process;
use crate::schema_faults::{self, Alteration};
use crate::statements::FROM_OUTSIDE;
use crate::topics::ORDERS;
use crate::world::World;
use crate::{redis_faults, results_faults};

const TRUNCATE: &str = "
begin;
create temp table kept as select * from orders where id % 3 = 0;
truncate orders;
insert into orders select * from kept;
commit";

/// What a fault happens to. Two faults never happen to one place at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Postgres,
    Redis,
    /// The brokers of Kafka.
    Kafka(Which),
    Connect,
    /// The orderstream process of that number.
    Worker(usize),
    /// The line of that worker to Postgres.
    ToPostgres(usize),
    /// The line of that worker to Redis.
    ToRedis(usize),
    /// The line of that worker to Kafka.
    ToKafka(usize),
    /// The shop's table of orders.
    Table,
    /// The columns of the shop's tables.
    Schema,
    /// What orderstream keeps in Postgres.
    Results,
    /// Debezium's signal table.
    Signals,
    /// The topic of orders.
    Topic,
}

/// What happens at the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SIGKILL, and a new start when the time is over.
    Kill,
    /// SIGSTOP, and SIGCONT when the time is over.
    Pause,
    /// An orderly end, and a new start when the time is over.
    Stop,
    /// A line that behaves as the mode says.
    Line(Mode),
    /// Connections end; new ones work.
    Cut,
    /// Open connections stay and are silent, as if a firewall had forgotten them, and end when the time is over; new ones work.
    Forget,
    /// Redis: FLUSHALL removes every key.
    Flush,
    /// Redis: out of memory (OOM), so that every write is refused.
    Full,
    /// Redis or Postgres: no writes.
    ReadOnly,
    /// Redis: killed, and back without data.
    Emptied,
    /// Redis or the results: back to what they were when the time began.
    OldData,
    /// Redis: orderstream may not use the command.
    Forbidden(&'static str),
    /// Postgres: every backend of orderstream and of Debezium is terminated.
    Terminate,
    /// Both tables are read again by Debezium.
    Snapshot,
    /// The table is truncated; a part of the orders comes back in the same transaction.
    Truncate,
    /// The topic gets one more partition.
    AddPartition,
    /// The records that were processed in the rounds before are deleted from the topic, as its retention would do.
    Retention,
    /// The schema of the shop's tables changes.
    Alter(Alteration),
    /// Rows changed and removed by hand.
    ByHand,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Worker(number) => write!(f, "orderstream-{number}"),
            Place::ToPostgres(number) => write!(f, "orderstream-{number} -> Postgres"),
            Place::ToRedis(number) => write!(f, "orderstream-{number} -> Redis"),
            Place::ToKafka(number) => write!(f, "orderstream-{number} -> Kafka"),
            Place::Kafka(which) => write!(f, "{which}"),
            place => write!(f, "{place:?}"),
        }?;
        f.write_str(": ")?;
        match self.kind {
            Kind::Kill => f.write_str("SIGKILL"),
            Kind::Pause => f.write_str("SIGSTOP"),
            Kind::Stop => f.write_str("restart"),
            Kind::Line(mode) => write!(f, "{mode}"),
            Kind::Cut => f.write_str("connections cut"),
            Kind::Forget => f.write_str("connections forgotten"),
            Kind::Flush => f.write_str("FLUSHALL"),
            Kind::Full => f.write_str("out of memory"),
            Kind::ReadOnly => f.write_str("read-only"),
            Kind::Emptied => f.write_str("comes back empty"),
            Kind::OldData => f.write_str("comes back with old data"),
            Kind::Terminate => f.write_str("backends terminated"),
            Kind::Snapshot => f.write_str("incremental snapshot"),
            Kind::Truncate => f.write_str("orders truncated"),
            Kind::AddPartition => f.write_str("one more partition"),
            Kind::Retention => f.write_str("the old part deleted"),
            Kind::Forbidden(command) => write!(f, "{command} forbidden"),
            Kind::Alter(alteration) => f.write_str(alteration.as_str()),
            Kind::ByHand => f.write_str("changed by hand"),
        }
    }
}

impl Fault {
    /// Makes the fault happen.
    pub(crate) fn begin(&self, world: &World) -> Result<()> {
        let stack = &world.stack;
        match self.kind {
            Kind::Kill => {
                self.services(world)?.into_iter().for_each(Service::kill);
                Ok(())
            }
            Kind::Pause => self.services(world)?.into_iter().try_for_each(Service::pause),
            Kind::Stop if self.worker(world).is_some() => self.worker(world).map_or(Ok(()), Process::stop),
            Kind::Stop => self.services(world)?.into_iter().try_for_each(Service::stop),
            Kind::Line(mode) => {
                self.on_line(world, |line| line.set(mode));
                Ok(())
            }
            Kind::Cut => {
                self.on_line(world, Proxy::cut);
                Ok(())
            }
            Kind::Forget => {
                self.on_line(world, Proxy::lose);
                Ok(())
            }
            Kind::Flush => redis_faults::flush(stack),
            Kind::Full => redis_faults::fill(stack),
            Kind::ReadOnly if self.place == Place::Redis => redis_faults::make_read_only(stack),
            Kind::ReadOnly => set_read_only(world, true),
            Kind::Emptied => redis_faults::lose_data(stack),
            Kind::OldData if self.place == Place::Redis => redis_faults::back_up(stack),
            Kind::OldData => results_faults::back_up(world),
            Kind::Forbidden(command) => redis_faults::forbid(stack, command),
            Kind::Terminate => terminate(world),
            Kind::Snapshot => ask_for_snapshot(world),
            Kind::Truncate => stack.psql(&format!("{FROM_OUTSIDE}; {TRUNCATE}")).map(drop),
            Kind::AddPartition => world.topics.add_partition(&world.runtime, ORDERS),
            Kind::Retention => world.topics.delete_before(&world.runtime, ORDERS, &world.processed()),
            Kind::Alter(alteration) => alteration.begin(stack),
            Kind::ByHand => results_faults::change_by_hand(world),
        }
    }

    /// Ends the fault.
    pub(crate) fn end(&self, world: &World) -> Result<()> {
        match self.kind {
            // Which broker led is not asked again: by now another one leads.
            Kind::Kill | Kind::Stop | Kind::Pause if matches!(self.place, Place::Kafka(_)) => broker_faults::heal(&world.stack),
            Kind::Kill | Kind::Stop => self.services(world)?.into_iter().try_for_each(Service::launch),
            Kind::Pause => {
                self.services(world)?.into_iter().for_each(Service::resume);
                Ok(())
            }
            Kind::Line(_) => {
                self.on_line(world, Proxy::heal);
                Ok(())
            }
            Kind::Forget => {
                self.on_line(world, Proxy::cut);
                Ok(())
            }
            Kind::Full | Kind::Forbidden(_) => redis_faults::heal(&world.stack),
            Kind::ReadOnly if self.place == Place::Redis => redis_faults::heal(&world.stack),
            Kind::ReadOnly => set_read_only(world, false),
            Kind::OldData if self.place == Place::Redis => redis_faults::return_to_backup(&world.stack),
            Kind::OldData => results_faults::return_to_backup(world),
            Kind::Alter(_) => schema_faults::heal(&world.stack),
            Kind::Cut | Kind::Flush | Kind::Emptied | Kind::Terminate | Kind::Snapshot | Kind::Truncate => Ok(()),
            Kind::AddPartition | Kind::Retention | Kind::ByHand => Ok(()),
        }
    }

    /// The processes that a fault of the place happens to.
    fn services<'a>(&self, world: &'a World) -> Result<Vec<&'a Service>> {
        let stack = &world.stack;
        Ok(match self.place {
            Place::Postgres => vec![stack.postgres()],
            Place::Redis => vec![stack.redis()],
            Place::Kafka(which) => which.of(stack)?,
            Place::Connect => vec![stack.connect()],
            Place::Worker(_) => self.worker(world).map(|process| &process.service).into_iter().collect(),
            _ => Vec::new(),
        })
    }

    fn worker<'a>(&self, world: &'a World) -> Option<&'a Process> {
        match self.place {
            Place::Worker(number) => world.workers().get(number),
            _ => None,
        }
    }

    fn on_line(&self, world: &World, act: impl Fn(&Proxy)) {
        let lines = |number: usize, choose: fn(&Process) -> &[Proxy]| world.workers().get(number).map_or(&[][..], choose);
        let lines = match self.place {
            Place::ToPostgres(number) => lines(number, |process| slice::from_ref(&process.to_postgres)),
            Place::ToRedis(number) => lines(number, |process| process.to_redis.as_slice()),
            Place::ToKafka(number) => lines(number, |process| &process.to_kafka),
            _ => &[],
        };
        lines.iter().for_each(act);
    }
}

fn set_read_only(world: &World, on: bool) -> Result<()> {
    let value = if on { "on" } else { "off" };
    world.stack.psql(&format!("alter system set default_transaction_read_only = {value}"))?;
    world.stack.psql("select pg_reload_conf()").map(drop)
}

fn terminate(world: &World) -> Result<()> {
    world.stack.psql("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename in ('orderstream', 'debezium')").map(drop)
}

fn ask_for_snapshot(world: &World) -> Result<()> {
    let asked = r#"{"type": "incremental", "data-collections": ["public.orders", "public.customers"]}"#;
    let id = "'chaos-' || gen_random_uuid()";
    world.stack.psql(&format!("insert into debezium_signal (id, type, data) values ({id}, 'execute-snapshot', '{asked}')")).map(drop)
}
