//! Reads tables out of a database's catalog, with one statement per kind of thing, however many tables are wanted.
//!
//! Postgres writes names without a schema where its search path finds them, and values as the session's settings say. So the settings are
//! set for the time of reading, and set back.

use std::collections::{BTreeMap, HashMap};

use ledger::StoreError;
use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

use super::columns::ColumnRow;
use super::constraints::ConstraintRow;
use super::keys::UniqueRow;
use super::tables::TableRow;
use super::type_rows::Types;
use super::{Column, KeyFrom, Table, TableName, columns, constraints, keys, tables, type_rows};

/// The settings that decide how the catalog's texts look. `jit` is off because the planner takes these questions for expensive ones, and
/// compiling them takes longer than answering them: with thousands of tables 3 s instead of 0.7 s.
const SETTINGS: [(&str, &str); 8] = [
    ("jit", "off"),
    ("search_path", ""),
    ("datestyle", "ISO, YMD"),
    ("intervalstyle", "postgres"),
    ("timezone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
];

/// Sets settings for the session, and returns what they were. The part that reads is evaluated before the part that sets.
const SET: &str = "
with was as materialized (
    select w.name, w.value, pg_catalog.current_setting(w.name) as old from unnest($1::text[], $2::text[]) as w (name, value)
)
select name, old, pg_catalog.set_config(name, value, false) from was";

const EXTENSIONS: &str = "
select x.extname::text, n.nspname::text from pg_catalog.pg_extension x join pg_catalog.pg_namespace n on n.oid = x.extnamespace";

/// Why a catalog cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The server is away or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table was altered between two statements. Reading again helps.
    #[error("table {0} was altered while its catalog was read; read it again")]
    Altered(TableName),
}

impl From<sqlx::Error> for CatalogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// All tables of the database that neither Postgres nor an extension has made, in the order of their names.
///
/// # Errors
/// If the server is away or refuses.
pub async fn list(connection: &mut PgConnection) -> Result<Vec<TableName>, StoreError> {
    Ok(tables::all(connection).await?)
}

/// The extensions of the database, each with the schema that has its types.
///
/// # Errors
/// If the server is away or refuses.
pub async fn extensions(connection: &mut PgConnection) -> Result<BTreeMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(EXTENSIONS).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// The wanted tables, as far as there are any, in the order of their names. In a transaction of isolation level `repeatable read` no change
/// can come in between. After an error the connection's settings are unknown, and it should be closed, or its transaction rolled back.
///
/// # Errors
/// If the server is away or refuses, or if a table was altered meanwhile.
pub async fn read(connection: &mut PgConnection, wanted: &[TableName]) -> Result<Vec<Table>, CatalogError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let before = set(connection, SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()).await?;
    let read = read_all(connection, wanted).await;
    // After an error the transaction may be aborted, in which nothing can be set, and whose end sets the settings back.
    let back = set(connection, before).await;
    let read = read?;
    back?;
    Ok(read)
}

async fn set(connection: &mut PgConnection, settings: Vec<(String, String)>) -> sqlx::Result<Vec<(String, String)>> {
    let (names, values): (Vec<String>, Vec<String>) = settings.into_iter().unzip();
    let before: Vec<(String, String, String)> = sqlx::query_as(SET).bind(names).bind(values).fetch_all(connection).await?;
    Ok(before.into_iter().map(|(name, old, _)| (name, old)).collect())
}

async fn read_all(connection: &mut PgConnection, wanted: &[TableName]) -> Result<Vec<Table>, CatalogError> {
    let rows = tables::wanted(connection, wanted).await?;
    let numbers: Vec<Oid> = rows.iter().map(|row| row.oid).collect();
    let types = type_rows::of(connection, &numbers).await?;
    let mut parts = Parts {
        columns: grouped(columns::of(connection, &numbers).await?, |row| row.relation),
        unique: grouped(keys::unique(connection, &numbers).await?, |row| row.relation),
        constraints: grouped(constraints::of(connection, &numbers).await?, |row| row.relation),
        types,
    };
    rows.into_iter().map(|row| parts.table(&row)).collect()
}

/// The parts of all tables, by the number of their table.
struct Parts {
    columns: HashMap<Oid, Vec<ColumnRow>>,
    unique: HashMap<Oid, Vec<UniqueRow>>,
    constraints: HashMap<Oid, Vec<ConstraintRow>>,
    types: Types,
}

impl Parts {
    fn table(&mut self, row: &TableRow) -> Result<Table, CatalogError> {
        let name = TableName::new(&row.schema, &row.name);
        let columns = self.columns.remove(&row.oid).unwrap_or_default();
        let columns: Option<Vec<Column>> = columns.into_iter().map(|column| column.into_column(&self.types)).collect();
        let unique = self.unique.remove(&row.oid).unwrap_or_default();
        let key = keys::key(&unique);
        let Some(columns) = columns else { return Err(CatalogError::Altered(name)) };
        let places = |index: &UniqueRow| places(&columns, &index.columns).ok_or_else(|| CatalogError::Altered(name.clone()));
        let key_places = key.map(|(_, index)| places(index)).transpose()?.unwrap_or_default();
        let identity_index = unique.iter().find(|index| index.is_identity).map(places).transpose()?.unwrap_or_default();
        let key_name = key.map(|(_, index)| index.name.clone());
        let constraints = self.constraints.remove(&row.oid).unwrap_or_default().into_iter().map(Into::into);
        let constraints = constraints.chain(keys::secondary(&unique, key_name.as_deref())).collect();
        Ok(Table {
            columns,
            key: key_places,
            key_from: key.map_or(KeyFrom::None, |(from, _)| from),
            key_name,
            identity: row.identity(),
            identity_index,
            kind: row.relation(),
            persistence: row.persistence(),
            has_toast: row.has_toast,
            constraints,
            name,
        })
    }
}

/// The places of the columns with these numbers; `None` if there is one that is not there.
fn places(columns: &[Column], numbers: &[i16]) -> Option<Vec<usize>> {
    numbers.iter().map(|number| columns.iter().position(|column| column.attnum == *number)).collect()
}

fn grouped<T>(rows: Vec<T>, of: impl Fn(&T) -> Oid) -> HashMap<Oid, Vec<T>> {
    let mut groups: HashMap<Oid, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(of(&row)).or_default().push(row);
    }
    groups
}
