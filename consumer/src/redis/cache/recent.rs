//! Writes the list `recent_orders`: the newest orders as JSON, for readers that want a page of orders without a query.

use redis::Pipeline;

use super::OrderCache;
use super::row::{HashField, columns_of};
use crate::orders::row::ResultRow;
use crate::redis::link::{On, RedisError, Script, integer};

static REWRITE_RECENT: Script = Script::new(include_str!("../../../../redis/rewrite_recent.lua"));

/// How many orders the list holds.
pub const RECENT_ORDERS: usize = 100;

/// How long one process's turn to write the list lasts.
const TURN_MS: u32 = 1000;

impl OrderCache {
    /// Replaces the list by `rows`, newest first, in one step for every reader. All processes together replace the list at most once a
    /// second: `false` if another process has just done so.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn rewrite_recent(&self, rows: &[ResultRow]) -> Result<bool, RedisError> {
        let rows = &rows[..rows.len().min(RECENT_ORDERS)];
        let mut call = REWRITE_RECENT.call(2, 1 + rows.len(), 600 * rows.len());
        call.arg("recent_orders").arg("orderstream:recent_orders:turn").arg(TURN_MS);
        for row in rows {
            call.arg(json(row));
        }
        let mut request = Pipeline::new();
        request.add_command(call);
        let replies = self.link.call(On::Write, &request, Some(&REWRITE_RECENT)).await?;
        replies.first().map_or(Err(RedisError::Unexpected("an integer")), integer).map(|replaced| replaced == 1)
    }
}

/// A row as JSON, with the names and texts of the hash. Numbers are numbers; money is text, because a JSON number is a float to many
/// readers.
fn json(row: &ResultRow) -> Vec<u8> {
    let mut out = format!("{{\"order_id\":{}", row.order_id).into_bytes();
    for (name, value) in columns_of(row) {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b"\":");
        match &value {
            HashField::Null => out.extend_from_slice(b"null"),
            HashField::Number(_) => value.write(&mut out),
            HashField::Text(text) => out.extend_from_slice(serde_json::Value::from(*text).to_string().as_bytes()),
            HashField::Money(_) | HashField::Time(_) | HashField::Instant(_) => {
                out.push(b'"');
                value.write(&mut out);
                out.push(b'"');
            }
        }
    }
    out.push(b'}');
    out
}
