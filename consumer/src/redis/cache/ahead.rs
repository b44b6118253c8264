//! Finds hashes that are newer than what Postgres has, because they come from commits that Postgres has lost (P2).

use redis::Pipeline;

use super::OrderCache;
use crate::orders::row::OrderState;
use crate::redis::link::{On, RedisError, text};

impl OrderCache {
    /// The orders whose hash has a higher version of this epoch than their state, and the highest of those revisions.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn ahead(&self, states: &[OrderState], epoch: i32) -> Result<(Vec<i64>, i64), RedisError> {
        let mut request = Pipeline::with_capacity(states.len());
        for state in states {
            request.cmd("HGET").arg(format!("order:{}", state.order_id())).arg("version");
        }
        let (mut orders, mut highest) = (Vec::new(), 0);
        for (state, reply) in states.iter().zip(self.link.call(On::Read, &request, None).await?) {
            // A text that is no version is passed over: the write replaces the hash, or `orderstream reconcile` removes it.
            let Some(revision) = text(reply)?.and_then(|version| revision_of(&version, epoch)) else { continue };
            if revision > state.revision() {
                orders.push(state.order_id());
                highest = highest.max(revision);
            }
        }
        Ok((orders, highest))
    }
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
