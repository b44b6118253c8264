//! Does what only an operator may ask for: renames, drops, types that write rows again, another key. `orderstream mirror apply`.

use std::collections::BTreeMap;

use ledger::Lease;

use super::follow::{run_steps, same_columns};
use super::resolve::{Resolve, cannot};
use super::{Cause, Tables, columns, register, target_table};
use crate::catalog::{CatalogError, Table, TableName};
use crate::layout::Layout;
use crate::plan::Followed;
use crate::plan::{self, Step};
use crate::quote::quote_identifier;
use crate::statements::{self, keyless::create_seen};

/// What was done to one table.
#[derive(Debug)]
pub struct Applied {
    /// The source's table.
    pub source: TableName,
    /// The statements, in their order.
    pub statements: Vec<String>,
}

/// Why a change was not made. Nothing of the table's change stays.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A server is away, or a table was altered just now.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The target refuses, or an operator has to do something else first.
    #[error("{0}")]
    Refused(String),
}

impl Tables {
    /// Brings the mirrored tables to the shape of their sources, whatever it takes; only this one, if one is named. Each table is changed in one
    /// transaction, in which no batch of any process writes it.
    ///
    /// # Errors
    /// The first table that could not be changed. The tables before it stay changed.
    pub async fn apply(&self, only: Option<&TableName>) -> Result<Vec<Applied>, ApplyError> {
        let mut lease = self.target.lease().await.map_err(CatalogError::from)?;
        if !register::exists(&mut lease).await.map_err(CatalogError::from)? {
            return Err(ApplyError::Refused("the mirror has never run on this target".to_owned()));
        }
        let all = register::all(&mut lease).await.map_err(CatalogError::from)?;
        let mut done = Vec::new();
        for (name, _) in all.into_iter().filter(|(name, _)| only.is_none_or(|only| only == name)) {
            done.extend(self.apply_one(&mut lease, &name).await?);
        }
        Ok(done)
    }

    async fn apply_one(&self, lease: &mut Lease, name: &TableName) -> Result<Option<Applied>, ApplyError> {
        let mut labels = Vec::new();
        loop {
            lease.begin().await.map_err(CatalogError::from)?;
            let applied = match self.apply_to(lease, name).await {
                Ok(applied) => Some(applied),
                Err(Resolve::Labels(steps)) => {
                    labels.extend(steps.into_iter().map(|step| step.sql));
                    None
                }
                Err(Resolve::Catalog(error)) => return Err(error.into()),
                Err(Resolve::Elsewhere(error)) => return Err(ApplyError::Refused(error.to_string())),
                Err(Resolve::Waits(reason)) => return Err(ApplyError::Refused(reason)),
                Err(Resolve::Nothing) => return Ok(None),
            };
            lease.commit().await.map_err(CatalogError::from)?;
            if let Some(applied) = applied {
                return Ok(applied.map(|applied| Applied { statements: [labels, applied.statements].concat(), ..applied }));
            }
        }
    }

    async fn apply_to(&self, lease: &mut Lease, name: &TableName) -> Result<Option<Applied>, Resolve> {
        // A process that runs may follow the source while this command waits for the lock, so that the source is read behind it.
        register::alone(lease).await?;
        let Some(source) = self.source_table(name).await?.map(|table| self.without_excluded(table)) else { return Ok(None) };
        let source = &source;
        let Some(registered) = register::find(lease, name).await? else { return Ok(None) };
        let target_name = self.selection.target(name);
        let table =
            target_table(lease, &target_name).await?.ok_or_else(|| Resolve::Waits(format!("{target_name} is not in the target")))?;
        let followed = register::followed(lease, registered.id, self.types).await?;
        let names = self.names(lease).await?;
        let evolution = plan::evolve(source, &table, &followed, &names);
        if evolution.automatic.is_empty() && evolution.waits.is_empty() {
            return Ok(None);
        }
        if let Some(wait) = evolution.waits.iter().find(|wait| wait.ddl.is_empty()) {
            return Err(Resolve::Waits(format!("no statement makes this change: {}", wait.what)));
        }
        register::wait_for_batches(lease, registered.id).await?;
        let of_waits = evolution.waits.iter().flat_map(|wait| wait.ddl.iter().map(|sql| Step::new(sql, &wait.what)));
        let steps: Vec<Step> = evolution.automatic.iter().cloned().chain(of_waits).collect();
        let cause = Cause::nobody();
        run_steps(lease, registered.id, &steps, &cause).await?;
        let key: Vec<String> = source.key_columns().map(|column| column.name.clone()).collect();
        let was: Vec<String> = registered.key.iter().map(|column| renamed(&followed, source, column)).collect();
        register::raise(lease, registered.clone(), source, &evolution.stale_columns).await?;
        let mut statements: Vec<String> = steps.iter().map(|step| step.sql.clone()).collect();
        if same_columns(&key, &was) {
            // A renamed column has the same values, so that the guard stays.
            register::set_key(lease, registered.id, &was).await?;
        } else {
            statements.extend(self.guard_anew(lease, name, &registered, &key).await?);
        }
        Ok(Some(Applied { source: name.clone(), statements }))
    }

