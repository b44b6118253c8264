//! The connections to Redis, which are opened here and nowhere else: two lanes, a deadline around every call, and the breakers before and
//! after it (P6, P10).
//!
//! The deadline is orderstream's own, around connecting and calling alike: the crate's connection manager does not connect again after a
//! response timeout, and ignores that timeout while it connects. Dropping a call's future halfway is safe with a multiplexed connection. A
//! connection on which a call failed is not used again; the next call that the breaker permits makes a new one.

mod access;
mod error;
mod facts;
mod guard;
mod judge;
mod lane;
mod look;
mod meet;
mod reply;
mod rights;
mod script;
mod sentinels;
mod server;
mod settings;
mod troubles;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use redis::{Pipeline, Value};
use tokio::sync::Notify;

use crate::redis::breaker::{BreakerConfig, Caller, Forced, State, Transition};
use access::Access;
pub use error::{Means, RedisError};
pub use facts::Facts;
pub use guard::{BreakerView, Noted, Which};
use guard::{Guard, Transitions};
pub use judge::{Judgement, Weight};
use lane::Lane;
pub(crate) use reply::{each_ok, integer, text};
pub use rights::{Missing, Right};
pub(crate) use script::Script;
pub use sentinels::{SentinelSettings, SentinelsView};
pub use server::Server;
pub(crate) use settings::On;
pub use settings::{LinkSettings, Run};
use troubles::Troubles;

/// The connections to Redis with their breakers. One per process, shared by all tasks.
#[derive(Debug)]
pub struct RedisLink {
    access: Access,
    lookup: Lane,
    write: Lane,
    server: Guard,
    /// The breaker of the writes, which learns from answers to writes alone: a server that is full is still asked for customers.
    writes: Guard,
    day: Transitions,
    opened: Notify,
    only_pings_probe: AtomicBool,
    denied: AtomicBool,
    troubles: Troubles,
}

impl RedisLink {
    /// Reads the settings. Connects only when the first call is made.
    ///
    /// # Errors
    /// [`RedisError::Url`] if the URL cannot be used.
    pub fn new(settings: &LinkSettings) -> Result<Arc<Self>, RedisError> {
        let longest = settings.lookup_deadline.max(settings.write_deadline);
        // A probe reports at its call's deadline at the latest. The probe's place must not be given away before.
        let breaker = BreakerConfig { probe_deadline: settings.breaker.probe_deadline.max(2 * longest), ..settings.breaker };
        let sentinels = settings.sentinels.clone().map(Arc::new);
        let access = Access { url: settings.url.clone(), tls: settings.tls.clone(), sentinels };
        let day = Transitions::default();
        Ok(Arc::new(Self {
            lookup: Lane::new(access.clone(), settings.lookup_deadline)?,
            write: Lane::new(access.clone(), settings.write_deadline)?,
            access,
            server: Guard::new(Which::Server, breaker, &day),
            // A full server answers at once, however slow the calls before were.
            writes: Guard::new(Which::Writes, BreakerConfig { slow_call: None, ..breaker }, &day),
            day,
            opened: Notify::new(),
            only_pings_probe: AtomicBool::new(false),
            denied: AtomicBool::new(false),
            troubles: Troubles::default(),
        }))
    }

    /// From now on only [`ping`](Self::ping) and [`probe_writes`](Self::probe_writes), which somebody calls again and again, find out
    /// whether Redis is back. Any other call that probed would wait until its deadline for a Redis that hangs, and a partition would wait
    /// with it.
    pub fn leave_probes_to_pings(&self) {
        self.only_pings_probe.store(true, Ordering::Relaxed);
    }

    /// Waits until a breaker opens. Returns at once if one has opened since the last call of this method.
    pub async fn opened(&self) {
        self.opened.notified().await;
    }

    /// The breaker's state and counts.
    #[must_use]
    pub fn breaker(&self) -> BreakerView {
        self.server.view()
    }

    /// The state and counts of the breaker of the writes.
    #[must_use]
    pub fn breaker_of_writes(&self) -> BreakerView {
        self.writes.view()
    }

    /// How many transitions both breakers have made together: another number means that [`Self::transitions`] has news.
    #[must_use]
    pub fn transitions_noted(&self) -> u64 {
        guard::locked(&self.day).noted()
    }

    /// The transitions of both breakers behind the first `since` ones: those of the last day, the newest 500 at most, the oldest first.
    #[must_use]
    pub fn transitions(&self, since: u64) -> Vec<(Transition, Noted)> {
        guard::locked(&self.day).since(since, Instant::now())
    }

    /// Holds the breaker open or closed for an operator; `None` lets the breaker go.
    pub fn force_breaker(&self, forced: Option<Forced>) {
        self.server.force(forced);
        // The breaker of the server, held open, already keeps every call back.
        self.writes.force(forced.filter(|forced| *forced == Forced::Closed));
    }

