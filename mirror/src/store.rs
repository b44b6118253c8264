//! The transaction of a batch: fence, guards and rows of each table, counters, commit (P1 to P5).

use std::ops::{AddAssign, Range};
use std::sync::Arc;

use change::fate::Fates;
use change::lsn_space::OtherSpace;
use ledger::arrays::{Array, Positions};
use ledger::fence::{self, Advance};
use ledger::{Claim, Class, Lease, Ledger, StoreError};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments, AssertSqlSafe};

use crate::batch::{Batch, KeylessBatch, Puts, TableBatch, Writes};
use crate::catalog::TableName;
use crate::layout::Layout;
use crate::letters::LetterRow;

mod keyless;
mod letters;
mod lsn_space;
mod replay;
mod truncate;

pub use replay::Replayed;

/// The fence also waits for whoever changes the shape of the batch's tables, and for truncates, and returns how many of the tables are there. The
/// locks are shared, so that batches do not wait for each other.
const FENCE: &str = ledger::fence!(
    "(select count(*) from (select pg_advisory_xact_lock_shared(7365020, id) from unnest($14::int[]) as id offset 0) as locked)"
);

/// What a transaction did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The fates of the batch's records.
    pub fates: Fates,
    /// The source's tables that were written, each with what was done.
    pub tables: Vec<(String, Written)>,
}

/// Changes of a table by what was done. Several changes of a row in one batch are all counted as the last of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows that were inserted or updated; of a table without a key all changes.
    pub upserts: u64,
    /// Rows that were deleted.
    pub deletes: u64,
    /// Changes that were older than what was stored.
    pub stale: u64,
}

impl AddAssign for Written {
    fn add_assign(&mut self, more: Self) {
        self.upserts += more.upserts;
        self.deletes += more.deletes;
        self.stale += more.stale;
    }
}

/// Why a batch was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another worker has claimed the partition, or the offset was moved by hand: nothing was written (P4).
    #[error("the partition was claimed by another worker, or its offset was moved")]
    Fenced,
    /// The shape of a table has changed since its columns were read, or a value means something that is not there. Nothing was written. The field is
    /// the SQLSTATE, empty if the version of the table told.
    #[error("the shape of a table has changed (SQLSTATE {0})")]
    Outdated(String),
    /// The type of a column of this table of the source would round a value. Nothing was written.
    #[error("the type of a column of {0} has fewer digits than a value")]
    Rounded(TableName),
    /// The events of these records, which are about this table of the source, leave out values that are stored nowhere. Nothing was written.
    #[error("{} events leave out a value that is not stored", .1.len())]
    Unresolved(TableName, Vec<usize>),
    /// The source database is another one than before: its positions contradict what is stored. Nothing was written.
    #[error(transparent)]
    OtherSpace(Box<OtherSpace>),
    /// The answer to COMMIT was lost, so nobody knows yet whether the transaction was committed.
    #[error("the answer to a commit was lost: {error}")]
    Unknown {
        /// What the transaction did, if it was committed.
        stored: Stored,
        /// What broke.
        error: StoreError,
    },
    /// Postgres failed or refused. Nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// In which order the rows of a table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each row replaces what is there.
    InPlace,
    /// All rows are taken away before any is written, because a value of a unique index may move from one row to another.
    ClearFirst,
}

/// The tables of the target, through the connections of its ledger.
#[derive(Debug, Clone)]
pub struct Store {
    /// The ledger: who may write a partition, and where each partition stands.
    pub ledger: Ledger,
    /// Whether foreign keys and triggers of the target are left aside, as Postgres' own replication does.
    pub replica_role: bool,
}

impl Store {
    /// Writes the batch and moves the offset over `offsets`: both or neither (P3).
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written, except perhaps with `Unknown`.
    pub async fn apply(
        &self,
        claim: &Claim,
        batch: &Batch,
        offsets: Range<i64>,
        letters: &[LetterRow],
        order: Order,
    ) -> Result<Stored, ApplyError> {
        let mut lease = self.ledger.lease().await?;
        self.begin(&mut lease).await?;
        let stored = lease.ask(|on| write(on, claim, batch, offsets, letters, order)).await?;
        match lease.commit().await {
            Ok(()) => Ok(stored),
            Err(error) if error.class() == Class::UnknownOutcome => Err(ApplyError::Unknown { stored, error }),
            Err(error) => Err(error.into()),
        }
    }

