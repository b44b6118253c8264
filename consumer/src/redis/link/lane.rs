//! A lane: one multiplexed connection to Redis, which is made when it is needed and replaced when it has failed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Pipeline, Value};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::access::{Access, Reached};
use super::server::Server;
use super::{Means, RedisError, Run, Script};

/// A connection and its number. A call that finds the connection broken reports the number.
#[derive(Debug, Default)]
struct Slot {
    made: u64,
    connection: Option<MultiplexedConnection>,
    /// The server at the other end.
    server: Option<Server>,
    /// The identity of that server ([`super::meet::Met::identity`]), and in `run` how many servers, or runs of one server, have been met so
    /// far.
    identity: Option<String>,
    run: u64,
}

/// A connection to work with.
struct Connected {
    number: u64,
    run: u64,
    connection: MultiplexedConnection,
}

#[derive(Debug)]
pub(super) struct Lane {
    access: Access,
    deadline: Duration,
    slot: Mutex<Slot>,
    /// The number of the newest connection that failed. Kept beside the slot, so that a call past its deadline need not wait for the call
    /// that is connecting.
    failed: AtomicU64,
    /// Whether the server that was met last restores dumps for this user. Kept beside the slot too, so that building a call waits for
    /// nobody.
    restores: AtomicBool,
}

impl Lane {
    pub(super) fn new(access: Access, deadline: Duration) -> Result<Self, RedisError> {
        access.info()?;
        Ok(Self { access, deadline, slot: Mutex::default(), failed: AtomicU64::new(0), restores: AtomicBool::new(true) })
    }

    /// Whether `RESTORE` may be used, as far as is known.
    pub(super) fn restores(&self) -> bool {
        self.restores.load(Ordering::Relaxed)
    }

    /// Notes whether `RESTORE` may be used.
    pub(super) fn set_restores(&self, restores: bool) {
        self.restores.store(restores, Ordering::Relaxed);
    }

    /// The number of the connection that was made last; 0 before the first. `None` while somebody is connecting.
    pub(super) fn connections(&self) -> Option<u64> {
        Some(self.slot.try_lock().ok()?.made)
    }

    /// The server of the standing connection; `None` if no connection stands, or somebody is connecting.
    pub(super) fn server(&self) -> Option<Server> {
        let slot = self.slot.try_lock().ok()?;
        let stands = slot.connection.is_some() && slot.made > self.failed.load(Ordering::Relaxed);
        slot.server.clone().filter(|_| stands)
    }

    /// Gives the connection up, so that the next call makes a new one: the name in the URL may lead to another server.
    pub(super) fn leave(&self) {
        if let Some(made) = self.connections() {
            self.failed.fetch_max(made, Ordering::Relaxed);
        }
    }

    /// Sends commands and returns what the server answers to each, errors included: the caller tries what is allowed and wants to see the
    /// errors.
    pub(super) async fn try_out(&self, request: &Pipeline) -> Result<Vec<Value>, RedisError> {
        let until = Instant::now() + self.deadline;
        let Connected { number, mut connection, .. } = self.within(until, self.connect()).await?;
        let answer = self.within(until, exchange_raw(&mut connection, request)).await;
        if answer.is_err() {
            self.failed.fetch_max(number, Ordering::Relaxed);
        }
        answer
    }

    /// Makes the whole call, connecting included, within the deadline. Nothing is sent to another run of the server than `only`.
    pub(super) async fn call(&self, request: &Pipeline, script: Option<&Script>, only: Option<Run>) -> Result<Vec<Value>, RedisError> {
        Ok(self.answered(request, script, only).await?.1)
    }

    /// The run of the server that calls meet now. The server is asked and has answered.
    pub(super) async fn run(&self) -> Result<Run, RedisError> {
        let mut ping = Pipeline::new();
        ping.cmd("PING");
        Ok(self.answered(&ping, None, None).await?.0)
    }