    /// Sends a pipeline and gives back one reply per command, in order. Errors about one key (`WRONGTYPE`) are among the replies;
    /// everything else that goes wrong is an error of the call. If the server does not know a script, the script is loaded and the whole
    /// pipeline sent again. Scripts must therefore be idempotent; orderstream's are, because version and position guard their writes.
    pub(crate) async fn call(&self, on: On, request: &Pipeline, script: Option<&Script>) -> Result<Vec<Value>, RedisError> {
        let lane = match on {
            On::Lookup => &self.lookup,
            On::Read | On::Write => &self.write,
        };
        self.guarded(on, self.caller(), lane.call(request, script, None)).await
    }

    /// Sends a write that reaches this run of the server, or no server at all.
    ///
    /// # Errors
    /// [`RedisError::AnotherRun`] if the server is in another run now, and any other [`RedisError`].
    pub(crate) async fn call_in(&self, run: Run, request: &Pipeline, script: &Script) -> Result<Vec<Value>, RedisError> {
        // The run of a standing connection is known without asking the server, so the breaker learns nothing.
        if self.write.standing_run().is_some_and(|standing| standing != run) {
            return Err(RedisError::AnotherRun);
        }
        self.guarded(On::Write, self.caller(), self.write.call(request, Some(script), Some(run))).await
    }

    /// The run of the server that writes go to now. Runs never come back: if `call_in` meets the same run later, all writes in between met
    /// it too.
    ///
    /// # Errors
    /// Any [`RedisError`].
    pub async fn run(&self) -> Result<Run, RedisError> {
        match self.write.standing_run() {
            // A connection that stands says nothing about the server. Counted as a probe's answer, it would close the breaker although the
            // server may be dead (P6).
            Some(run) => Ok(run),
            None => self.guarded(On::Read, self.caller(), self.write.run()).await,
        }
    }

    /// Whether hashes can be restored from dumps on this server, as far as is known. Each new connection asks again.
    pub(crate) fn restores(&self) -> bool {
        self.write.restores()
    }

    /// Asks again whether hashes can be restored from dumps: the right may have been taken away since the connection was made.
    pub(crate) async fn restores_still(&self) -> Result<bool, RedisError> {
        let mut restore = Pipeline::new();
        restore.add_command(meet::restore());
        let answers = self.guarded(On::Read, self.caller(), self.write.try_out(&restore)).await?;
        self.write.set_restores(answers.first().is_some_and(meet::is_restored));
        Ok(self.write.restores())
    }

    /// Whether Redis is away: it did not answer the last time, or an operator keeps calls back. A server that answers is not away, whatever
    /// it lacks.
    #[must_use]
    pub fn is_away(&self) -> bool {
        let BreakerView { state, trouble, .. } = self.server.view();
        trouble.is_some() || !matches!(state, State::Closed | State::ForcedClosed)
    }

    /// The number of the connection that writes take now. Another number may mean another server, or a user with other rights. `None` while
    /// somebody is connecting.
    #[must_use]
    pub fn connection(&self) -> Option<u64> {
        self.write.connections()
    }

    /// Whether something was denied since the last call of this method.
    pub fn was_denied(&self) -> bool {
        self.denied.swap(false, Ordering::Relaxed)
    }

    /// Logs what failed, for a caller that goes on without the answer. Outages are not logged here, because the breakers log them.
    pub fn failed(&self, what: &'static str, error: &RedisError) {
        match error.means() {
            Means::Outage | Means::NoWrites | Means::NotAsked => {}
            Means::OneThing | Means::Ours => self.troubles.tell(what, error),
        }
    }

    fn caller(&self) -> Caller {
        if self.only_pings_probe.load(Ordering::Relaxed) { Caller::Working } else { Caller::Probing }
    }

    async fn guarded<T>(&self, on: On, caller: Caller, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        let permit = self.server.ask(caller)?;
        let to_write = match (on == On::Write).then(|| self.writes.ask(caller)).transpose() {
            Ok(to_write) => to_write,
            Err(rejected) => {
                self.server.give_back(permit);
                return Err(rejected);
            }
        };
        let answer = call.await;
        let means = answer.as_ref().err().map(|error| (error.means(), error));
        self.server.tell(permit, means.and_then(|(means, error)| (means == Means::Outage).then_some(error)), &self.opened);
        if let Some(to_write) = to_write {
            match means {
                None => self.writes.tell(to_write, None, &self.opened),
                Some((Means::NoWrites, error)) => self.writes.tell(to_write, Some(error), &self.opened),
                Some(_) => self.writes.give_back(to_write),
            }
        }
        match means {
            Some((Means::Ours, _)) => self.denied.store(true, Ordering::Relaxed),
            // After a failover the name in the URL may lead to another server, which the lookup lane has not met yet either.
            Some((Means::NoWrites, RedisError::NoWrites(code))) if code == "READONLY" => self.lookup.leave(),
            _ => {}
        }
        answer
    }
}
