//! Violations planted on the topic of dead letters. The records stay there for good, so these violations are planted last.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};

use super::{Outcome, Violation, look};
use crate::checks::Read;
use crate::statements::PLANTED_NAME;
use crate::topics::{DEAD_LETTERS, Header as Found};
use crate::world::World;

const FOREIGN: Violation =
    Violation { what: "a record on dlq-errors that is no poison", promise: "P7", says: "on the topic, and no poison" };
const HEADER: Violation =
    Violation { what: "a name in a header on dlq-errors", promise: "P11", says: "a header on dlq-errors has a customer's data" };
const PATIENCE: Duration = Duration::from_secs(30);

/// Plants both violations.
pub(super) fn plant(world: &World, read: &mut Read, outcome: &mut Outcome) -> Result<()> {
    let letters = world.topics.read_on(DEAD_LETTERS, &mut Vec::new())?;
    let mut headers = letters.into_iter().next().context("there is no dead letter")?.headers;
    // A letter that is sent twice is right, so only the name in its header is wrong.
    headers.push(("x-planted".to_owned(), Some(PLANTED_NAME.into())));
    send(world, &headers)?;
    outcome.judge(&HEADER, &look(world, read));
    send(world, &[])?;
    outcome.judge(&FOREIGN, &look(world, read));
    Ok(())
}

fn send(world: &World, headers: &[Found]) -> Result<()> {
    let producer = world.topics.producer(None)?;
    let headers = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: value.as_ref() }));
    let record = BaseRecord::to(DEAD_LETTERS).key("planted").payload("planted").headers(headers);
    producer.send(record).map_err(|(error, _)| anyhow!("it cannot be sent: {error}"))?;
    Ok(producer.flush(PATIENCE)?)
}
