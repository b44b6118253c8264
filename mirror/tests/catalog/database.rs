//! A database of a test's own, on the server of this binary.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use orderstream_mirror::catalog::{self, Publication, Table, TableName};
use orderstream_mirror::plan::{self, Names};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use stack::LonePostgres;
use tokio::runtime::Runtime;

const ALL_TYPES: &str = include_str!("../all_types.sql");

/// The server of this binary, whose warden ends it with the process.
static SERVER: LazyLock<LonePostgres> = LazyLock::new(|| LonePostgres::start().unwrap());

/// A database of a test's own.
pub struct Database {
    pub runtime: Runtime,
    pub connection: PgConnection,
    name: &'static str,
}

impl Database {
    pub fn new(name: &'static str) -> Self {
        SERVER.psql("postgres", &format!("create database {name}")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(PgConnection::connect(&SERVER.url(name))).unwrap();
        Self { runtime, connection, name }
    }

    /// A database with the first two parts of all_types.sql: the types, and the shapes of tables.
    pub fn with_all_types(name: &'static str) -> Self {
        let database = Self::new(name);
        let (made, _changed) = ALL_TYPES.split_once("-- 3. Changes").unwrap();
        SERVER.psql(name, made).unwrap();
        database
    }

    pub fn sql(&mut self, sql: &str) {
        let run = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        self.runtime.block_on(run).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub fn text(&self, sql: &str) -> String {
        SERVER.psql(self.name, sql).unwrap()
    }

    pub fn list(&mut self) -> Vec<TableName> {
        self.runtime.block_on(catalog::list(&mut self.connection)).unwrap()
    }

    pub fn read(&mut self, wanted: &[TableName]) -> Vec<Table> {
        self.runtime.block_on(catalog::read(&mut self.connection, wanted)).unwrap()
    }

    pub fn table(&mut self, schema: &str, table: &str) -> Table {
        self.read(&[TableName::new(schema, table)]).remove(0)
    }

    pub fn extensions(&mut self) -> BTreeMap<String, String> {
        self.runtime.block_on(catalog::extensions(&mut self.connection)).unwrap()
    }

    pub fn publication(&mut self, name: &str) -> Option<Publication> {
        self.runtime.block_on(catalog::publication(&mut self.connection, name)).unwrap()
    }

    pub fn create(&mut self, source: &Table, names: &Names) {
        let name = TableName::new(names.schema(&source.name.schema), &source.name.table);
        for step in plan::create(source, &name, names).unwrap_or_else(|unmade| panic!("{}: {}", source.name, unmade[0])) {
            self.sql(&step.sql);
        }
    }
}

/// The tables that a mirror is to copy.
pub fn of_mirror(names: Vec<TableName>) -> Vec<TableName> {
    names.into_iter().filter(|name| name.schema != "mirror_test").collect()
}

/// The names of the columns of the key.
pub fn key(table: &Table) -> Vec<&str> {
    table.key_columns().map(|column| column.name.as_str()).collect()
}
