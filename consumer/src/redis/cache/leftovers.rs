//! Finds hashes that no row explains, by looking through all keys of Redis, and removes them, for `orderstream reconcile` (P8).

use redis::{Pipeline, Value};

use super::OrderCache;
use crate::redis::link::{On, RedisError, Script, each_ok, integer, text};

static REMOVE: Script = Script::new(include_str!("../../../../redis/remove_orders.lua"));

/// How many keys Redis looks at in one call, which takes a millisecond or two of its time.
const KEYS_PER_CALL: u32 = 5_000;

/// Hashes in one round trip.
const PER_CALL: usize = 500;

/// A page of keys. Each key that exists during the whole walk is on at least one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
    /// Orders with a key.
    pub orders: Vec<i64>,
    /// Customers with a key.
    pub customers: Vec<String>,
}

impl OrderCache {
    /// The page of keys that begins at `cursor`; the first page begins at `"0"`.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn page(&self, cursor: &str) -> Result<Page, RedisError> {
        let mut request = Pipeline::with_capacity(1);
        request.cmd("SCAN").arg(cursor).arg("COUNT").arg(KEYS_PER_CALL);
        page(self.link.call(On::Read, &request, None).await?.pop())
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn keys(&self) -> Result<i64, RedisError> {
        let mut request = Pipeline::with_capacity(1);
        request.cmd("DBSIZE");
        self.link.call(On::Read, &request, None).await?.first().map_or(Ok(0), integer)
    }

    /// The orders that have a hash which does not say that the order was deleted, with the hash's version, empty for none.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn live(&self, ids: &[i64]) -> Result<Vec<(i64, String)>, RedisError> {
        let mut live = Vec::new();
        for chunk in ids.chunks(PER_CALL) {
            let mut request = Pipeline::with_capacity(2 * chunk.len());
            for id in chunk {
                request.cmd("EXISTS").arg(key(*id)).cmd("HMGET").arg(key(*id)).arg("deleted_at").arg("order_id").arg("version");
            }
            let replies = self.link.call(On::Read, &request, None).await?;
            for (id, reply) in chunk.iter().zip(replies.chunks(2)) {
                live.extend(version_if_live(reply)?.map(|version| (*id, version)));
            }
        }
        Ok(live)
    }

    /// Removes hashes, each only if the hash still has the version that was seen. Returns how many were removed.
    ///
    /// # Errors
    /// Any [`RedisError`]; the removal may be tried again.
    pub async fn remove_seen(&self, seen: &[(i64, String)]) -> Result<u64, RedisError> {
        let mut removed = 0;
        for chunk in seen.chunks(PER_CALL) {
            let mut call = REMOVE.call(chunk.len(), chunk.len(), 64 * chunk.len());
            for (id, _) in chunk {
                call.arg(key(*id));
            }
            for (_, version) in chunk {
                call.arg(version);
            }
            let mut request = Pipeline::with_capacity(1);
            request.add_command(call);
            let replies = self.link.call(On::Write, &request, Some(&REMOVE)).await?;
            removed += replies.first().map_or(Ok(0), integer)?.unsigned_abs();
        }
        Ok(removed)
    }
}

fn key(order_id: i64) -> String {
    format!("order:{order_id}")
}

fn page(reply: Option<Value>) -> Result<Page, RedisError> {
    const UNEXPECTED: RedisError = RedisError::Unexpected("a cursor and keys");
    let reply = reply.ok_or(UNEXPECTED)?;
    each_ok(std::slice::from_ref(&reply))?;
    let Value::Array(parts) = reply else { return Err(UNEXPECTED) };
    let Ok([cursor, Value::Array(keys)]) = <[Value; 2]>::try_from(parts) else { return Err(UNEXPECTED) };
    let mut page = Page { next: text(cursor)?.filter(|cursor| cursor != "0"), ..Page::default() };
    for key in keys {
        let Value::BulkString(bytes) = key else { return Err(UNEXPECTED) };
        // The keys of other programs may be of any bytes.
        let Ok(name) = std::str::from_utf8(&bytes) else { continue };
        if let Some(customer) = name.strip_prefix("customer:") {
            page.customers.push(customer.to_owned());
        } else if let Some(order) = name.strip_prefix("order:").and_then(|id| id.parse().ok()) {
            page.orders.push(order);
        }
    }
    Ok(page)
}

/// The version of a hash, `None` if the order is deleted or has no hash. All keys `order:*` are orderstream's, so a value of another type
/// is left over too.
fn version_if_live(replies: &[Value]) -> Result<Option<String>, RedisError> {
    let [exists, fields] = replies else { return Err(RedisError::Unexpected("two replies")) };
    if integer(exists)? == 0 {
        return Ok(None);
    }
    match fields {
        Value::ServerError(error) if error.code() == "WRONGTYPE" => Ok(Some(String::new())),
        Value::Array(fields) => match fields.as_slice() {
            [Value::BulkString(_), Value::Nil, _] => Ok(None),
            [_, _, version] => Ok(Some(text(version.clone())?.unwrap_or_default())),
            _ => Err(RedisError::Unexpected("three fields")),
        },
        other => Err(each_ok(std::slice::from_ref(other)).err().unwrap_or(RedisError::Unexpected("fields"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn orders_and_customers_are_told_from_the_keys_of_others() {
        let keys = ["order:7", "order:x", "customer:C1", "customer:", "orderstream:progress", "recent_orders", "session:order:8"];
        let reply = Value::Array(vec![bulk("17"), Value::Array(keys.map(bulk).to_vec())]);
        let expected = Page { next: Some("17".into()), orders: vec![7], customers: vec!["C1".into(), String::new()] };
        assert_eq!(page(Some(reply)).unwrap(), expected);
        let last = Value::Array(vec![bulk("0"), Value::Array(vec![Value::BulkString(vec![0xff])])]);
        assert_eq!(page(Some(last)).unwrap(), Page::default());
        assert!(page(Some(Value::Okay)).is_err() && page(None).is_err());
    }

    #[test]
    fn a_trace_of_a_deleted_order_is_no_leftover_and_anything_else_is() {
        let live = |fields: [Value; 3]| version_if_live(&[Value::Int(1), Value::Array(fields.to_vec())]).unwrap();
        assert_eq!(live([bulk("2026"), Value::Nil, bulk("v")]), None);
        assert_eq!(live([Value::Nil, bulk("7"), bulk("v")]), Some("v".into()));
        assert_eq!(live([bulk("2026"), bulk("7"), Value::Nil]), Some(String::new()));
        assert_eq!(live([Value::Nil, Value::Nil, Value::Nil]), Some(String::new()));
        assert_eq!(version_if_live(&[Value::Int(0), Value::Nil]).unwrap(), None);
    }
}
