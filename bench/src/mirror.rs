//! The cases `mirror` and `mirror-tables`: a backlog of Debezium's events becomes tables of another database, by `orderstream mirror run` and,
//! with PEER=jdbc-sink, by Debezium's JDBC sink from the same topics. No figure counts unless the target is equal to the source.
//!
//! - [`shape`]: the tables and their changes
//! - [`source`]: the real Debezium writes the events once
//! - [`target`]: the way back to an empty target, and whether it is equal
//! - [`watched`]: rates and costs, from the first row to the last
//! - [`process`], [`jdbc_sink`]: who works the backlog off

use anyhow::Result;

use crate::ground::Ground;
use crate::measures::Measures;
use crate::settings::Settings;

pub(crate) mod jdbc_sink;
pub(crate) mod process;
pub(crate) mod shape;
pub(crate) mod source;
mod target;
mod watched;

use shape::Shape;
use source::Load;

/// The loads of the case `mirror`, as far as Kafka has them.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    loads: Vec<Load>,
    thousand: Option<Load>,
}

impl Loads {
    /// Measures each load by the mirror, and by the sink if it is asked for, one right behind the other.
    pub(crate) fn mirror(&mut self, ground: &Ground, settings: &Settings) -> Result<Vec<(&'static str, Measures)>> {
        if self.loads.is_empty() {
            self.loads = source::fill(ground, &Shape::OF_MIRROR, settings.events)?;
            self.warm_up(ground, settings)?;
        }
        let mut results = Vec::new();
        for load in &self.loads {
            results.push((load.shape.name(), process::drain(ground, load)?));
            if let Some(peer) = &settings.peer {
                results.push((load.shape.name_of_sink(), jdbc_sink::drain(ground, load, peer)?));
            }
        }
        Ok(results)
    }

    /// Runs drains that do not count: Kafka's and Connect's Java machines compile what they run often, and Postgres makes the segments of its
    /// log.
    fn warm_up(&self, ground: &Ground, settings: &Settings) -> Result<()> {
        let Some(load) = self.loads.first() else { return Ok(()) };
        process::drain(ground, load)?;
        if let Some(peer) = &settings.peer {
            ground.stack.connect().start()?;
            for load in &self.loads {
                jdbc_sink::drain(ground, load, peer)?;
            }
        }
        Ok(())
    }

    /// Measures a thousand tables in one process.
    pub(crate) fn thousand(&mut self, ground: &Ground, settings: &Settings) -> Result<Measures> {
        if self.thousand.is_none() {
            self.thousand = source::fill(ground, &[Shape::Thousand], settings.events)?.pop();
        }
        self.thousand.as_ref().map_or_else(|| Ok(Measures::default()), |load| process::make_tables(ground, load))
    }
}