    async fn begin(&self, lease: &mut Lease) -> Result<(), StoreError> {
        if self.replica_role { lease.begin_with("set local session_replication_role = replica").await } else { lease.begin().await }
    }
}

async fn write(
    on: &mut PgConnection,
    claim: &Claim,
    batch: &Batch,
    offsets: Range<i64>,
    letters: &[LetterRow],
    order: Order,
) -> Result<Stored, ApplyError> {
    let changes: u64 = batch.tables.iter().flat_map(|table| &table.rounds).flat_map(rows_of).map(|(_, members)| members).sum();
    let truncates = u64::from(batch.truncate.is_some());
    let events: u64 = batch.keyless.iter().map(KeylessBatch::events).sum();
    let fates =
        Fates { applied: changes + events + truncates, stale: batch.stale, ignored: batch.ignored, dead_lettered: letters.len() as u64 };
    let step = Advance { from: offsets.start, to: offsets.end, last: batch.last, clean_to: batch.clean_to };
    let keyless = batch.keyless.iter().map(|table| table.layout.id);
    let mut locked: Vec<i32> = batch.tables.iter().map(|table| table.layout.id).chain(keyless).collect();
    locked.sort_unstable();
    let moved: Option<i64> = fence::query(FENCE, claim, step, fates).bind(locked).fetch_optional(&mut *on).await?;
    moved.ok_or(ApplyError::Fenced)?;
    if let Some((layout, position)) = &batch.truncate {
        truncate::carry_out(on, layout, position).await?;
    }
    let tables = write_tables(on, batch, order).await?;
    let stale: u64 = tables.iter().map(|(_, written)| written.stale).sum();
    if stale > 0 {
        fence::recount(on, claim, stale).await?;
    }
    letters::record(on, claim, letters).await?;
    Ok(Stored { fates: Fates { applied: fates.applied - stale, stale: fates.stale + stale, ..fates }, tables })
}

/// Writes the rows of each table. Returns for each its name in the source, and what was done.
async fn write_tables(on: &mut PgConnection, batch: &Batch, order: Order) -> Result<Vec<(String, Written)>, ApplyError> {
    let mut tables = Vec::with_capacity(batch.tables.len() + batch.keyless.len());
    for table in &batch.tables {
        let written = write_table(on, table, order).await?;
        tables.push((table.layout.source.to_string(), written));
    }
    for table in &batch.keyless {
        let older = keyless::write_table(on, table).await?;
        let written = Written { upserts: table.events() - older, stale: older, deletes: 0 };
        tables.push((table.layout.source.to_string(), written));
    }
    Ok(tables)
}

fn rows_of(round: &crate::batch::Round) -> impl Iterator<Item = (usize, u64)> + '_ {
    round.puts.iter().flat_map(|puts| &puts.writes.rows).chain(round.deletes.iter().flat_map(|writes| &writes.rows)).copied()
}

/// Writes one table.
async fn write_table(on: &mut PgConnection, table: &TableBatch, order: Order) -> Result<Written, ApplyError> {
    let mut written = Written::default();
    let changes = |writes: &Writes| writes.rows.iter().map(|(_, members)| members).sum::<u64>();
    for round in &table.rounds {
        if let Some(deletes) = &round.deletes {
            let keys: Vec<&Array<Option<String>>> = deletes.columns.iter().collect();
            let stale = write_rows(on, &table.layout, table.layout.delete(), deletes, &keys).await?;
            written += Written { deletes: changes(deletes) - stale, stale, ..Written::default() };
        }
        if order == Order::ClearFirst || table.layout.has_fixed() {
            for puts in &round.puts {
                clear(on, &table.layout, puts).await?;
            }
        }
        for puts in &round.puts {
            let keys = puts.keys(&table.layout);
            let stale = write_rows(on, &table.layout, table.layout.write(&puts.marks), &puts.writes, &keys).await?;
            written += Written { upserts: changes(&puts.writes) - stale, stale, ..Written::default() };
        }
    }
    Ok(written)
}

