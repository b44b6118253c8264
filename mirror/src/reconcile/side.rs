//! Asks one side of a comparison: the source, or the target. Every question is a short transaction of its own that only reads, so that none holds the
//! source's log or its dead rows back.

use std::collections::BTreeMap;

use comparison::compare::Digest;
use ledger::{Lease, Ledger, StoreError};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, AssertSqlSafe, FromRow};

use super::Key;
use super::sql::Statements;

/// What decides how a value looks as text, beside the settings that every session has.
const SETTINGS: &str = "set transaction read only; set local search_path = ''; set local lc_monetary = 'C'";

/// The rows after a key, up to another; without one from the first or to the last.
#[derive(Debug, Clone, Default)]
pub(super) struct Range {
    pub(super) after: Option<Key>,
    pub(super) up_to: Option<Key>,
}

/// One table of one database.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) ledger: Ledger,
    pub(super) statements: Statements,
    /// The schemas of the extensions that the key's types belong to, whose operators are looked up there.
    pub(super) search_path: Option<String>,
}

impl Side {
    pub(super) async fn digest(&self, range: &Range) -> anyhow::Result<Digest> {
        let (after, up_to) = (range.after.is_some(), range.up_to.is_some());
        let rows: Vec<(i64, String)> = self.ask(self.statements.digest(after, up_to), of_range(range)?).await?;
        Ok(rows.into_iter().next().map(|(rows, sum)| Digest { rows, sum }).unwrap_or_default())
    }

    /// The key that stands in the range behind `rows` others.
    pub(super) async fn key_at(&self, range: &Range, rows: i64) -> anyhow::Result<Option<Key>> {
        let mut arguments = of_range(range)?;
        add(&mut arguments, rows)?;
        let sql = self.statements.key_at(range.after.is_some(), range.up_to.is_some());
        let keys: Vec<(Vec<String>,)> = self.ask(sql, arguments).await?;
        Ok(keys.into_iter().next().map(|(key,)| Key { key }))
    }

    pub(super) async fn checksums(&self, range: &Range) -> anyhow::Result<Vec<(Key, i64)>> {
        let sql = self.statements.checksums(range.after.is_some(), range.up_to.is_some());
        let rows: Vec<(Vec<String>, i64)> = self.ask(sql, of_range(range)?).await?;
        Ok(rows.into_iter().map(|(key, sum)| (Key { key }, sum)).collect())
    }

    /// The next rows behind a key, in the order of this side.
    pub(super) async fn next(&self, after: Option<&Key>, rows: i64) -> anyhow::Result<Vec<(Key, i64)>> {
        let mut arguments = of_range(&Range { after: after.cloned(), up_to: None })?;
        add(&mut arguments, rows)?;
        let rows: Vec<(Vec<String>, i64)> = self.ask(self.statements.next(after.is_some()), arguments).await?;
        Ok(rows.into_iter().map(|(key, sum)| (Key { key }, sum)).collect())
    }

    /// The rows with these keys that are there, by the place of the key: the key as this side writes it, and the checksum.
    pub(super) async fn look(&self, keys: &[Key]) -> anyhow::Result<BTreeMap<usize, (Key, i64)>> {
        let rows: Vec<(i32, Vec<String>, i64)> = self.ask(self.statements.look(), of_keys(keys, self.statements.width())?).await?;
        Ok(rows.into_iter().map(|(place, key, sum)| (at(place), (Key { key }, sum))).collect())
    }

    /// The checksum of each compared column of the rows with these keys that are there, by the place of the key; `None` where the value is null.
    pub(super) async fn columns(&self, keys: &[Key]) -> anyhow::Result<BTreeMap<usize, Vec<Option<i64>>>> {
        let rows: Vec<(i32, Vec<Option<i64>>)> = self.ask(self.statements.columns(), of_keys(keys, self.statements.width())?).await?;
        Ok(rows.into_iter().map(|(place, sums)| (at(place), sums)).collect())
    }

    /// Number and sum of the rows in each bucket.
    pub(super) async fn buckets(&self) -> anyhow::Result<BTreeMap<i32, Digest>> {
        let rows: Vec<(i32, i64, String)> = self.ask(self.statements.buckets(), PgArguments::default()).await?;
        Ok(rows.into_iter().map(|(bucket, rows, sum)| (bucket, Digest { rows, sum })).collect())
    }

    /// How often each checksum is in a bucket.
    pub(super) async fn bucket(&self, bucket: i32) -> anyhow::Result<BTreeMap<i64, i64>> {
        let mut arguments = PgArguments::default();
        add(&mut arguments, bucket)?;
        let rows: Vec<(i64, i64)> = self.ask(self.statements.bucket(), arguments).await?;
        Ok(rows.into_iter().collect())
    }

    async fn ask<T>(&self, sql: String, arguments: PgArguments) -> anyhow::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.rows(sql, arguments).await.map_err(|error| anyhow::Error::new(error).context(self.name))
    }

    async fn rows<T>(&self, sql: String, arguments: PgArguments) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut lease: Lease = self.ledger.lease().await?;
        lease.begin_with(SETTINGS).await?;
        if let Some(path) = &self.search_path {
            let set = sqlx::query("select pg_catalog.set_config('search_path', $1, true)").bind(path.clone());
            let _: sqlx::postgres::PgQueryResult = lease.ask(|on| set.execute(on)).await?;
        }
        let query = sqlx::query_as_with(AssertSqlSafe(sql), arguments);
        let rows = lease.ask(|on| query.fetch_all(on)).await?;
        lease.roll_back().await?;
        Ok(rows)
    }
}

/// The place in a list, of a place that counts from 1.
fn at(place: i32) -> usize {
    usize::try_from(place - 1).unwrap_or_default()
}

fn of_range(range: &Range) -> anyhow::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for text in range.after.iter().chain(&range.up_to).flat_map(|key| &key.key) {
        add(&mut arguments, text.clone())?;
    }
    Ok(arguments)
}

/// The keys as one array of texts for each column.
pub(super) fn of_keys(keys: &[Key], width: usize) -> anyhow::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for column in 0..width {
        let texts: Vec<Option<String>> = keys.iter().map(|key| key.key.get(column).cloned()).collect();
        add(&mut arguments, texts)?;
    }
    Ok(arguments)
}

pub(super) fn add<T>(arguments: &mut PgArguments, value: T) -> anyhow::Result<()>
where
    T: for<'q> sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    arguments.add(value).map_err(|error| sqlx::Error::Encode(error).into())
}
