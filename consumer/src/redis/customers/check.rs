//! Compares customers' hashes with the source and sets them right, for `orderstream reconcile` (P2, P8).

use change::position::Position;
use change::position_text;
use chrono::Utc;
use redis::{Pipeline, Value};

use super::put::{CUSTOMER_TRACE_SECONDS, version};
use super::{Customers, key_arg};
use crate::orders::customer::Customer;
use crate::reconcile::customers::{COLUMNS, CustomerDifference};
use crate::redis::cache::columns;
use crate::redis::link::{On, RedisError, Script, each_ok, integer};

static BURY: Script = Script::new(include_str!("../../../../redis/bury_customers.lua"));

/// Hashes in one round trip.
const PER_CALL: usize = 500;

/// A customer's hash as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCustomer {
    /// What is wrong with the hash.
    pub difference: CustomerDifference,
    /// The position in the hash, empty for none. Every event that writes the hash changes its position.
    pub position: String,
}

/// What a hash holds.
enum Hash {
    Absent {
        position: String,
    },
    Live {
        columns: Vec<Option<Vec<u8>>>,
        version: String,
        position: String,
    },
    /// The key holds something else than a hash.
    Foreign,
}

impl Customers {
    /// The customers of the source whose hash is not what the source says.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn wrong(&self, customers: &[(String, Customer)]) -> Result<Vec<(String, SeenCustomer)>, RedisError> {
        let ids: Vec<&str> = customers.iter().map(|(id, _)| id.as_str()).collect();
        let hashes = self.hashes(&ids).await?;
        let seen = |((id, customer), hash): (&(String, Customer), Hash)| Some((id.clone(), compare(customer, hash)?));
        Ok(customers.iter().zip(hashes).filter_map(seen).collect())
    }

    /// The ids under which Redis has a customer that is not deleted.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn live(&self, ids: &[&str]) -> Result<Vec<(String, SeenCustomer)>, RedisError> {
        let extra = |id: &str, position| Some((id.to_owned(), SeenCustomer { difference: CustomerDifference::Extra, position }));
        let live = |(id, hash): (&&str, Hash)| match hash {
            Hash::Absent { .. } => None,
            Hash::Live { position, .. } => extra(id, position),
            Hash::Foreign => extra(id, String::new()),
        };
        Ok(ids.iter().zip(self.hashes(ids).await?).filter_map(live).collect())
    }

    /// Removes customers that the source does not have, each only if its hash still has the position that was seen. Processes that remember
    /// customers are told by a mark. The transaction that marks the customers' orders comes after this. Returns how many customers were
    /// removed.
    ///
    /// # Errors
    /// Any [`RedisError`]; the removal may be tried again.
    pub async fn bury(&self, seen: &[(String, String)]) -> Result<u64, RedisError> {
        let Some(topic) = &self.topic else {
            return Err(RedisError::Refused("no customers topic is configured".to_owned()));
        };
        let mut deleted_at = Vec::new();
        columns::instant(&mut deleted_at, Utc::now());
        let mut removed = 0;
        for chunk in seen.chunks(PER_CALL) {
            let mut call = BURY.call(chunk.len(), 2 + 2 * chunk.len(), 280 * chunk.len());
            chunk.iter().for_each(|(id, _)| key_arg(&mut call, id));
            call.arg(CUSTOMER_TRACE_SECONDS).arg(&deleted_at);
            for (_, position) in chunk {
                call.arg(position).arg(position_text::behind(position));
            }
            let mut request = Pipeline::with_capacity(1);
            request.add_command(call);
            let replies = self.link.call(On::Write, &request, Some(&BURY)).await?;
            removed += replies.first().map_or(Ok(0), integer)?.unsigned_abs();
        }
        self.progress.changed_by_hand(topic).await?;
        Ok(removed)
    }

    /// Lets the next event of these customers replace whatever is in their hashes: a position that was changed by hand may be above the
    /// event's.
    ///
    /// # Errors
    /// Any [`RedisError`]; the call may be tried again.
    pub async fn unguard(&self, ids: &[&str]) -> Result<(), RedisError> {
        for chunk in ids.chunks(PER_CALL) {
            let mut request = Pipeline::with_capacity(chunk.len());
            for id in chunk {
                let mut command = redis::cmd("HDEL");
                key_arg(&mut command, id);
                command.arg("position");
                request.add_command(command);
            }
            let replies = self.link.call(On::Write, &request, None).await?;
            // The script that writes the next event replaces a value of another type.
            let failed = replies.into_iter().filter(|reply| !is_foreign(reply)).collect::<Vec<_>>();
            each_ok(&failed)?;
        }
        Ok(())
    }

    async fn hashes(&self, ids: &[&str]) -> Result<Vec<Hash>, RedisError> {
        let mut hashes = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(PER_CALL) {
            let mut request = Pipeline::with_capacity(chunk.len());
            for id in chunk {
                let mut command = redis::Cmd::with_capacity(4 + COLUMNS.len(), 64 + id.len());
                command.arg("HMGET");
                key_arg(&mut command, id);
                command.arg(&COLUMNS);
                command.arg("version").arg("position");
                request.add_command(command);
            }
            for reply in self.link.call(On::Read, &request, None).await? {
                hashes.push(hash(reply)?);
            }
        }
        Ok(hashes)
    }
}

