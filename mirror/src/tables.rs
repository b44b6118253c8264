//! Finds out how a table is written when its first event comes, and again when its shape has changed: makes the table where the target lacks it,
//! follows what adds something, and says what has to wait for an operator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use change::record::Record;
use ledger::{Lease, Ledger, StoreError};

use crate::catalog::{self, CatalogError, Table, TableName};
use crate::decode::Reading;
use crate::known::{Entry, Known};
use crate::layout::Layout;
use crate::plan::Names;
use crate::settings::{Constraints, Evolution as Policy, Selection, Types};
use crate::told::Told;
use crate::value::Modes;

mod apply;
mod columns;
mod enter;
mod follow;
mod look;
mod mirrored;
mod mismatch;
mod register;
mod resolve;

pub use apply::{Applied, ApplyError};
pub(crate) use columns::{cast_type, equals};
pub use follow::followed;
pub use look::LookError;
pub use mirrored::{Mirrored, mirrored, re_read};
pub(crate) use register::exists;

/// The event that asks for a change of a table's shape.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// What the event tells of its table.
    pub told: Told,
}

impl Cause {
    /// The record, which is about the table `name`.
    #[must_use]
    pub fn of(record: &Record, name: &TableName, reading: &Reading, selection: &Selection) -> Self {
        let is_excluded = |column: &str| selection.excludes_column(name, column);
        let told = Told::by(record, name, &reading.reader, reading.types(), &is_excluded);
        Self { topic: Arc::clone(&record.topic), partition: record.partition, offset: record.offset, told }
    }

    /// No event, but the source's catalog or an operator.
    #[must_use]
    pub fn nobody() -> Self {
        Self { topic: "".into(), partition: -1, offset: -1, told: Told::Nothing }
    }
}

/// The tables of the target, and how each is written.
#[derive(Debug)]
pub struct Tables {
    /// The target.
    pub target: Ledger,
    /// The source's database, which only its catalog is read of; `None` without `mirror.source_url`.
    pub source: Option<Ledger>,
    /// Which tables are mirrored, and under which names.
    pub selection: Selection,
    /// What is done with constraints of tables that the mirror did not make.
    pub constraints: Constraints,
    /// What is done when the source's table has changed.
    pub evolution: Policy,
    /// Where the types of a table come from that the target lacks.
    pub types: Types,
    /// How the connector writes values.
    pub modes: Modes,
    /// The source's epoch.
    pub epoch: i32,
    known: Mutex<Arc<Known>>,
    /// Columns that events have and the source has no more.
    gone: Mutex<BTreeMap<TableName, BTreeSet<String>>>,
    /// The types that the schemas of events have given to columns, as far as their tables take them.
    described: Mutex<BTreeMap<TableName, BTreeSet<(String, String)>>>,
    /// Tables whose records have another key than the table.
    keyed_otherwise: Mutex<BTreeSet<TableName>>,
    /// One table at a time is looked at by this process.
    turn: tokio::sync::Mutex<()>,
}

impl Tables {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(
        target: Ledger,
        source: Option<Ledger>,
        selection: Selection,
        constraints: Constraints,
        evolution: Policy,
        modes: Modes,
        epoch: i32,
    ) -> Self {
        let (known, gone, keyed_otherwise, turn) = (Mutex::default(), Mutex::default(), Mutex::default(), tokio::sync::Mutex::new(()));
        let (types, described) = (Types::Catalog, Mutex::default());
        Self { target, source, selection, constraints, evolution, types, modes, epoch, known, gone, described, keyed_otherwise, turn }
    }

    /// The same, with the types of tables that the target lacks from elsewhere than the source's catalog.
    #[must_use]
    pub fn with_types(self, types: Types) -> Self {
        Self { types, ..self }
    }

    /// What is known by now.
    #[must_use]
    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.lock())
    }

    /// Finds out how the table of this event is written, whatever was known of it before. [`Entry::Nothing`] is not kept.
    ///
    /// # Errors
    /// If the target or the source is away, or the event is of another topic than those before.
    pub async fn look(&self, name: &TableName, cause: &Cause) -> Result<Entry, LookError> {
        let _turn = self.turn.lock().await;
        let entry = if self.selection.excludes(name) { Entry::Excluded } else { self.resolve(name, cause).await? };
        self.change(|known| {
            if !matches!(entry, Entry::Nothing) {
                known.meet(&cause.topic, name.clone());
                known.learn(name.clone(), entry.clone());
            }
        });
        Ok(entry)
    }

    /// Finds out anew how tables are written whose source has another shape now than when they were read. A type that has changed makes no event of
    /// its own, and its values may be read as those of the old type.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn refresh(&self) -> Result<(), LookError> {
        let known = self.known();
        let ready: Vec<Arc<Layout>> = known.ready().cloned().collect();
        let Some(source) = self.source.as_ref().filter(|_| !ready.is_empty()) else { return Ok(()) };
        let wanted: Vec<TableName> = ready.iter().map(|layout| layout.source.clone()).collect();
        let tables: Result<Vec<Table>, CatalogError> = source.lease().await?.ask(|on| catalog::read(on, &wanted)).await;
        for table in tables? {
            let table = self.without_excluded(table);
            let Some(layout) = ready.iter().find(|layout| layout.source == table.name && layout.shape != columns::shape(&table)) else {
                continue;
            };
            let _turn = self.turn.lock().await;
            let cause = Cause::nobody();
            let entry = self.resolve(&layout.source, &cause).await?;
            self.change(|known| known.learn(layout.source.clone(), entry));
        }
        Ok(())
    }

    fn without_excluded(&self, table: Table) -> Table {
        let name = table.name.clone();
        table.without(|column| self.selection.excludes_column(&name, column))
    }

    /// Reads which tables the events of each topic were about so far, also those that other processes have met.
    ///
    /// # Errors
    /// If the target is away.
    pub async fn recall(&self) -> Result<(), StoreError> {
        let registered = register::all(&mut self.target.lease().await?).await?;
        self.change(|known| registered.into_iter().for_each(|(name, topic)| known.meet(&topic.into(), name)));
        Ok(())
    }

    /// Writes down why the events of a table wait, for whoever looks at the target.
    ///
    /// # Errors
    /// If the target is away.
    pub async fn note_waits(&self, name: &TableName, reason: &str) -> Result<(), StoreError> {
        register::note_waits(&mut self.target.lease().await?, name, reason).await
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.lock();
        let mut next = Known::clone(&known);
        change(&mut next);
        *known = Arc::new(next);
    }

    async fn source_table(&self, name: &TableName) -> Result<Option<Table>, CatalogError> {
        let Some(source) = &self.source else { return Ok(None) };
        let mut lease = source.lease().await?;
        let wanted = [name.clone()];
        let tables: Result<_, CatalogError> = lease.ask(|on| catalog::read(on, &wanted)).await;
        Ok(tables?.into_iter().next())
    }

    /// What the source's schemas and extensions are called in the target.
    async fn names(&self, lease: &mut Lease) -> Result<Names, StoreError> {
        let extensions = lease.ask(async |on| catalog::extensions(on).await).await?;
        Ok(Names { schemas: self.selection.schemas.clone(), extensions })
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn target_table(lease: &mut Lease, name: &TableName) -> Result<Option<Table>, CatalogError> {
    let wanted = [name.clone()];
    let tables: Result<_, CatalogError> = lease.ask(|on| catalog::read(on, &wanted)).await;
    Ok(tables?.into_iter().next())
}
