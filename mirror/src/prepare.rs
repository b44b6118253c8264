//! Makes records into a batch that can be stored, and says what is in the way of the first record that cannot be. The functions are pure, and run
//! again with more refusals when Postgres refuses a row.

use std::collections::BTreeMap;
use std::sync::Arc;

use change::envelope::Layouts;
use change::record::{Ended, Record};
use change::rejection::Rejection;
use kafka::source::TopicPartition;
use worker::letter_cap::clean_to;

use crate::batch::{Batch, TableChanges, TooLong, keyless_batch};
use crate::catalog::TableName;
use crate::connect_types::ConnectTypes;
use crate::decode::{Decoded, Outcome, Reading, RowEvent};
use crate::known::{Entry, Known, OfTopic};
use crate::layout::Layout;
use crate::letters::{Refusal, Refusals};

/// What has to be done before the next record can be read.
#[derive(Debug, Clone)]
pub enum Blocked {
    /// The table was never met, or not in this topic.
    Unknown(TableName),
    /// The events of the table have columns that are not known.
    Grown(TableName, Vec<String>),
    /// The type of a column of the target has fewer digits than a value.
    Narrow(Arc<Layout>),
    /// The key of the table's events has other columns.
    AnotherKey(TableName),
    /// The table waits, and with it everything behind it in the partition.
    Waits(TableName, String),
}

impl Blocked {
    /// The source's table.
    #[must_use]
    pub fn table(&self) -> &TableName {
        match self {
            Self::Unknown(name) | Self::Grown(name, _) | Self::AnotherKey(name) | Self::Waits(name, _) => name,
            Self::Narrow(layout) => &layout.source,
        }
    }
}

/// The records that go into one transaction.
#[derive(Debug)]
pub struct Prepared {
    /// What is written.
    pub batch: Batch,
    /// How many of the records were taken.
    pub taken: usize,
    /// What is in the way of the next record; `None` if all were taken, or the next has to be a batch of its own.
    pub blocked: Option<Blocked>,
    /// What the last of the taken records has ended.
    pub ended: Ended,
}

/// Decodes `records` as far as they can be stored together. `before` tells of the record before the first; records in `refusals` take no part, and
/// those that cannot be decoded are added.
///
/// # Errors
/// If a value is longer than Postgres can take.
pub fn prepare<'a>(
    reading: &'a Reading,
    known: &'a Known,
    partition: &'a TopicPartition,
    records: &'a [Record],
    before: &Ended,
    refusals: &mut Refusals,
) -> Result<Prepared, TooLong> {
    let mut preparing = Preparing {
        reading,
        known,
        topic: &partition.topic,
        guess: known.guess(&partition.topic),
        tables: BTreeMap::new(),
        ignored: 0,
        truncate: None,
    };
    let (mut taken, mut blocked, mut ended, mut refused) = (0, None, before.clone(), Vec::new());
    for (index, record) in records.iter().enumerate() {
        let took = if refusals.contains_key(&index) {
            Took::Refused
        } else if record.value.is_none() && ended.is_followed_by(record) {
            preparing.ignored += 1;
            Took::Put
        } else {
            preparing.take(index, record).unwrap_or_else(|(rejection, table)| {
                refused.push((index, Refusal { rejection, table }));
                Took::Refused
            })
        };
        match took {
            Took::Put => ended = Ended::default(),
            // A refused record may have been a delete.
            Took::Delete | Took::Refused => ended = Ended::by(record),
            // An event that is passed over may have been a delete, and its tombstone says no more than it.
            Took::Nothing => ended = Ended::by(record),
            Took::Alone => {
                taken = taken.max(usize::from(index == 0));
                break;
            }
            Took::Blocked(by) => {
                blocked = Some(by);
                break;
            }
        }
        taken = index + 1;
    }
    refusals.extend(refused);
    Ok(Prepared { batch: preparing.batch(records, taken, refusals)?, taken, blocked, ended })
}

/// What became of one record.
enum Took {
    /// The record says that a row is there, or belongs to the delete before it.
    Put,
    Delete,
    Nothing,
    /// The record becomes a dead letter.
    Refused,
    /// The record has to be a batch of its own.
    Alone,
    Blocked(Blocked),
}

struct Preparing<'a> {
    reading: &'a Reading,
    known: &'a Known,
    topic: &'a str,
    /// The table that the last record was about.
    guess: Option<&'a Arc<Layout>>,
    tables: BTreeMap<i32, Table<'a>>,
    ignored: u64,
    truncate: Option<(Arc<Layout>, change::position::Position)>,
}

struct Table<'a> {
    changes: TableChanges<'a>,
    /// What becomes of the rows of a table without a key.
    events: Vec<RowEvent<'a>>,
    shapes: Layouts,
    types: ConnectTypes,
}

type Refused = (Rejection, Option<TableName>);

impl<'a> Preparing<'a> {
    fn take(&mut self, index: usize, record: &'a Record) -> Result<Took, Refused> {
        if record.value.is_none() {
            return self.take_null(index, record);
        }
        // The first round finds the table of a topic that was never met, the second reads the event as that of its table.
        for _ in 0..3 {
            let Some(layout) = self.guess else {
                match self.first(record)? {
                    None => continue,
                    Some(took) => return Ok(took),
                }
            };
            match self.decode(record, layout).map_err(|rejection| (rejection, Some(layout.source.clone())))? {
                Outcome::Other(schema, table) => match self.turn_to(TableName::new(schema, table)) {
                    None => {}
                    Some(took) => return Ok(took),
                },
                Outcome::Own(decoded) => return Ok(self.keep(index, record, layout, decoded)),
            }
        }
        Err((Rejection::malformed("source: its table reads as another one each time"), None))
    }

