//! Finds hashes that are newer than what Postgres has, because they come from commits that Postgres has lost (P2).

use redis::{Pipeline, Value};

use super::{OrderCache, columns};
use crate::orders::row::OrderState;
use crate::redis::link::{On, RedisError, text};

impl OrderCache {
    /// The orders whose hash is of a commit that their state does not know, and the highest of those revisions. A hash has a higher version of
    /// this epoch then; or the same one and another time of writing, because the revision was given a second time after the loss.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn ahead(&self, states: &[OrderState], epoch: i32) -> Result<(Vec<i64>, i64), RedisError> {
        let mut request = Pipeline::with_capacity(states.len());
        for state in states {
            let written = if let OrderState::Live(_) = state { "processed_at" } else { "deleted_at" };
            request.cmd("HMGET").arg(format!("order:{}", state.order_id())).arg("version").arg(written);
        }
        let (mut orders, mut highest) = (Vec::new(), 0);
        for (state, reply) in states.iter().zip(self.link.call(On::Read, &request, None).await?) {
            let [version, written] = pair(reply)?;
            // A text that is no version is passed over: the write replaces the hash, or `orderstream reconcile` removes it.
            let Some(revision) = version.and_then(|version| revision_of(&version, epoch)) else { continue };
            if revision > state.revision() || revision == state.revision() && !is_of(state, written.as_deref()) {
                orders.push(state.order_id());
                highest = highest.max(revision);
            }
        }
        Ok((orders, highest))
    }
}

/// Whether a hash with this time of writing was written from this state.
fn is_of(state: &OrderState, written: Option<&str>) -> bool {
    let time = match state {
        OrderState::Live(row) => row.processed_at,
        OrderState::Deleted(row) => row.deleted_at,
    };
    let mut expected = Vec::new();
    columns::instant(&mut expected, time);
    written.is_some_and(|written| written.as_bytes() == expected)
}

const UNEXPECTED: RedisError = RedisError::Unexpected("two fields");

fn pair(reply: Value) -> Result<[Option<String>; 2], RedisError> {
    let Value::Array(fields) = reply else { return text(reply).and(Err(UNEXPECTED)) };
    let [version, written] = <[Value; 2]>::try_from(fields).map_err(|_| UNEXPECTED)?;
    Ok([text(version)?, text(written)?])
}

/// The revision in a version of this epoch.
fn revision_of(version: &str, epoch: i32) -> Option<i64> {
    let (of, revision) = version.split_once('-')?;
    (of.parse() == Ok(epoch)).then(|| revision.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::revision_of;

    #[test]
    fn a_version_of_another_epoch_or_shape_has_no_revision() {
        let version = format!("{:010}-{:020}", 3, 77);
        assert_eq!(
            [revision_of(&version, 3), revision_of(&version, 2), revision_of("3", 3), revision_of("", 0)],
            [Some(77), None, None, None]
        );
    }
}
