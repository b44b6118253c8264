//! How far the work is: what Postgres has committed, and whether Redis reflects it.

use anyhow::Result;

use super::Ground;

impl Ground {
    /// How many events of a topic are committed, and how many orders are still due for the sweep.
    pub(crate) fn processed(&self, topic: &str) -> Result<(u64, u64)> {
        const PROCESSED: &str = "
            select coalesce(sum(applied + stale + ignored + dead_lettered), 0)::bigint, (select count(*) from due_orders)
            from consumer_offsets where topic = $1";
        let (processed, open): (i64, i64) = self.row(PROCESSED, topic)?;
        Ok((processed.unsigned_abs(), open.unsigned_abs()))
    }

    /// How many events of each partition of a topic are committed, and by how many processes the partitions are claimed.
    pub(crate) fn offsets(&self, topic: &str) -> Result<(Vec<(i32, u64)>, usize)> {
        const OFFSETS: &str = "
            select coalesce(array_agg(partition order by partition), '{}'),
                coalesce(array_agg(applied + stale + ignored + dead_lettered order by partition), '{}'),
                count(distinct claimed_by)
            from consumer_offsets where topic = $1";
        let (partitions, processed, owners): (Vec<i32>, Vec<i64>, i64) = self.row(OFFSETS, topic)?;
        let offsets = partitions.into_iter().zip(processed.into_iter().map(i64::unsigned_abs)).collect();
        Ok((offsets, usize::try_from(owners)?))
    }

    /// Whether Redis reflects every event of the topic that is committed.
    pub(crate) fn reflected(&self, topic: &str) -> Result<bool> {
        const COMMITTED: &str = "
            select coalesce(string_agg(format('%s:%s=%s:%s', topic, partition, lpad(epoch::text, 10, '0'), lpad(next_offset::text, 20, '0')), ' '), '')
            from consumer_offsets where topic = $1";
        let (committed,): (String,) = self.row(COMMITTED, topic)?;
        let mut redis = self.redis()?;
        let progress: Vec<(String, String)> = redis::cmd("HGETALL").arg("orderstream:progress").query(&mut redis)?;
        let reached =
            |entry: &str| entry.split_once('=').is_some_and(|(at, to)| progress.iter().any(|(p, now)| p == at && now.as_str() >= to));
        Ok(committed.split(' ').filter(|entry| !entry.is_empty()).all(reached))
    }
}
