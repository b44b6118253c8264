//! Does what a table needs before its records can be stored, and finds out whether a table has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use change::record::Record;
use change::rejection::Reason;
use worker::Stopped;

use super::Worker;
use crate::batch::Batch;
use crate::catalog::TableName;
use crate::known::Entry;
use crate::layout::Layout;
use crate::letters::Refusals;
use crate::prepare::Blocked;
use crate::tables::Cause;

impl Worker {
    /// Does what has to be done before the record can be read, and waits for as long as an operator has to do it. Returns whether the record has
    /// nothing to do, because its table was never made.
    pub(super) async fn unblock(&self, record: &Record, blocked: Blocked) -> Result<bool, Stopped> {
        let cause = self.cause(record, blocked.table());
        let mut backoff = self.shared.backoff();
        let mut is_told = false;
        loop {
            match self.shared.tables.cleared(&blocked, &cause).await {
                Ok(Entry::Ready(_) | Entry::Excluded) => {
                    self.shared.health.running(&self.partition);
                    return Ok(false);
                }
                Ok(Entry::Nothing) => {
                    self.shared.health.running(&self.partition);
                    return Ok(true);
                }
                Ok(Entry::Waits(reason)) => {
                    if !is_told {
                        is_told = true;
                        if let Err(error) = self.shared.tables.note_waits(blocked.table(), &reason).await {
                            tracing::debug!(%error, "That a table waits was not noted in the target");
                        }
                        tracing::error!(topic = %self.partition.topic, partition = self.partition.number, reason, "A table waits for an operator; the other tables go on");
                    }
                    self.shared.health.waiting(&self.partition, reason);
                    self.tenure.pause(backoff.next_delay()).await?;
                }
                Err(error) => {
                    if !is_told {
                        is_told = true;
                        tracing::error!(topic = %self.partition.topic, partition = self.partition.number, table = %blocked.table(), %error, "It is not known how a table is written; the partition waits and asks again");
                    }
                    self.shared.health.waiting(&self.partition, error.to_string());
                    self.tenure.pause(backoff.next_delay()).await?;
                }
            }
        }
    }

    /// Whether a table of the batch is written in another way now, or waits. A wider type in the source makes no event of its own: the first value
    /// that does not fit tells of it.
    pub(super) async fn has_changed(&self, record: &Record, batch: &Batch) -> Result<bool, Stopped> {
        self.any_changed(record, batch.layouts().cloned().collect()).await
    }

    /// Whether a table of which a record could not be read is written in another way now, or waits. A type that has become another one in the source makes
    /// no event of its own, and the first value of the new type tells of it.
    pub(super) async fn was_misread(&self, records: &[Record], refusals: &Refusals, before: &Refusals) -> Result<bool, Stopped> {
        let known = self.shared.tables.known();
        let unread = refusals.iter().filter(|(index, refusal)| !before.contains_key(index) && refusal.rejection.reason == Reason::Invalid);
        let mut tables: BTreeMap<&TableName, usize> = BTreeMap::new();
        for (index, table) in unread.filter_map(|(index, refusal)| Some((*index, refusal.table.as_ref()?))) {
            tables.entry(table).or_insert(index);
        }
        for (table, index) in tables {
            let Some(Entry::Ready(layout)) = known.entry(table) else { continue };
            if self.any_changed(&records[index], vec![Arc::clone(layout)]).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn any_changed(&self, record: &Record, layouts: Vec<Arc<Layout>>) -> Result<bool, Stopped> {
        let mut has_changed = false;
        for layout in &layouts {
            let cause = self.cause(record, &layout.source);
            let mut backoff = self.shared.backoff();
            loop {
                match self.shared.tables.look(&layout.source, &cause).await {
                    Ok(Entry::Ready(now)) => has_changed |= !now.is_like(layout),
                    Ok(Entry::Excluded | Entry::Nothing | Entry::Waits(_)) => has_changed = true,
                    Err(error) => {
                        self.shared.health.waiting(&self.partition, error.to_string());
                        self.tenure.pause(backoff.next_delay()).await?;
                        continue;
                    }
                }
                break;
            }
        }
        Ok(has_changed)
    }

    fn cause(&self, record: &Record, name: &TableName) -> Cause {
        Cause::of(record, name, &self.shared.reading, &self.shared.tables.selection)
    }
}
