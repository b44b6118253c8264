//! Follows a table of the source that has changed, as far as the change only adds something.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Lease, StoreError};

use super::register::Registered;
use super::resolve::{Resolve, cannot};
use super::{Cause, Tables, register, target_table};
use crate::catalog::{Table, TableName};
use crate::plan::{self, Evolution, Followed, Step, Wait};
use crate::settings::{Evolution as Policy, Types};

impl Tables {
    /// Follows what has changed in the source, as far as that only adds something.
    pub(super) async fn follow(
        &self,
        lease: &mut Lease,
        name: &TableName,
        registered: Registered,
        source: Option<&Table>,
        table: Table,
        cause: &Cause,
    ) -> Result<(Registered, Table), Resolve> {
        let Some(source) = source else { return self.follow_key(lease, name, registered, table).await };
        let followed = register::followed(lease, registered.id, self.types).await?;
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
        run_steps(lease, registered.id, &evolution.automatic, cause).await?;
        let mut registered = register::raise(lease, registered, source, &evolution.stale_columns).await?;
        if !has_key {
            self.guard_anew(lease, name, &registered, &key).await?;
            registered.key = key;
        }
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
        let told = |wait: &Wait| match self.types {
            Types::Catalog => wait.what.clone(),
            // Without the source's catalog there is no `apply`, so that the statements stand here.
            Types::Schema | Types::Text => format!("{} ({})", wait.what, wait.ddl.join("; ")),
        };
        let mut reasons: Vec<String> = evolution.waits.iter().filter(|wait| wait.stops).map(told).collect();
        if self.evolution == Policy::Wait {
            reasons.extend(evolution.automatic.iter().map(|step| format!("{} ({})", step.why, step.sql)));
        }
        let then = match self.types {
            Types::Catalog => "see orderstream mirror plan, then orderstream mirror apply",
            Types::Schema | Types::Text => "run the statements in the target",
        };
        (!reasons.is_empty()).then(|| format!("{}; {then}", reasons.join("; ")))
    }
}

/// Runs the steps, and writes them down.
///
/// # Errors
/// With [`Resolve::Labels`] only the steps that add labels ran, because others are left that may use them.
pub(super) async fn run_steps(lease: &mut Lease, id: i32, steps: &[Step], cause: &Cause) -> Result<(), Resolve> {
    let (labels, others): (Vec<Step>, Vec<Step>) = steps.iter().cloned().partition(|step| step.is_label);
    let (now, is_half) = if labels.is_empty() || others.is_empty() { (steps, false) } else { (labels.as_slice(), true) };
    for step in now {
        register::run(lease, &step.sql).await.map_err(|error| cannot(&step.sql, error))?;
    }
    register::note(lease, id, now, cause).await?;
    if is_half { Err(Resolve::Labels(labels)) } else { Ok(()) }
}

/// Whether two keys have the same columns. Their order decides nothing about which rows are equal.
pub(super) fn same_columns(one: &[String], other: &[String]) -> bool {
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
        Some(registered) => register::followed(lease, registered.id, Types::Catalog).await,
        None => Ok(BTreeMap::new()),
    }
}