    /// Makes the guard for another key, or what counts the rows if there is none any more. Rows keep their positions where the columns of the old key are still there; a row without a position is
    /// replaced by any event.
    pub(super) async fn guard_anew(
        &self,
        lease: &mut Lease,
        name: &TableName,
        was: &register::Registered,
        key: &[String],
    ) -> Result<Vec<String>, Resolve> {
        let target_name = self.selection.target(name);
        let table =
            target_table(lease, &target_name).await?.ok_or_else(|| Resolve::Waits(format!("{target_name} is not in the target")))?;
        let columns = columns::of(&table, None, &self.modes, std::iter::empty(), |column| self.selection.excludes_column(name, column));
        let places: Vec<usize> = key.iter().filter_map(|key| columns.iter().position(|column| column.name == *key)).collect();
        let layout = Layout::new(was.id, was.version, name.clone(), target_name.clone(), columns, places);
        let (guard, old) = (layout.guard(), quote_identifier(&format!("guard_{}_old", was.id)));
        if key.is_empty() {
            return self.rekey(lease, was.id, key, vec![format!("drop table if exists {guard}"), create_seen(&layout)]).await;
        }
        let mut statements = vec![format!("alter table if exists {guard} rename to {old}"), statements::create_guard(&layout)];
        let is_there = |column: &String| table.column(column).is_some();
        if !was.key.is_empty() && was.key.iter().all(is_there) {
            let new = (0..key.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ");
            let of_row = key.iter().map(|column| format!("t.{}", quote_identifier(column))).collect::<Vec<_>>().join(", ");
            let same = was
                .key
                .iter()
                .enumerate()
                .map(|(at, column)| format!("t.{} = g.k{at}", quote_identifier(column)))
                .collect::<Vec<_>>()
                .join(" and ");
            statements.push(format!(
                "insert into {guard} ({new}, epoch, partition, \"offset\", kind, commit_lsn, lsn, source_ms)\n    \
                     select {of_row}, g.epoch, g.partition, g.\"offset\", g.kind, g.commit_lsn, g.lsn, g.source_ms from {target_name} t join {old} g on {same}"
            ));
        }
        statements.push(format!("drop table if exists {old}, {}, {}", layout.seen(), layout.owed()));
        self.rekey(lease, was.id, key, statements).await
    }

    async fn rekey(&self, lease: &mut Lease, id: i32, key: &[String], statements: Vec<String>) -> Result<Vec<String>, Resolve> {
        for sql in &statements {
            register::run(lease, sql).await.map_err(|error| cannot(sql, error))?;
        }
        register::set_key(lease, id, key).await?;
        Ok(statements)
    }
}

/// The name that the source's column has now which the target's column `name` has followed.
fn renamed(followed: &BTreeMap<String, Followed>, source: &Table, name: &str) -> String {
    let attnum = followed.get(name).map(|known| known.attnum);
    let now = source.columns.iter().find(|column| Some(column.attnum) == attnum);
    now.map_or_else(|| name.to_owned(), |column| column.name.clone())
}