    /// The run that the standing connection belongs to. The server is not asked, and may be gone. `None` if no connection stands, or
    /// somebody is connecting.
    pub(super) fn standing_run(&self) -> Option<Run> {
        let slot = self.slot.try_lock().ok()?;
        let stands = slot.connection.is_some() && slot.made > self.failed.load(Ordering::Relaxed);
        stands.then_some(Run(slot.run))
    }

    async fn answered(&self, request: &Pipeline, script: Option<&Script>, only: Option<Run>) -> Result<(Run, Vec<Value>), RedisError> {
        let until = Instant::now() + self.deadline;
        let Connected { number, run, mut connection } = self.within(until, self.connect()).await?;
        if only.is_some_and(|only| only != Run(run)) {
            return Err(RedisError::AnotherRun);
        }
        let answer = self.within(until, exchange(&mut connection, request, script)).await;
        if answer.as_ref().is_err_and(RedisError::spoils_connection) {
            self.failed.fetch_max(number, Ordering::Relaxed);
        }
        Ok((Run(run), answer?))
    }

    async fn within<T>(&self, until: Instant, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisError> {
        timeout_at(until, call).await.unwrap_or(Err(RedisError::Timeout(self.deadline)))
    }

    /// The connection that stands, or a new one if a call failed on it. Calls that come meanwhile wait for the call that is connecting,
    /// each within its own deadline.
    async fn connect(&self) -> Result<Connected, RedisError> {
        let mut slot = self.slot.lock().await;
        if slot.made > self.failed.load(Ordering::Relaxed)
            && let Some(connection) = &slot.connection
        {
            return Ok(Connected { number: slot.made, run: slot.run, connection: connection.clone() });
        }
        slot.connection = None;
        let Reached { connection, met, server } = self.access.connect(self.deadline).await?;
        self.set_restores(met.restores);
        if met.identity.is_none() || met.identity != slot.identity {
            slot.run += 1;
        }
        (slot.identity, slot.server) = (met.identity, Some(server));
        slot.made += 1;
        slot.connection = Some(connection.clone());
        tracing::debug!(connection = slot.made, run = slot.run, "Connected to Redis");
        Ok(Connected { number: slot.made, run: slot.run, connection })
    }
}

async fn exchange(connection: &mut MultiplexedConnection, request: &Pipeline, script: Option<&Script>) -> Result<Vec<Value>, RedisError> {
    let replies = send(connection, request).await?;
    let Some(script) = script.filter(|_| replies.iter().any(is_unknown_script)) else {
        return Ok(replies);
    };
    // The server loses its scripts in a restart, a failover, or `SCRIPT FLUSH`.
    let mut load = Pipeline::new();
    load.add_command(script.load());
    super::each_ok(&send(connection, &load).await?)?;
    let replies = send(connection, request).await?;
    replies.iter().find(|reply| is_unknown_script(reply)).map_or(Ok(()), |_| Err(RedisError::Denied("NOSCRIPT".to_owned())))?;
    Ok(replies)
}

/// Sends a pipeline. An error of any command is an error of the whole, except errors about one key and a script that has to be loaded
/// first.
async fn send(connection: &mut MultiplexedConnection, request: &Pipeline) -> Result<Vec<Value>, RedisError> {
    let replies = exchange_raw(connection, request).await?;
    let errors = replies.iter().filter(|reply| !is_unknown_script(reply)).filter_map(super::reply::error).map(RedisError::from_reply);
    errors.into_iter().find(|error| error.means() != Means::OneThing).map_or(Ok(replies), Err)
}

async fn exchange_raw(connection: &mut MultiplexedConnection, request: &Pipeline) -> Result<Vec<Value>, RedisError> {
    connection.req_packed_commands(request, 0, request.len()).await.map_err(|error| RedisError::from_crate(&error))
}

fn is_unknown_script(reply: &Value) -> bool {
    super::reply::error(reply).is_some_and(|error| error.code() == "NOSCRIPT")
}