fn is_foreign(reply: &Value) -> bool {
    matches!(reply, Value::ServerError(error) if error.code() == "WRONGTYPE")
}

fn hash(reply: Value) -> Result<Hash, RedisError> {
    if is_foreign(&reply) {
        return Ok(Hash::Foreign);
    }
    let Value::Array(fields) = reply else {
        each_ok(std::slice::from_ref(&reply))?;
        return Err(RedisError::Unexpected("a customer's fields"));
    };
    let mut fields = fields.into_iter().map(|field| if let Value::BulkString(bytes) = field { Some(bytes) } else { None });
    let columns: Vec<Option<Vec<u8>>> = fields.by_ref().take(COLUMNS.len()).collect();
    let mut text = || fields.next().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (version, position) = (text(), text().unwrap_or_default());
    Ok(match version {
        None if columns.iter().all(Option::is_none) => Hash::Absent { position },
        version => Hash::Live { columns, version: version.unwrap_or_default(), position },
    })
}

/// What differs between a customer of the source and its hash; `None` if nothing does.
fn compare(customer: &Customer, hash: Hash) -> Option<SeenCustomer> {
    match hash {
        Hash::Absent { position } => Some(SeenCustomer { difference: CustomerDifference::Missing, position }),
        Hash::Foreign => Some(SeenCustomer { difference: CustomerDifference::Different(vec!["type"]), position: String::new() }),
        Hash::Live { columns, version, position } => {
            let Customer { name, email, tier, country } = customer;
            let expected = [name, email, tier, country];
            let pairs = expected.into_iter().zip(&columns);
            let different = COLUMNS.iter().zip(pairs).filter(|(_, (ours, theirs))| ours.as_deref().map(str::as_bytes) != theirs.as_deref());
            let mut names: Vec<&'static str> = different.map(|(name, _)| *name).collect();
            if version_of(&position).as_deref() != Some(version.as_str()) {
                names.push("version");
            }
            (!names.is_empty()).then_some(SeenCustomer { difference: CustomerDifference::Different(names), position })
        }
    }
}

/// The version that goes with a position: both are written from one event.
fn version_of(position: &str) -> Option<String> {
    let Position { epoch, partition, offset, .. } = position_text::parse(position)?;
    Some(version(epoch, partition, offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use change::position::Origin;

    fn position() -> Position {
        Position { epoch: 1, partition: 2, offset: 30, kind: Origin::Stream, commit: Some(7), lsn: Some(8), ts_ms: None }
    }

    fn ann() -> Customer {
        Customer { name: Some("Ann".into()), tier: Some("".into()), ..Customer::default() }
    }

    fn live(name: &str, version: &str) -> Hash {
        let columns = vec![Some(name.as_bytes().to_vec()), None, Some(Vec::new()), None];
        Hash::Live { columns, version: version.into(), position: position_text::write(&position()) }
    }

    #[test]
    fn a_hash_that_says_what_the_source_says_is_right() {
        assert_eq!(compare(&ann(), live("Ann", "1.2.30")), None);
    }

    #[test]
    fn the_columns_that_differ_are_named_and_a_version_that_is_not_of_its_event_too() {
        let different = |hash| compare(&ann(), hash).map(|seen| seen.difference);
        assert_eq!(different(live("Bob", "1.2.30")), Some(CustomerDifference::Different(vec!["name"])));
        assert_eq!(different(live("Ann", "1.2.31")), Some(CustomerDifference::Different(vec!["version"])));
        assert_eq!(different(Hash::Absent { position: String::new() }), Some(CustomerDifference::Missing));
        assert_eq!(different(Hash::Foreign), Some(CustomerDifference::Different(vec!["type"])));
        let nothing = Hash::Live { columns: vec![None; 4], version: String::new(), position: String::new() };
        assert_eq!(different(nothing), Some(CustomerDifference::Different(vec!["name", "tier", "version"])));
    }
}