    /// Takes a record without a value, which only its topic tells the table of.
    fn take_null(&mut self, index: usize, record: &'a Record) -> Result<Took, Refused> {
        let name = match self.known.of_topic(self.topic) {
            OfTopic::Nothing => return Ok(self.ignore()),
            OfTopic::One(name) => name,
            OfTopic::Several => {
                let what = "value: null, which does not tell its table, and the topic has events of several tables";
                return Err((Rejection::unsupported(what), None));
            }
        };
        if let Some(took) = self.turn_to(name.clone()) {
            return Ok(took);
        }
        let Some(layout) = self.guess else { return Ok(self.ignore()) };
        match self.decode(record, layout).map_err(|rejection| (rejection, Some(layout.source.clone())))? {
            Outcome::Own(decoded) => Ok(self.keep(index, record, layout, decoded)),
            Outcome::Other(..) => Ok(self.ignore()),
        }
    }

    /// Finds the table of the first event of a topic that was never met; what is in the way, if it cannot be read.
    fn first(&mut self, record: &'a Record) -> Result<Option<Took>, Refused> {
        let event = self.reading.reader.table_event(record, &[], None).map_err(|rejection| (rejection, None))?;
        let Some(event) = event else { return Ok(Some(self.ignore())) };
        match (event.table.schema, event.table.table) {
            (Some(schema), Some(table)) => Ok(self.turn_to(TableName::new(schema, table))),
            _ => Err((
                Rejection::invalid("source: the event does not tell its table; with flat values add the fields schema and table"),
                None,
            )),
        }
    }

    /// Turns to another table; what is in the way, if it cannot be read.
    fn turn_to(&mut self, name: TableName) -> Option<Took> {
        match self.known.entry(&name) {
            Some(Entry::Ready(layout)) if *layout.topic == *self.topic => {
                self.guess = Some(layout);
                None
            }
            Some(Entry::Excluded) => Some(self.ignore()),
            Some(Entry::Waits(reason)) => Some(Took::Blocked(Blocked::Waits(name, reason.clone()))),
            Some(Entry::Ready(_) | Entry::Nothing) | None => Some(Took::Blocked(Blocked::Unknown(name))),
        }
    }

    fn ignore(&mut self) -> Took {
        self.ignored += 1;
        Took::Nothing
    }

    fn decode(&mut self, record: &'a Record, layout: &'a Arc<Layout>) -> Result<Outcome<'a>, Rejection> {
        let table = self.tables.entry(layout.id).or_insert_with(|| Table {
            changes: TableChanges::new(Arc::clone(layout)),
            events: Vec::new(),
            shapes: Layouts::default(),
            types: ConnectTypes::default(),
        });
        self.reading.decode(record, layout, &mut table.shapes, &mut table.types)
    }

    fn keep(&mut self, index: usize, record: &'a Record, layout: &Arc<Layout>, decoded: Decoded<'a>) -> Took {
        let Some(table) = self.tables.get_mut(&layout.id) else { return Took::Nothing };
        match decoded {
            Decoded::Put { has_others: true, .. } | Decoded::Row(RowEvent { has_others: true, .. }) => {
                let others = self.reading.other_columns(record, layout);
                Took::Blocked(Blocked::Grown(layout.source.clone(), others))
            }
            Decoded::Put { id, cells, position, .. } => {
                table.changes.put(index, id, cells, position);
                Took::Put
            }
            Decoded::Delete { id, key, position } => {
                table.changes.delete(index, id, key, position);
                Took::Delete
            }
            Decoded::Row(event) => {
                let took = if event.added.is_some() { Took::Put } else { Took::Delete };
                table.events.push(event);
                took
            }
            Decoded::Truncate(position) => {
                if index == 0 {
                    self.truncate = Some((Arc::clone(layout), position));
                }
                Took::Alone
            }
            Decoded::AnotherShape => Took::Blocked(Blocked::Unknown(layout.source.clone())),
            Decoded::AnotherKey => Took::Blocked(Blocked::AnotherKey(layout.source.clone())),
            Decoded::Ignored => self.ignore(),
        }
    }

    /// The batch of the records that were taken.
    fn batch(self, records: &[Record], taken: usize, refusals: &mut Refusals) -> Result<Batch, TooLong> {
        let (mut tables, mut keyless, mut stale) = (Vec::with_capacity(self.tables.len()), Vec::new(), 0);
        for table in self.tables.into_values() {
            if !table.events.is_empty() {
                keyless.push(keyless_batch(Arc::clone(&table.changes.layout), &table.events)?);
            }
            if table.changes.is_empty() {
                continue;
            }
            let (written, late) = table.changes.collapsed()?;
            stale += late;
            tables.push(written);
        }
        refusals.retain(|index, _| *index < taken);
        let clean_to = clean_to(&records[..taken], refusals);
        let last = taken.checked_sub(1).and_then(|last| records[last].landmark());
        let to = taken.checked_sub(1).map(|last| records[last].offset + 1);
        Ok(Batch { to, last, clean_to, tables, keyless, truncate: self.truncate, stale, ignored: self.ignored })
    }
}
