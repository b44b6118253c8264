//! What the watch of Redis asks over the link: signs of life, whether writes are taken, what the server is, and whether the server is the
//! master still (P9, P12).

use std::time::Duration;

use redis::Pipeline;

use super::facts::{self, Facts};
use super::sentinels::SentinelsView;
use super::server::Server;
use super::{On, RedisError, RedisLink, reply};
use crate::redis::breaker::Caller;

/// The time for the Sentinels, and for each server that they name, when nobody waits for the answer.
const SENTINEL_PATIENCE: Duration = Duration::from_millis(500);

impl RedisLink {
    /// Whether Redis answers.
    ///
    /// # Errors
    /// Any [`RedisError`]; the breaker is asked like before any call.
    pub async fn ping(&self) -> Result<(), RedisError> {
        let mut ping = Pipeline::new();
        ping.cmd("PING");
        self.guarded(On::Lookup, Caller::Probing, self.lookup.call(&ping, None, None)).await.map(drop)
    }

    /// Whether Redis takes writes. While the breaker of the writes is open, this call finds out that Redis takes writes again.
    ///
    /// # Errors
    /// Any [`RedisError`]; the breakers are asked like before any write.
    pub async fn probe_writes(&self) -> Result<(), RedisError> {
        let mut write = Pipeline::new();
        write.cmd("SET").arg("orderstream:probe").arg("").arg("PX").arg(1000);
        self.guarded(On::Write, Caller::Probing, self.write.call(&write, None, None)).await.map(drop)
    }

    /// What the server is, and which of the commands that orderstream needs it does not run for this user.
    ///
    /// # Errors
    /// Any [`RedisError`] except that a command is denied: denied commands are among the facts.
    pub async fn facts(&self) -> Result<Facts, RedisError> {
        let questions = facts::questions();
        let answers = self.guarded(On::Read, Caller::Probing, self.write.try_out(&questions)).await?;
        let facts = facts::read(answers)?;
        self.write.set_restores(!facts.lacks_restore());
        Ok(facts)
    }

    /// The server that writes go to now, or lookups while no connection for writes stands.
    #[must_use]
    pub fn in_use(&self) -> Option<Server> {
        self.write.server().or_else(|| self.lookup.server())
    }

    /// Whether Sentinels say which server is the master.
    #[must_use]
    pub fn asks_sentinels(&self) -> bool {
        self.access.sentinels.is_some()
    }

    /// Asks the Sentinels whether the server in use is the master still. If another server has taken its place, both connections are given
    /// up: a master that was cut off together with this process answers as ever, and what it takes is void. `None` without Sentinels.
    pub async fn look_for_master(&self) -> Option<SentinelsView> {
        let sentinels = self.access.sentinels.as_ref()?;
        let in_use: Vec<Server> = [self.write.server(), self.lookup.server()].into_iter().flatten().collect();
        let view = sentinels.look(&self.access, &in_use, SENTINEL_PATIENCE).await;
        if in_use.is_empty() {
            // The next connection asks the Sentinels itself.
            return Some(SentinelsView { instead: None, ..view });
        }
        if view.instead.is_some() {
            self.write.leave();
            self.lookup.leave();
        }
        Some(view)
    }

    /// The longest silence of a replica that counts as following (`min-replicas-max-lag`), in seconds; `None` if the server does not tell
    /// this user.
    pub async fn longest_lag(&self) -> Option<u64> {
        let mut question = Pipeline::new();
        question.cmd("CONFIG").arg("GET").arg("min-replicas-max-lag");
        let answers = self.guarded(On::Read, Caller::Probing, self.write.try_out(&question)).await.ok()?;
        let (_, value) = answers.first()?.as_map_iter()?.next()?;
        reply::text(value.clone()).ok()??.parse().ok()
    }
}
