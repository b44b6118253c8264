//! Compares order hashes with their rows, for `orderstream reconcile`. Only [`OrderCache::remove`] changes anything.

use redis::{Cmd, Pipeline, Value};

use super::OrderCache;
use super::dump::Name;
use super::row::{HashField, columns_of};
use crate::orders::row::ResultRow;
use crate::redis::link::{On, RedisError, each_ok, text};

/// Hashes in one round trip.
const PER_CALL: usize = 500;

/// What is wrong with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Redis has no hash.
    Absent,
    /// A column or the version is not the row's, or the key holds something else than a hash.
    Different,
    /// The hash is different, and its version is no version or is above the row's: no write of the row would replace the hash (P5).
    Ahead,
}

impl OrderCache {
    /// The rows whose hash is not what the row says, by the order's id.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn wrong(&self, rows: &[ResultRow], epoch: i32) -> Result<Vec<(i64, Wrong)>, RedisError> {
        let mut wrong = Vec::new();
        for chunk in rows.chunks(PER_CALL) {
            let mut request = Pipeline::with_capacity(chunk.len());
            for row in chunk {
                request.add_command(read(row));
            }
            let replies = self.link.call(On::Read, &request, None).await?;
            let judged = chunk.iter().zip(&replies).map(|(row, reply)| (row.order_id, judge(row, epoch, reply)));
            wrong.extend(judged.filter_map(|(id, wrong)| Some((id, wrong?))));
        }
        Ok(wrong)
    }

    /// Removes hashes whose version would keep every later version out.
    ///
    /// # Errors
    /// Any [`RedisError`]; some may have been removed.
    pub async fn remove(&self, ids: &[i64]) -> Result<(), RedisError> {
        for chunk in ids.chunks(PER_CALL) {
            let mut request = Pipeline::with_capacity(1);
            request.cmd("DEL").arg(chunk.iter().copied().map(key).collect::<Vec<_>>());
            each_ok(&self.link.call(On::Write, &request, None).await?)?;
        }
        Ok(())
    }

    /// How many keys this Redis has evicted since it was started.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn evicted(&self) -> Result<u64, RedisError> {
        let mut request = Pipeline::with_capacity(1);
        request.cmd("INFO").arg("stats");
        let reply = self.link.call(On::Read, &request, None).await?.pop().ok_or(RedisError::Unexpected("a text"))?;
        let stats = text(reply)?.unwrap_or_default();
        let count = stats.lines().find_map(|line| line.strip_prefix("evicted_keys:")?.trim().parse().ok());
        Ok(count.unwrap_or(0))
    }
}

fn key(order_id: i64) -> String {
    format!("order:{order_id}")
}

fn read(row: &ResultRow) -> Cmd {
    let columns = columns_of(row);
    let mut command = Cmd::with_capacity(3 + columns.len(), 256);
    command.arg("HMGET").arg(key(row.order_id)).arg("version").arg("deleted_at").arg("order_id");
    for (name, _) in &columns {
        command.arg(name.as_str());
    }
    command
}

/// What is wrong with the hash of a row; `None` if the hash is what the row says.
fn judge(row: &ResultRow, epoch: i32, reply: &Value) -> Option<Wrong> {
    let Value::Array(fields) = reply else { return Some(Wrong::Different) };
    if fields.iter().all(|field| *field == Value::Nil) {
        return Some(Wrong::Absent);
    }
    let bytes = |field: &Value| if let Value::BulkString(bytes) = field { Some(bytes.clone()) } else { None };
    let version = fields.first().and_then(bytes).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let (of_row, revision) = (format!("{epoch:010}-{:020}", row.revision), version.split_once('-').map(|(_, revision)| revision));
    let same_version = revision.is_some_and(|revision| of_row.ends_with(revision) && revision.len() == 20);
    if same_version && columns_are_same(row, fields) {
        return None;
    }
    let is_version = version.len() == of_row.len() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    Some(if is_version && version <= of_row { Wrong::Different } else { Wrong::Ahead })
}

fn columns_are_same(row: &ResultRow, fields: &[Value]) -> bool {
    let id = row.order_id.to_string();
    let [_, Value::Nil, Value::BulkString(stored_id), stored @ ..] = fields else { return false };
    let columns = columns_of(row);
    let mut expected = Vec::with_capacity(64);
    let mut same = |(field, (_, column)): (&Value, &(&Name, HashField<'_>))| match field {
        Value::Nil => column.is_null(),
        Value::BulkString(found) => {
            expected.clear();
            column.write(&mut expected);
            !column.is_null() && *found == expected
        }
        _ => false,
    };
    *stored_id == id.as_bytes() && stored.len() == columns.len() && stored.iter().zip(&columns).all(&mut same)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::orders::enrich::Enrichment;

    fn row() -> ResultRow {
        ResultRow {
            order_id: 5,
            customer_id: Some("C".into()),
            customer: Arc::default(),
            product_id: "P".into(),
            quantity: 2,
            price: "1.5".parse().unwrap(),
            total: "3".parse().unwrap(),
            status: Some("".into()),
            ordered_at: None,
            updated_at: None,
            enrichment: Enrichment::Missing,
            refused: None,
            processed_at: DateTime::UNIX_EPOCH,
            revision: 12,
        }
    }

    fn reply(version: &str) -> Vec<Value> {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let columns = ["C", "-", "-", "-", "-", "P", "2", "1.50", "3.00", "", "-", "-", "missing", "-", "1970-01-01T00:00:00.000000Z"];
        let columns = columns.map(|value| if value == "-" { Value::Nil } else { text(value) });
        [text(version), Value::Nil, text("5")].into_iter().chain(columns).collect()
    }

    const VERSION: &str = "0000000000-00000000000000000012";

    #[test]
    fn a_hash_that_says_what_the_row_says_is_right_and_null_is_not_empty() {
        assert_eq!(judge(&row(), 0, &Value::Array(reply(VERSION))), None);
        // A hash that was written before the epoch was raised is right too.
        assert_eq!(judge(&row(), 1, &Value::Array(reply(VERSION))), None);
        let mut changed = reply(VERSION);
        changed[12] = Value::Nil;
        assert_eq!(judge(&row(), 0, &Value::Array(changed)), Some(Wrong::Different));
        let mut deleted = reply(VERSION);
        deleted[1] = Value::BulkString(b"2026".to_vec());
        assert_eq!(judge(&row(), 0, &Value::Array(deleted)), Some(Wrong::Different));
    }

    #[test]
    fn an_absent_an_older_and_a_later_hash_are_told_apart() {
        let judged = |version: &str| judge(&row(), 0, &Value::Array(reply(version)));
        assert_eq!(judge(&row(), 0, &Value::Array(vec![Value::Nil; 18])), Some(Wrong::Absent));
        assert_eq!(judged("0000000000-00000000000000000011"), Some(Wrong::Different));
        assert_eq!(judged("0000000000-00000000000000000013"), Some(Wrong::Ahead));
        assert_eq!(judged("zzz"), Some(Wrong::Ahead));
        assert_eq!(judge(&row(), 0, &Value::Okay), Some(Wrong::Different));
    }
}
