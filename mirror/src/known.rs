//! The tables that are known by now, and what is to be done with the events of each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::catalog::TableName;
use crate::layout::Layout;

/// What is to be done with the events of a table.
#[derive(Debug, Clone)]
pub enum Entry {
    /// The events are written.
    Ready(Arc<Layout>),
    /// The events are passed over, because the configuration excludes the table.
    Excluded,
    /// The target lacks the table, and this event tells nothing by which it could be made or that could be removed. The next one may.
    Nothing,
    /// The events wait for this reason.
    Waits(String),
}

/// The tables that are known by now. Cheap to clone as an `Arc`; replaced as a whole when a table changes.
#[derive(Debug, Clone, Default)]
pub struct Known {
    entries: HashMap<TableName, Entry>,
    /// The tables that the events of each topic name.
    topics: HashMap<Arc<str>, BTreeSet<TableName>>,
}

/// The table that a record without a value is about. Nothing but its topic tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfTopic<'k> {
    /// No event of the topic was ever written, so there is nothing to remove.
    Nothing,
    /// All events of the topic are about this table.
    One(&'k TableName),
    /// The events of the topic are about several tables.
    Several,
}

impl Known {
    /// What is known of a table; `None` if it was never met.
    #[must_use]
    pub fn entry(&self, name: &TableName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// A table of the topic whose events are written, as a first guess what the next event is about.
    #[must_use]
    pub fn guess(&self, topic: &str) -> Option<&Arc<Layout>> {
        self.topics.get(topic)?.iter().find_map(|name| match self.entries.get(name)? {
            Entry::Ready(layout) => (*layout.topic == *topic).then_some(layout),
            Entry::Excluded | Entry::Nothing | Entry::Waits(_) => None,
        })
    }

    /// The table that a record of the topic is about if the record does not tell.
    #[must_use]
    pub fn of_topic(&self, topic: &str) -> OfTopic<'_> {
        let mut tables = self.topics.get(topic).into_iter().flatten();
        match (tables.next(), tables.next()) {
            (None, _) => OfTopic::Nothing,
            (Some(one), None) => OfTopic::One(one),
            (Some(_), Some(_)) => OfTopic::Several,
        }
    }

    /// Takes in that events of `topic` are about a table.
    pub fn meet(&mut self, topic: &Arc<str>, name: TableName) {
        self.topics.entry(Arc::clone(topic)).or_default().insert(name);
    }

    /// Takes in what is to be done with a table.
    pub fn learn(&mut self, name: TableName, entry: Entry) {
        self.entries.insert(name, entry);
    }

    /// The tables whose events are written.
    pub fn ready(&self) -> impl Iterator<Item = &Arc<Layout>> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Ready(layout) => Some(layout),
            Entry::Excluded | Entry::Nothing | Entry::Waits(_) => None,
        })
    }
}
