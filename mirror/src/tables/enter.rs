//! Takes a table into the mirror: makes it in the target, or begins to write one that was there.

use std::collections::BTreeSet;

use ledger::Lease;

use super::register::{Registered, Registration};
use super::resolve::{Resolve, cannot};
use super::{Cause, Tables, register, target_table};
use crate::catalog::{KeyFrom, Table, TableName};
use crate::plan;
use crate::settings::{Constraints, Types};

impl Tables {
    /// Makes a table that the target lacks.
    pub(super) async fn make(
        &self,
        lease: &mut Lease,
        name: &TableName,
        source: Option<&Table>,
        target: &TableName,
        cause: &Cause,
    ) -> Result<(Registered, Table), Resolve> {
        let Some(source) = source.filter(|_| cause.told.untold().is_none()) else { return Err(self.unknown(name, target, cause)) };
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
        let registration = Registration { source: name, target, key, made_here: true, epoch: self.epoch, cause };
        let registered = register::add(lease, &registration, source).await?;
        register::note(lease, registered.id, &steps, cause).await?;
        if self.types == Types::Text {
            tracing::warn!(source = %name, target = %target, key = ?registered.key, "A table was made in the target with texts for all columns, because mirror.types is text: its types are not those of the source");
        } else {
            tracing::info!(source = %name, target = %target, key = ?registered.key, "A table was made in the target");
        }
        Ok((registered, table))
    }

    /// Begins to write a table that was there before.
    pub(super) async fn adopt(
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
        let registration = Registration { source: name, target: &table.name, key, made_here: false, epoch: self.epoch, cause };
        let registered = register::add(lease, &registration, source.unwrap_or(table)).await?;
        tracing::info!(source = %name, target = %table.name, key = ?registered.key, "A table that was there is mirrored from now on");
        Ok(registered)
    }

    fn unknown(&self, name: &TableName, target: &TableName, cause: &Cause) -> Resolve {
        match (cause.told.untold(), self.types) {
            (Some(why), _) => Resolve::Waits(format!("{target} is not in the target, and cannot be made: {why}")),
            (_, Types::Schema | Types::Text) => Resolve::Nothing,
            _ if self.source.is_some() => Resolve::Waits(format!(
                "{name} is not in the source's catalog any more, and {target} is not in the target: exclude the table with mirror.exclude_tables, or create it"
            )),
            _ => Resolve::Waits(format!(
                "{target} is not in the target: create it, or set mirror.source_url, from whose catalog it is made with exact types; without the source's                  catalog mirror.types=schema makes it from the schemas of the events"
            )),
        }
    }
}
