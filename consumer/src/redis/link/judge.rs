//! Judges the facts about a Redis server: what they mean for the work. `orderstream check` and a running process judge alike. Pure.

use super::Facts;
use super::rights::{self, Missing};

/// The oldest version that the tests run with.
const TESTED_FROM: u32 = 7;

/// The longest `min-replicas-max-lag` in seconds that is fine.
const LONGEST_LAG: u64 = 10;

/// How much a fact about a server weighs, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The fact is as it should be.
    Fine,
    /// An operator would want to know, before the start.
    Note,
    /// The work goes on in another, slower way.
    Slows,
    /// The work goes on, and something that it rests on does not hold.
    Harms,
    /// The work cannot go on.
    Stops,
}

/// How much a fact weighs, and one sentence about it.
pub type Judgement = (Weight, String);

impl Facts {
    /// The judgements about the server, without its name and place.
    #[must_use]
    pub fn judged(&self) -> Vec<Judgement> {
        let mut said = Vec::new();
        if self.is_replica {
            said.push((Weight::Harms, "it is a replica and takes no writes; point redis.url at the primary".to_owned()));
        }
        let major = self.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if let Some(major) = major.filter(|major| *major < TESTED_FROM) {
            said.push((Weight::Note, format!("Redis {major} is older than Redis {TESTED_FROM}, which orderstream is tested with")));
        }
        said.extend(self.commands());
        said.push(self.eviction());
        said.push(self.persistence());
        if self.last_save_failed {
            said.push((Weight::Note, "the last dump failed; see the server's log (disk full?)".to_owned()));
        }
        said
    }

    /// The judgements about a master that a replica may replace, with the longest silence of a replica that counts as following, if the
    /// server tells. Replication is asynchronous, so a failover loses what no replica has; the settings bound how much that is (P8).
    #[must_use]
    pub fn judged_as_master(&self, longest_lag: Option<u64>) -> Vec<Judgement> {
        let then = "set min-replicas-to-write to 1 or more and min-replicas-max-lag to 10 or less; orderstream writes again what is lost, and \
                    readers see older hashes until then";
        let guard = match (self.wants_replicas, longest_lag) {
            (false, _) => {
                let lost = "a master that is cut off from its replicas takes writes all the same, and a failover loses all of them";
                (Weight::Note, format!("min-replicas-to-write is 0: {lost}; {then}"))
            }
            (true, Some(0)) => (Weight::Note, format!("min-replicas-max-lag is 0, which turns min-replicas-to-write off; {then}")),
            (true, Some(seconds)) if seconds > LONGEST_LAG => {
                let lost =
                    format!("a master that is cut off from its replicas takes writes for {seconds} s more, and a failover loses them");
                (Weight::Note, format!("min-replicas-max-lag is {seconds}: {lost}; {then}"))
            }
            (true, Some(seconds)) => (Weight::Fine, format!("min-replicas-to-write is on, min-replicas-max-lag is {seconds}")),
            (true, None) => (
                Weight::Fine,
                format!("min-replicas-to-write is on; min-replicas-max-lag, which this user may not read, is to be {LONGEST_LAG} or less"),
            ),
        };
        let alone = (self.replicas == Some(0)).then(|| {
            (
                Weight::Note,
                "no replica follows the master: when it fails nothing can take its place, and everything it has is lost".to_owned(),
            )
        });
        std::iter::once(guard).chain(alone).collect()
    }

    fn commands(&self) -> Vec<Judgement> {
        let (restore, needed): (Vec<Missing>, Vec<Missing>) = self.missing.iter().partition(|missing| missing.is_restore());
        let without_restore = rights::in_words(&restore).map(|what| {
            let then = "order hashes are written by HSET instead";
            (Weight::Slows, format!("{what}; {then}"))
        });
        let without = rights::in_words(&needed).map(|what| (Weight::Stops, what));
        if self.missing.is_empty() {
            return vec![(Weight::Fine, "the user may run every command that is needed".to_owned())];
        }
        without_restore.into_iter().chain(without).collect()
    }

