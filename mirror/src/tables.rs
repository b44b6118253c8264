//! Finds out how a table is written when its first event comes, and again when its shape has changed: makes the table where the target lacks it,
//! follows what adds something, and says what has to wait for an operator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::{Lease, Ledger, StoreError};

use crate::catalog::{self, CatalogError, ConstraintKind, Identity, KeyFrom, Table, TableName};
use crate::known::{Entry, Known};
use crate::layout::Layout;
use crate::plan::{self, Evolution, Followed, Names};
use crate::settings::{Constraints, Evolution as Policy, Selection};
use crate::value::Modes;

mod apply;
mod columns;
mod register;

pub use apply::{Applied, ApplyError};

use register::{Registered, Registration};

/// The event that asks for a change of a table's shape.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
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
    /// How the connector writes values.
    pub modes: Modes,
    known: Mutex<Arc<Known>>,
    /// Columns that events have and the source has no more.
    gone: Mutex<BTreeMap<TableName, BTreeSet<String>>>,
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
    ) -> Self {
        let (known, gone, keyed_otherwise, turn) = (Mutex::default(), Mutex::default(), Mutex::default(), tokio::sync::Mutex::new(()));
        Self { target, source, selection, constraints, evolution, modes, known, gone, keyed_otherwise, turn }
    }

    /// What is known by now.
    #[must_use]
    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.lock())
    }

    /// Finds out how the table of this event is written, whatever was known of it before.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn look(&self, name: &TableName, cause: &Cause) -> Result<Entry, CatalogError> {
        let _turn = self.turn.lock().await;
        let entry = if self.selection.excludes(name) { Entry::Excluded } else { self.resolve(name, cause).await? };
        self.change(|known| {
            known.meet(&cause.topic, name.clone());
            known.learn(name.clone(), entry.clone());
        });
        Ok(entry)
    }

    /// Finds out anew how tables are written whose source has another shape now than when they were read. A type that has changed makes no event of
    /// its own, and its values may be read as those of the old type.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn refresh(&self) -> Result<(), CatalogError> {
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
            let cause = Cause { topic: "".into(), partition: -1, offset: -1 };
            let entry = self.resolve(&layout.source, &cause).await?;
            self.change(|known| known.learn(layout.source.clone(), entry));
        }
        Ok(())
    }

    fn without_excluded(&self, table: Table) -> Table {
        let name = table.name.clone();
        table.without(|column| self.selection.excludes_column(&name, column))
    }

    /// Takes in that events of the table have columns that were not known, and finds out how the table is written now.
    ///
    /// # Errors
    /// If the target or the source is away.
    pub async fn grown(&self, name: &TableName, others: &[String], cause: &Cause) -> Result<Entry, CatalogError> {
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
    pub async fn widened(&self, before: &Layout, cause: &Cause) -> Result<Entry, CatalogError> {
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
    pub async fn rekeyed(&self, name: &TableName, cause: &Cause) -> Result<Entry, CatalogError> {
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

    async fn resolve(&self, name: &TableName, cause: &Cause) -> Result<Entry, CatalogError> {
        let mut lease = self.target.lease().await?;
        lease.begin().await?;
        let entry = self.resolve_in(&mut lease, name, cause).await;
        match entry {
            Ok(entry) => {
                lease.commit().await?;
                Ok(entry)
            }
            Err(Resolve::Waits(reason)) => {
                lease.roll_back().await?;
                register::note_waits(&mut lease, name, &reason).await?;
                Ok(Entry::Waits(reason))
            }
            Err(Resolve::Catalog(error)) => Err(error),
        }
    }

    async fn resolve_in(&self, lease: &mut Lease, name: &TableName, cause: &Cause) -> Result<Entry, Resolve> {
        // What the source has is read behind the lock, because another process may have followed it while this one waited.
        register::alone(lease).await?;
        let source = self.source_table(name).await?.map(|table| self.without_excluded(table));
        let source = source.as_ref();
        let target_name = self.selection.target(name);
        let registered = register::find(lease, name).await?;
        let there = target_table(lease, &target_name).await?;
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
        let columns = columns::of(&table, source, &self.modes, excluded, |column| self.selection.excludes_column(name, column));
        let key = registered.key.iter().filter_map(|key| columns.iter().position(|column| column.name == *key)).collect();
        let mut layout = Layout::new(registered.id, registered.version, name.clone(), table.name.clone(), columns, key);
        layout.has_old_row = source.is_some_and(|source| source.identity == Identity::Full);
        layout.may_clear = !table.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::ReferencedBy);
        layout.shape = source.map(columns::shape).unwrap_or_default();
        layout.keyed_alike = !self.keyed_otherwise.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
        register::guard(lease, &layout).await?;
        Ok(Entry::Ready(Arc::new(layout)))
    }

    /// The columns that events have and the source has no more. A column that has come back is none of them.
    fn gone_from(&self, name: &TableName, source: Option<&Table>) -> BTreeSet<String> {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let of_table = gone.entry(name.clone()).or_default();
        of_table.retain(|column| source.is_none_or(|source| source.column(column).is_none()));
        of_table.clone()
    }

    /// Makes a table that the target lacks.
    async fn make(
        &self,
        lease: &mut Lease,
        name: &TableName,
        source: Option<&Table>,
        target: &TableName,
        cause: &Cause,
    ) -> Result<(Registered, Table), Resolve> {
        let Some(source) = source else { return Err(Resolve::Waits(self.unknown(name, target))) };
        let names = self.names(lease).await?;
        let steps = plan::create(source, target, &names).map_err(|unmade| {
            let columns = unmade.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Resolve::Waits(format!(
                "{target} cannot be made: {columns}; create the table by hand, or exclude the columns with mirror.exclude_columns"
            ))
        })?;
        for step in &steps {
            register::run(lease, &step.sql).await.map_err(|error| cannot(&step.sql, error))?;
        }
        let table = target_table(lease, target).await?.ok_or_else(|| Resolve::Waits(format!("{target} was made and is not there")))?;
        let key = source.key_columns().map(|column| column.name.clone()).collect();
        let registration = Registration { source: name, target, key, made_here: true, cause };
        let registered = register::add(lease, &registration, source).await?;
        register::note(lease, registered.id, &steps, cause).await?;
        tracing::info!(source = %name, target = %target, key = ?registered.key, "A table was made in the target");
        Ok((registered, table))
    }

    /// Begins to write a table that was there before.
    async fn adopt(
        &self,
        lease: &mut Lease,
        name: &TableName,
        source: Option<&Table>,
        table: &Table,
        cause: &Cause,
    ) -> Result<Registered, Resolve> {
        if self.constraints == Constraints::Refuse && !table.constraints.is_empty() {
            let names = table.constraints.iter().map(|constraint| constraint.name.clone()).collect::<Vec<_>>().join(", ");
            return Err(Resolve::Waits(format!(
                "{} has constraints or triggers that may refuse or change rows, because the changes of several tables come in no order: {names}; drop them, \
                 or set mirror.constraints to replica_role or trust",
                table.name
            )));
        }
        let key: Vec<String> = match source {
            Some(source) if source.key_from != KeyFrom::None => source.key_columns().map(|column| column.name.clone()).collect(),
            _ => table.key_columns().map(|column| column.name.clone()).collect(),
        };
        let unique: BTreeSet<&str> = table.key_columns().map(|column| column.name.as_str()).collect();
        if !key.is_empty() && unique != key.iter().map(String::as_str).collect() {
            return Err(Resolve::Waits(format!(
                "{} has no primary key over ({}): add one, because rows are found by it",
                table.name,
                key.join(", ")
            )));
        }
        let registration = Registration { source: name, target: &table.name, key, made_here: false, cause };
        let registered = register::add(lease, &registration, source.unwrap_or(table)).await?;
        tracing::info!(source = %name, target = %table.name, key = ?registered.key, "A table that was there is mirrored from now on");
        Ok(registered)
    }

    /// Follows what has changed in the source, as far as that only adds something.
    async fn follow(
        &self,
        lease: &mut Lease,
        name: &TableName,
        registered: Registered,
        source: Option<&Table>,
        table: Table,
        cause: &Cause,
    ) -> Result<(Registered, Table), Resolve> {
        let Some(source) = source else { return self.follow_key(lease, name, registered, table).await };
        let followed = register::followed(lease, registered.id).await?;
        let names = self.names(lease).await?;
        let evolution = plan::evolve(source, &table, &followed, &names);
        if let Some(reason) = self.refused(&evolution) {
            return Err(Resolve::Waits(reason));
        }
        let key: Vec<String> = source.key_columns().map(|column| column.name.clone()).collect();
        let has_key = same_columns(&key, &registered.key);
        let is_settled = register::is_followed(&followed, source) && registered.waits.is_none() && has_key;
        if evolution.automatic.is_empty() && is_settled {
            return Ok((registered, table));
        }
        register::wait_for_batches(lease, registered.id).await?;
        for step in &evolution.automatic {
            register::run(lease, &step.sql).await.map_err(|error| cannot(&step.sql, error))?;
        }
        let mut registered = register::raise(lease, registered, source, &evolution.stale_columns).await?;
        if !has_key {
            self.guard_anew(lease, name, &registered, &key).await?;
            registered.key = key;
        }
        register::note(lease, registered.id, &evolution.automatic, cause).await?;
        tracing::info!(target = %table.name, statements = evolution.automatic.len(), "A table of the target follows its source");
        let target = table.name.clone();
        let table = target_table(lease, &target).await?.ok_or_else(|| Resolve::Waits(format!("{target} was altered and is not there")))?;
        Ok((registered, table))
    }

    /// Takes over a key that an operator has given the target's table, where no catalog of the source tells the key.
    async fn follow_key(
        &self,
        lease: &mut Lease,
        name: &TableName,
        registered: Registered,
        table: Table,
    ) -> Result<(Registered, Table), Resolve> {
        let key: Vec<String> = table.key_columns().map(|column| column.name.clone()).collect();
        if key.is_empty() || same_columns(&key, &registered.key) {
            return Ok((registered, table));
        }
        register::wait_for_batches(lease, registered.id).await?;
        let registered = register::raise(lease, registered, &table, &[]).await?;
        self.guard_anew(lease, name, &registered, &key).await?;
        Ok((Registered { key, ..registered }, table))
    }

    /// Why the table has to wait for an operator.
    fn refused(&self, evolution: &Evolution) -> Option<String> {
        let mut reasons: Vec<String> = evolution.waits.iter().filter(|wait| wait.stops).map(|wait| wait.what.clone()).collect();
        if self.evolution == Policy::Wait {
            reasons.extend(evolution.automatic.iter().map(|step| format!("{} ({})", step.why, step.sql)));
        }
        (!reasons.is_empty()).then(|| format!("{}; see orderstream mirror plan, then orderstream mirror apply", reasons.join("; ")))
    }

    fn unknown(&self, name: &TableName, target: &TableName) -> String {
        if self.source.is_some() {
            format!(
                "{name} is not in the source's catalog any more, and {target} is not in the target: exclude the table with mirror.exclude_tables, or create it"
            )
        } else {
            format!("{target} is not in the target: create it, or set mirror.source_url, from whose catalog it is made with exact types")
        }
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

/// Whether two keys have the same columns. Their order decides nothing about which rows are equal.
fn same_columns(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// What is known of the source's columns that the columns of a table follow; nothing of a table that was never mirrored.
///
/// # Errors
/// If the target is away.
pub async fn followed(lease: &mut Lease, name: &TableName) -> Result<BTreeMap<String, Followed>, StoreError> {
    if !register::exists(lease).await? {
        return Ok(BTreeMap::new());
    }
    match register::find(lease, name).await? {
        Some(registered) => register::followed(lease, registered.id).await,
        None => Ok(BTreeMap::new()),
    }
}

async fn target_table(lease: &mut Lease, name: &TableName) -> Result<Option<Table>, CatalogError> {
    let wanted = [name.clone()];
    let tables: Result<_, CatalogError> = lease.ask(|on| catalog::read(on, &wanted)).await;
    Ok(tables?.into_iter().next())
}

/// What keeps a table from being written.
enum Resolve {
    /// An operator has to do something.
    Waits(String),
    /// A server is away, or a table was altered just now.
    Catalog(CatalogError),
}

impl<E: Into<CatalogError>> From<E> for Resolve {
    fn from(error: E) -> Self {
        Self::Catalog(error.into())
    }
}

/// A statement that the target refuses keeps its table waiting; a target that is away is asked again.
fn cannot(sql: &str, error: StoreError) -> Resolve {
    if error.is_outage() {
        Resolve::Catalog(error.into())
    } else {
        Resolve::Waits(format!("the target refuses a statement: {error}; the statement is: {sql}"))
    }
}
