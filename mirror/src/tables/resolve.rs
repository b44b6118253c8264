//! Finds out how a table is written, in one transaction that makes and follows what it lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use ledger::{Lease, StoreError};

use super::register::Registered;
use super::{Cause, LookError, Tables, columns, register, target_table};
use crate::catalog::{CatalogError, ConstraintKind, Identity, Table, TableName};
use crate::known::Entry;
use crate::layout::Layout;
use crate::plan::{self, Step};
use crate::settings::Types;

impl Tables {
    pub(super) async fn resolve(&self, name: &TableName, cause: &Cause) -> Result<Entry, LookError> {
        let mut lease = self.target.lease().await?;
        loop {
            lease.begin().await?;
            match self.resolve_in(&mut lease, name, cause).await {
                Ok(entry) => {
                    lease.commit().await?;
                    return Ok(entry);
                }
                Err(Resolve::Labels(_)) => lease.commit().await?,
                Err(Resolve::Nothing) => {
                    lease.roll_back().await?;
                    return Ok(Entry::Nothing);
                }
                Err(Resolve::Waits(reason)) => {
                    lease.roll_back().await?;
                    register::note_waits(&mut lease, name, &reason).await?;
                    return Ok(Entry::Waits(reason));
                }
                Err(Resolve::Catalog(error)) => return Err(error.into()),
                Err(Resolve::Elsewhere(error)) => {
                    lease.roll_back().await?;
                    return Err(error);
                }
            }
        }
    }

    async fn resolve_in(&self, lease: &mut Lease, name: &TableName, cause: &Cause) -> Result<Entry, Resolve> {
        // What the source has is read behind the lock, because another process may have followed it while this one waited.
        register::alone(lease).await?;
        let target_name = self.selection.target(name);
        let registered = match register::find(lease, name).await? {
            Some(registered) => Some(self.of_topic(lease, name, registered, cause).await?),
            None => None,
        };
        let there = target_table(lease, &target_name).await?;
        let described = self.described(cause);
        let source = match self.types {
            Types::Catalog => self.source_table(name).await?.map(|table| self.without_excluded(table)),
            Types::Schema | Types::Text => self.compared(lease, described.as_ref(), there.as_ref(), registered.as_ref()).await?,
        };
        let source = source.as_ref();
        let (registered, table) = match (registered, there) {
            (Some(registered), Some(table)) => self.follow(lease, name, registered, source, table, cause).await?,
            (None, Some(table)) => {
                let registered = self.adopt(lease, name, source, &table, cause).await?;
                self.follow(lease, name, registered, source, table, cause).await?
            }
            (None, None) => self.make(lease, name, source, &target_name, cause).await?,
            (Some(_), None) => {
                return Err(Resolve::Waits(format!(
                    "{target_name} is not in the target any more, and rows of it were written: create it again as it was, or let it be made anew and filled by \
                     a snapshot: delete its row in orderstream_mirror.mirror_tables"
                )));
            }
        };
        let gone = self.gone_from(name, source);
        let excluded = gone.iter().map(String::as_str);
        let mut columns = columns::of(&table, source, &self.modes, excluded, |column| self.selection.excludes_column(name, column));
        if self.types == Types::Text {
            columns::as_is(&mut columns);
        }
        let key = registered.key.iter().filter_map(|key| columns.iter().position(|column| column.name == *key)).collect();
        let mut layout = Layout::new(registered.id, registered.version, name.clone(), table.name.clone(), columns, key);
        layout.has_old_row = source.is_some_and(|source| source.identity == Identity::Full);
        layout.may_clear = !table.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::ReferencedBy);
        layout.topic = registered.topic.into();
        layout.shape = source.map(columns::shape).unwrap_or_default();
        layout.described = self.taken(name, described.as_ref());
        layout.keyed_alike = !self.keyed_otherwise.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
        register::guard(lease, &layout).await?;
        Ok(Entry::Ready(Arc::new(layout)))
    }

    /// Takes over the topic that the table's events come from: another one only in a higher epoch, because positions are of one topic (P5).
    async fn of_topic(&self, lease: &mut Lease, name: &TableName, registered: Registered, cause: &Cause) -> Result<Registered, Resolve> {
        let (is_another, is_newer) = (*cause.topic != *registered.topic, self.epoch > registered.epoch);
        if cause.topic.is_empty() || !is_another && !is_newer {
            return Ok(registered);
        }
        if !is_newer {
            let (topic, before) = (cause.topic.to_string(), registered.topic);
            return Err(Resolve::Elsewhere(LookError::Elsewhere { table: name.clone(), topic, before, epoch: registered.epoch }));
        }
        register::set_topic(lease, registered.id, &cause.topic, self.epoch).await?;
        Ok(Registered { topic: cause.topic.to_string(), epoch: self.epoch, ..registered })
    }

    /// The table as the event describes it, without excluded columns.
    fn described(&self, cause: &Cause) -> Option<Table> {
        cause.told.table().map(|table| self.without_excluded(table.clone()))
    }

    /// The table as the event describes it, made comparable with the target's.
    async fn compared(
        &self,
        lease: &mut Lease,
        described: Option<&Table>,
        there: Option<&Table>,
        registered: Option<&Registered>,
    ) -> Result<Option<Table>, StoreError> {
        let (Some(described), Some(there)) = (described, there) else { return Ok(described.cloned()) };
        let followed = match registered {
            Some(registered) => register::followed(lease, registered.id, self.types).await?,
            None => BTreeMap::new(),
        };
        let names = self.names(lease).await?;
        Ok(Some(plan::compared(described, there, &followed, &names, self.types)))
    }

    /// The types that the schemas of events have given to the columns by now. The table takes them all, as none of them lets it wait.
    fn taken(&self, name: &TableName, described: Option<&Table>) -> BTreeSet<(String, String)> {
        let mut all = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let of_table = all.entry(name.clone()).or_default();
        of_table
            .extend(described.into_iter().flat_map(|table| &table.columns).map(|column| (column.name.clone(), column.sql_type.clone())));
        of_table.clone()
    }

    /// The columns that events have and the source has no more. A column that has come back is none of them.
    fn gone_from(&self, name: &TableName, source: Option<&Table>) -> BTreeSet<String> {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let of_table = gone.entry(name.clone()).or_default();
        of_table.retain(|column| source.is_none_or(|source| source.column(column).is_none()));
        of_table.clone()
    }
}

/// What keeps a table from being written.
pub(super) enum Resolve {
    /// The target lacks the table, and the event tells nothing of it.
    Nothing,
    /// An operator has to do something.
    Waits(String),
    /// Labels of enumerations were added by these steps. The transaction has to be committed before anything else is done, which may use them.
    Labels(Vec<Step>),
    /// The event is of another topic than those before.
    Elsewhere(LookError),
    /// A server is away, or a table was altered just now.
    Catalog(CatalogError),
}

impl<E: Into<CatalogError>> From<E> for Resolve {
    fn from(error: E) -> Self {
        Self::Catalog(error.into())
    }
}

/// A statement that the target refuses keeps its table waiting; a target that is away is asked again.
pub(super) fn cannot(sql: &str, error: StoreError) -> Resolve {
    if error.is_outage() {
        Resolve::Catalog(error.into())
    } else {
        Resolve::Waits(format!("the target refuses a statement: {error}; the statement is: {sql}"))
    }
}