    /// Judges what the server evicts: an evicted customer would be looked up as missing although the customer exists (P8).
    fn eviction(&self) -> Judgement {
        let megabytes = |bytes: u64| format!("{} MB", bytes / 1_048_576);
        let limit = match self.max_bytes {
            Some(0) => "no memory limit".to_owned(),
            Some(bytes) => format!("memory limit {}, {} used", megabytes(bytes), megabytes(self.used_bytes.unwrap_or(0))),
            None => "memory limit unknown".to_owned(),
        };
        match self.policy.as_deref() {
            Some(policy) if policy == "noeviction" || policy.starts_with("volatile-") => {
                (Weight::Fine, format!("maxmemory-policy {policy}, {limit}"))
            }
            Some(policy) => {
                (Weight::Harms, format!("maxmemory-policy {policy} evicts customers ({limit}); set it to volatile-lru or noeviction"))
            }
            None => (Weight::Note, format!("the server does not tell its maxmemory-policy ({limit}); it must be noeviction or volatile-*")),
        }
    }

    fn persistence(&self) -> Judgement {
        match self.is_append_only {
            Some(true) => (Weight::Fine, "append-only file is on".to_owned()),
            Some(false) => {
                let lost = "a restart loses what the last dump does not hold, and it is rebuilt from Kafka and Postgres";
                (Weight::Note, format!("append-only file is off: {lost}"))
            }
            None => (Weight::Note, "the server does not tell about its persistence".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(facts: &Facts) -> Vec<Weight> {
        facts.judged().into_iter().map(|(weight, _)| weight).collect()
    }

    fn good() -> Facts {
        Facts {
            version: "7.0.15".into(),
            policy: Some("volatile-lru".into()),
            max_bytes: Some(1 << 30),
            is_append_only: Some(true),
            ..Facts::default()
        }
    }

    #[test]
    fn a_server_that_evicts_only_what_expires_is_fine() {
        assert_eq!(weights(&good()), [Weight::Fine; 3]);
        assert_eq!(weights(&Facts { policy: Some("noeviction".into()), max_bytes: Some(0), ..good() })[1], Weight::Fine);
    }

    #[test]
    fn a_server_that_evicts_customers_does_harm_and_so_does_a_replica() {
        assert_eq!(weights(&Facts { policy: Some("allkeys-lru".into()), ..good() })[1], Weight::Harms);
        assert_eq!(weights(&Facts { is_replica: true, ..good() })[0], Weight::Harms);
    }

    #[test]
    fn what_is_not_told_or_may_be_lost_is_a_note() {
        let silent = Facts { policy: None, is_append_only: None, last_save_failed: true, version: "6.2.1".into(), ..good() };
        let expected = [Weight::Note, Weight::Fine, Weight::Note, Weight::Note, Weight::Note];
        assert_eq!(weights(&silent), expected);
        assert_eq!(weights(&Facts { is_append_only: Some(false), ..good() })[2], Weight::Note);
    }

    #[test]
    fn a_master_behind_sentinels_is_to_take_no_writes_without_a_replica() {
        let judged = |facts: Facts, lag| facts.judged_as_master(lag).into_iter().map(|(weight, _)| weight).collect::<Vec<_>>();
        let guarded = || Facts { wants_replicas: true, replicas: Some(2), ..good() };
        assert_eq!(judged(guarded(), Some(10)), [Weight::Fine]);
        assert_eq!(judged(guarded(), None), [Weight::Fine]);
        assert_eq!(judged(guarded(), Some(11)), [Weight::Note]);
        assert_eq!(judged(Facts { wants_replicas: false, ..guarded() }, Some(10)), [Weight::Note]);
        assert_eq!(judged(Facts { replicas: Some(0), ..guarded() }, Some(10)), [Weight::Fine, Weight::Note]);
    }

    #[test]
    fn without_restore_it_is_slower_and_without_another_command_it_stops() {
        let without = |forbidden, unknown| Facts { missing: rights::without(forbidden, unknown), ..good() };
        assert_eq!(weights(&without(&["restore"], &[]))[..1], [Weight::Slows]);
        assert_eq!(weights(&without(&[], &["restore", "evalsha"]))[..2], [Weight::Slows, Weight::Stops]);
    }
}
