//! The target: the way back to an empty database, how far it is, and whether it is equal.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use stack::wait::{Attempt, until};

use super::shape::{Shape, TAIL};
use super::source::Load;
use crate::ground::Ground;

/// The database that is written.
pub(crate) const DATABASE: &str = "mirror_target";
/// How long a target that has its last rows may differ: the sink deletes behind its inserts.
const PATIENCE: Duration = Duration::from_secs(30);

/// An empty target and a connection to it.
pub(crate) struct Target<'a> {
    ground: &'a Ground,
    shape: Shape,
    names: Vec<String>,
    connection: PgConnection,
}

impl<'a> Target<'a> {
    /// Makes the database anew. `name` is what a table of the source is called there.
    pub(crate) fn empty(ground: &'a Ground, load: &Load, name: impl Fn(&str) -> String) -> Result<Self> {
        ground.stack.psql(&format!("drop database if exists {DATABASE} with (force)"))?;
        ground.stack.psql(&format!("create database {DATABASE} template template0 encoding 'UTF8' locale 'C.UTF-8'"))?;
        ground.stack.psql("checkpoint")?;
        let names = load.shape.tables().iter().map(|table| name(table)).collect();
        let connection = ground.runtime.block_on(PgConnection::connect(&ground.database_url(DATABASE)))?;
        Ok(Self { ground, shape: load.shape, names, connection })
    }

    /// The names of the tables.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// One number.
    pub(crate) fn number(&mut self, query: String) -> Result<u64> {
        let number: i64 = self.ground.runtime.block_on(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut self.connection))?;
        Ok(number.unsigned_abs())
    }

    /// Fails unless each table has the rows that are inserted last.
    pub(crate) fn complete(&mut self, load: &Load) -> Result<()> {
        let counts = self.names.iter().map(|name| format!("(select count(*) from {name} where id > {})", load.tail_above));
        let (query, all) = (format!("select {}", counts.collect::<Vec<_>>().join(" + ")), TAIL * self.names.len() as u64);
        let found = self.number(query)?;
        ensure!(found == all, "{found} of the last {all} rows are there");
        Ok(())
    }

    /// Fails unless the target is equal to the source, by count and checksum.
    pub(crate) fn check(&self, load: &Load) -> Result<()> {
        let query = digest(self.shape, &self.names);
        until("the target is equal", PATIENCE, || {
            Attempt::from(self.ground.stack.psql_in(DATABASE, &query).and_then(|found| {
                ensure!(found == load.digest, "{} has {found}, and the source {}", load.shape.name(), load.digest);
                Ok(())
            }))
        })
    }
}

/// A query for the number of all rows, and for the sum of the checksums of their texts.
pub(crate) fn digest(shape: Shape, names: &[String]) -> String {
    let columns = shape.names();
    let each = names.iter().enumerate().map(|(number, name)| format!("select {number} as t, row({columns})::text as r from {name}"));
    format!("select count(*), sum(hashtextextended(r, t)::numeric) from ({}) rows", each.collect::<Vec<_>>().join(" union all "))
}