/// Takes away the rows of which every column is known, before they are written again. The others keep values that only they have.
async fn clear(on: &mut PgConnection, layout: &Layout, puts: &Puts) -> Result<(), ApplyError> {
    if !layout.may_clear || !puts.is_whole(layout) {
        return Ok(());
    }
    let arguments = of_keys(&puts.keys(layout), &puts.writes).map_err(sqlx::Error::Encode)?;
    sqlx::query_with(AssertSqlSafe(layout.clear()), arguments).execute(on).await.map_err(outdated)?;
    Ok(())
}

/// How many rows were written; the places of those that were not, because what is stored is newer; the places of those that lack a value; the
/// version of the table; whether a value would be rounded.
#[derive(sqlx::FromRow)]
struct Outcome(#[allow(dead_code)] i64, Vec<i32>, Vec<i32>, Option<i32>, bool);

/// Writes or removes rows. `keys` are the columns of their key. Returns how many changes were older than what is stored.
async fn write_rows(
    on: &mut PgConnection,
    layout: &Layout,
    statement: Arc<str>,
    writes: &Writes,
    keys: &[&Array<Option<String>>],
) -> Result<u64, ApplyError> {
    let arguments = arguments(writes).map_err(sqlx::Error::Encode)?;
    let query = sqlx::query_as_with(AssertSqlSafe(statement), arguments);
    let Outcome(_, stale, unresolved, version, rounds) = query.fetch_one(&mut *on).await.map_err(outdated)?;
    if version != Some(layout.version) {
        return Err(ApplyError::Outdated(String::new()));
    }
    if rounds {
        return Err(ApplyError::Rounded(layout.source.clone()));
    }
    let row = |place: &i32| usize::try_from(*place - 1).ok().and_then(|place| writes.rows.get(place).copied());
    if !unresolved.is_empty() {
        return Err(ApplyError::Unresolved(layout.source.clone(), unresolved.iter().filter_map(row).map(|(record, _)| record).collect()));
    }
    if !stale.is_empty() {
        lsn_space::look(on, layout, writes, keys, stale.clone()).await?;
    }
    Ok(stale.iter().filter_map(row).map(|(_, members)| members).sum())
}

fn arguments(writes: &Writes) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut arguments = PgArguments::default();
    for column in &writes.columns {
        arguments.add(column)?;
    }
    positions(&mut arguments, &writes.positions)?;
    Ok(arguments)
}

/// The arguments of a statement that knows only the key and the positions.
fn of_keys(keys: &[&Array<Option<String>>], writes: &Writes) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut arguments = PgArguments::default();
    for column in keys {
        arguments.add(*column)?;
    }
    positions(&mut arguments, &writes.positions)?;
    Ok(arguments)
}

fn positions(arguments: &mut PgArguments, positions: &Positions) -> Result<(), sqlx::error::BoxDynError> {
    arguments.add(&positions.epoch)?;
    arguments.add(&positions.partition)?;
    arguments.add(&positions.offset)?;
    arguments.add(&positions.kind)?;
    arguments.add(&positions.commit)?;
    arguments.add(&positions.lsn)?;
    arguments.add(&positions.source_ms)
}

/// A statement that names a column or a table that is not there any more, or whose plan or types are of an earlier shape, is made of an outdated
/// layout. The same codes come from a value that names an object, or that its type cannot read.
pub(super) fn outdated(error: sqlx::Error) -> ApplyError {
    let code = match &error {
        sqlx::Error::Database(database) => database.code().unwrap_or_default().into_owned(),
        _ => String::new(),
    };
    match code.as_str() {
        "42703" | "42P01" | "42704" | "0A000" | "42804" | "42883" | "42P10" | "3F000" | "42601" => ApplyError::Outdated(code),
        _ => error.into(),
    }
}
