//! Which tables are compared, with what, and by which right.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, bail};
use ledger::Lease;

use super::Sides;
use super::report::TableReport;
use super::shape::{self, Shape};
use super::side::Side;
use super::sql::Statements;
use crate::catalog::{self, CatalogError, Column, Relation, Table, TableName};
use crate::facts;
use crate::plan::inexact;
use crate::planned::null_if_unchanged;
use crate::quote::quote_identifier as identifier;
use crate::tables::{Mirrored, cast_type, equals, mirrored};

const ENCODING: &str = "select pg_catalog.getdatabaseencoding()::text, current_user::text";
const RIGHTS: &str = "
select u.usage, case when u.usage then
    (select coalesce(bool_and(has_column_privilege($2, c, 'select')), true) from unnest($3::text[]) as c) else false end
from (select has_schema_privilege($1, 'usage') as usage) as u";
/// Whether somebody reads the log: there is no logical slot of the database, or one is in use.
const IS_READ: &str = "
select coalesce(bool_or(active), true) from pg_replication_slots where slot_type = 'logical' and database = current_database()";

/// A mirrored table with both of its sides.
#[derive(Debug, Clone)]
pub(super) struct Pairing {
    pub(super) mirrored: Mirrored,
    pub(super) source: Side,
    pub(super) target: Side,
    pub(super) shape: Shape,
    /// Whether both sides surely have their keys in the same order.
    pub(super) sorted_alike: bool,
    /// The cast and the operator of each column of the key, in the target.
    pub(super) key: Vec<(String, String)>,
}

/// The tables that are compared, and those that cannot be.
#[derive(Debug)]
pub(super) struct Paired {
    pub(super) pairs: Vec<Pairing>,
    pub(super) unpaired: Vec<TableReport>,
    pub(super) notes: Vec<String>,
}

pub(super) async fn pair(sides: &Sides, only: &[TableName]) -> anyhow::Result<Paired> {
    let wanted = wanted(sides, only).await?;
    let mut source = sides.source.lease().await.context("the source's Postgres")?;
    let mut target = sides.target.lease().await.context("the target's Postgres")?;
    let here = read(&mut source, wanted.iter().map(|table| table.source.clone()).collect()).await.context("the source's Postgres")?;
    let there = read(&mut target, wanted.iter().map(|table| table.target.clone()).collect()).await.context("the target's Postgres")?;
    let relations = source.ask(async |on| catalog::list(on).await).await.context("the source's Postgres")?;
    let relations: BTreeSet<(&str, &str)> = relations.iter().map(|name| (&*name.schema, &*name.table)).collect();
    let (encoding, role) = encoding(&mut source).await?;
    let by_utf8 = encoding != self::encoding(&mut target).await?.0;
    let mut paired = Paired { pairs: Vec::new(), unpaired: Vec::new(), notes: Vec::new() };
    let mut grants = String::new();
    for table in wanted {
        let Some(mine) = here.iter().find(|here| here.name == table.source) else {
            paired.notes.push(format!("{} is not in the source any more, and is not compared", table.source));
            continue;
        };
        if let Relation::Partition { root } = &mine.kind
            && only.is_empty()
            && here.iter().any(|here| here.name == *root)
        {
            paired
                .notes
                .push(format!("{} is not compared by itself: it is a partition of {root}, whose changes have its rows", table.source));
            continue;
        }
        let name = &table.source;
        let mine = mine.clone().without(|column| sides.selection.excludes_column(name, column));
        let Some(theirs) = there.iter().find(|there| there.name == table.target) else {
            paired.unpaired.push(unpaired(&table, "the table is not in the target any more; `orderstream mirror plan` says what to do"));
            continue;
        };
        let inexact =
            inexact(&mine, |column| facts::loss(&column.type_, &sides.modes, &|relation| relations.contains(&(&*name.schema, relation))));
        let shape = shape::shape(&mine, theirs, &inexact, &null_if_unchanged(&mine, &sides.modes));
        lacking(&mut source, &mine, &shape, &role, &mut grants).await?;
        let keys = (columns_of(&mine, &table.key), columns_of(theirs, &table.key));
        let (Some(my_key), Some(their_key)) = keys else {
            paired
                .unpaired
                .push(unpaired(&table, "a column of the key is not there on both sides; `orderstream mirror plan` says what to do"));
            continue;
        };
        let side = |name, ledger: &ledger::Ledger, table: &Table, key: &[&Column]| Side {
            name,
            ledger: ledger.clone(),
            statements: Statements::new(table, key, &shape.columns, by_utf8),
            search_path: search_path(key),
        };
        paired.pairs.push(Pairing {
            source: side("the source's Postgres", &sides.source, &mine, &my_key),
            target: side("the target's Postgres", &sides.target, theirs, &their_key),
            sorted_alike: shape::is_sorted_alike(&my_key, &their_key),
            key: their_key.iter().map(|column| (cast_type(&column.type_.type_), equals(&column.type_))).collect(),
            shape,
            mirrored: table,
        });
    }
    if !grants.is_empty() {
        bail!(
            "the source's role {role} may not read what is to be compared; in the source, run:\n{grants}or name a role that may with --source"
        );
    }
    Ok(paired)
}

