//! Takes in what events tell of a table that the catalog did not: other columns, wider values, another key.

use std::sync::PoisonError;

use super::{Cause, LookError, Tables};
use crate::catalog::TableName;
use crate::known::Entry;
use crate::layout::Layout;
use crate::prepare::Blocked;

impl Tables {
    /// Does what has to be done before the record that is blocked can be read.
    ///
    /// # Errors
    /// If the target or the source is away, or the event is of another topic than those before.
    pub async fn cleared(&self, blocked: &Blocked, cause: &Cause) -> Result<Entry, LookError> {
        match blocked {
            Blocked::Unknown(name) | Blocked::Waits(name, _) => self.look(name, cause).await,
            Blocked::Grown(name, others) => self.grown(name, others, cause).await,
            Blocked::Narrow(layout) => self.widened(layout, cause).await,
            Blocked::AnotherKey(name) => self.rekeyed(name, cause).await,
        }
    }

    /// Takes in that events of the table have columns that were not known, and finds out how the table is written now.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn grown(&self, name: &TableName, others: &[String], cause: &Cause) -> Result<Entry, LookError> {
        let source = self.source_table(name).await?;
        let is_gone = |other: &&String| {
            // An event from before a column was dropped still has the column, and the source has no value for it any more.
            self.selection.excludes_column(name, other) || source.as_ref().is_some_and(|source| source.column(other).is_none())
        };
        self.gone
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name.clone())
            .or_default()
            .extend(others.iter().filter(is_gone).cloned());
        let entry = self.look(name, cause).await?;
        let Entry::Ready(layout) = &entry else { return Ok(entry) };
        let unknown: Vec<&str> =
            others.iter().map(String::as_str).filter(|other| !layout.names().iter().any(|name| name == other)).collect();
        if unknown.is_empty() {
            return Ok(entry);
        }
        if let Some(why) = cause.told.untold() {
            let unknown = unknown.join(", ");
            return Ok(Entry::Waits(format!("events of {name} have columns that {} does not have: {unknown}; {why}", layout.target)));
        }
        Ok(Entry::Waits(format!(
            "events of {name} have columns that {} does not have: {}; add them to the table, exclude them with mirror.exclude_columns, or set mirror.source_url, by \
             whose catalog they are added with exact types",
            layout.target,
            unknown.join(", ")
        )))
    }

    /// Takes in that a value has more digits than the type of its column kept when the table was as in `before`, and finds out how the table is written
    /// now.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn widened(&self, before: &Layout, cause: &Cause) -> Result<Entry, LookError> {
        let entry = self.look(&before.source, cause).await?;
        match &entry {
            Entry::Ready(layout) if layout.is_like(before) => Ok(Entry::Waits(format!(
                "a value of {} has more digits than the type of its column keeps in {}: give the column the type that it has in the source",
                layout.source, layout.target
            ))),
            _ => Ok(entry),
        }
    }

    /// Takes in that the events of the table have another key, and finds out how the table is written now.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn rekeyed(&self, name: &TableName, cause: &Cause) -> Result<Entry, LookError> {
        let before = self.known().entry(name).cloned();
        let entry = self.look(name, cause).await?;
        let (Entry::Ready(layout), Some(Entry::Ready(before))) = (&entry, before) else { return Ok(entry) };
        if layout.key_names() != before.key_names() {
            return Ok(entry);
        }
        // The table's key is as it was, so that the connector gives the records another one.
        if self.source.is_some() {
            self.keyed_otherwise.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
            return self.look(name, cause).await;
        }
        Ok(Entry::Waits(format!(
            "events of {name} have another key than {} has in the target ({}): give the topic the key of the table, or change the key of the target's table",
            layout.target,
            layout.key_names().join(", ")
        )))
    }
}