/// The mirrored tables that are asked for.
async fn wanted(sides: &Sides, only: &[TableName]) -> anyhow::Result<Vec<Mirrored>> {
    let all = mirrored(&mut sides.target.lease().await.context("the target's Postgres")?).await.context("the target's Postgres")?;
    if let Some(unknown) = only.iter().find(|name| !all.iter().any(|table| table.source == **name)) {
        bail!("{unknown} is not mirrored: no event of it has come yet");
    }
    Ok(all
        .into_iter()
        .filter(|table| only.is_empty() && !sides.selection.excludes(&table.source) || only.contains(&table.source))
        .collect())
}

async fn read(lease: &mut Lease, wanted: Vec<TableName>) -> Result<Vec<Table>, CatalogError> {
    lease.ask(|on| async move { catalog::read(on, &wanted).await }).await
}

async fn encoding(lease: &mut Lease) -> anyhow::Result<(String, String)> {
    lease.ask(|on| sqlx::query_as(ENCODING).fetch_one(on)).await.map_err(|error: sqlx::Error| ledger::StoreError::from(error).into())
}

/// Whether somebody reads the source's log.
pub(super) async fn is_read(sides: &Sides) -> anyhow::Result<bool> {
    let mut lease = sides.source.lease().await.context("the source's Postgres")?;
    let read: Result<bool, ledger::StoreError> = lease.ask(|on| async { Ok(sqlx::query_scalar(IS_READ).fetch_one(on).await?) }).await;
    read.context("the source's Postgres")
}

/// Adds what has to be granted to the role before the table can be read.
async fn lacking(lease: &mut Lease, table: &Table, shape: &Shape, role: &str, grants: &mut String) -> anyhow::Result<()> {
    let query = sqlx::query_as(RIGHTS).bind(table.name.schema.clone()).bind(table.name.to_string()).bind(shape.columns.clone());
    let answer: Result<(bool, bool), ledger::StoreError> = lease.ask(|on| async { Ok(query.fetch_one(on).await?) }).await;
    let (may_use, may_read) = answer.context("the source's Postgres")?;
    let (schema, role) = (identifier(&table.name.schema), identifier(role));
    if !may_use && !grants.contains(&format!("schema {schema} ")) {
        writeln!(grants, "  grant usage on schema {schema} to {role};")?;
    }
    if !may_read {
        writeln!(grants, "  grant select on {} to {role};", table.name)?;
    }
    Ok(())
}

fn columns_of<'t>(table: &'t Table, key: &[String]) -> Option<Vec<&'t Column>> {
    key.iter().map(|name| table.column(name)).collect()
}

/// The schemas whose operators sort the key, which the session does not search.
fn search_path(key: &[&Column]) -> Option<String> {
    let of_extensions = key.iter().map(|column| &column.type_.base().type_).filter(|type_| type_.extension.is_some());
    let schemas: BTreeSet<String> = of_extensions.map(|type_| identifier(&type_.schema)).collect();
    (!schemas.is_empty()).then(|| schemas.into_iter().collect::<Vec<_>>().join(", "))
}

/// The report of a table that cannot be compared.
fn unpaired(table: &Mirrored, why: &str) -> TableReport {
    TableReport {
        source: table.source.to_string(),
        target: table.target.to_string(),
        waits: table.waits.clone(),
        ended_early: true,
        notes: vec![why.to_owned()],
        ..TableReport::default()
    }
}

impl Pairing {
    /// A report that says nothing yet.
    pub(super) fn report(&self) -> TableReport {
        TableReport {
            source: self.mirrored.source.to_string(),
            target: self.mirrored.target.to_string(),
            left_out: self.shape.left_out.clone(),
            stale_columns: self.mirrored.stale.clone(),
            waits: self.mirrored.waits.clone(),
            keyless: self.mirrored.key.is_empty(),
            ..TableReport::default()
        }
    }
}
