//! The connections to Postgres, and the deadline around whatever is asked on one of them (P9, P10).
//!
//! The server keeps `statement_timeout` and `lock_timeout`. When the server is silent (a black hole in the network, a process that was
//! stopped), only the client can give up. A client without a deadline would wait for minutes, until TCP gives up. Three rules end a wait:
//!
//! - `begin` is answered within seconds or never: its connection may have died while it was idle
//! - everything else has a bit more time than `statement_timeout`
//! - a ping without an answer says that the server or the line is silent: every call that has waited as long as the ping ends too
//!
//! A connection is used again only if it has answered everything it was asked and no transaction is open on it. So a future of this module
//! may be dropped anywhere, and no user of a connection meets the half exchange of another. Closing does not wait for connections in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr, SqlStr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::StoreError;
use crate::session::Sessions;
use crate::unanswered::Unanswered;

mod standby;

/// A call that costs the server nothing is answered within this time, or the server is silent.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The deadline for making a connection, and for waiting until one of the connections is free.
const CONNECT: Duration = Duration::from_secs(5);

/// The time that the client waits for an answer after the server must have given up the statement.
const MARGIN: Duration = Duration::from_secs(2);

/// A connection is replaced after this time, because the caches of its backend grow with what it has seen.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The isolation level is named, whatever the session's default is: each statement of a transaction sees what was committed before it.
const BEGIN: &str = "begin isolation level read committed";

/// Asks whether the server takes writes. A standby answers too, and so does a server that was made read-only: after a failover the address
/// may lead to one (P6).
const SIGN_OF_LIFE: &str = "do $$ begin
    if current_setting('transaction_read_only')::boolean then
        raise read_only_sql_transaction using message = 'the server is read-only';
    end if;
end $$";

/// Up to a fixed number of connections, each made when it is needed.
#[derive(Debug)]
pub struct Connections {
    sessions: Sessions,
    permits: Arc<Semaphore>,
    number: usize,
    idle: Mutex<Vec<Made>>,
    /// A connection set apart for pings, because all others may be busy.
    pinging: tokio::sync::Mutex<Option<PgConnection>>,
    /// Notified whenever a ping was not answered.
    silence: watch::Sender<()>,
    deadline: Duration,
}

#[derive(Debug)]
struct Made {
    connection: PgConnection,
    at: Instant,
}

impl Connections {
    /// At most `number` connections, and one more for pings. `statement_timeout` is the limit that the sessions set on the server.
    pub fn new(sessions: Sessions, number: u32, statement_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            sessions,
            permits: Arc::new(Semaphore::new(number as usize)),
            number: number as usize,
            idle: Mutex::default(),
            pinging: tokio::sync::Mutex::default(),
            silence: watch::Sender::new(()),
            deadline: statement_timeout + MARGIN,
        })
    }

    /// One of the connections, which belongs to the caller until the lease is dropped.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = match timeout(CONNECT, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(sqlx::Error::PoolClosed.into()),
            Err(_elapsed) => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        let idle = self.idle().pop();
        let made = match idle {
            Some(made) => made,
            None => Made { connection: self.connect(CONNECT).await?, at: Instant::now() },
        };
        Ok(Lease { made: Some(made), is_asked: false, is_in_transaction: false, of: Arc::clone(self), _permit: permit })
    }

    /// How many of the connections are in use, and how many there may be.
    pub fn in_use(&self) -> (usize, usize) {
        (self.number.saturating_sub(self.permits.available_permits()), self.number)
    }

    /// A new connection that nobody else will get.
    pub async fn connect(&self, patience: Duration) -> Result<PgConnection, StoreError> {
        let silent = |_| Err(sqlx::Error::from(Unanswered::Silent(patience)).into());
        timeout(patience, self.sessions.open()).await.unwrap_or_else(silent)
    }

    /// Whether the server answers and takes writes. If the connection for pings fails, a new one is tried.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut pinging = self.pinging.lock().await;
        if let Some(mut connection) = pinging.take() {
            if let Ok(Ok(_)) = timeout(AT_ONCE, connection.execute(SIGN_OF_LIFE)).await {
                *pinging = Some(connection);
                return Ok(());
            }
            // What happened to this connection may have happened to all others.
            self.fell_silent();
        }
        match self.connect_and_ping().await {
            Ok(connection) => *pinging = Some(connection),
            Err(error) => {
                self.fell_silent();
                return Err(error);
            }
        }
        Ok(())
    }

    async fn connect_and_ping(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect(AT_ONCE).await?;
        let answer = timeout(AT_ONCE, connection.execute(SIGN_OF_LIFE)).await;
        answer.unwrap_or_else(|_| Err(Unanswered::Silent(AT_ONCE).into()))?;
        Ok(connection)
    }

    /// Ends every call that has waited as long as a ping waits, and closes all idle connections.
    fn fell_silent(&self) {
        self.forget_idle();
        self.silence.send_replace(());
    }

    /// Closes the idle connections. A connection in use is closed when it is given back.
    pub async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        let goodbyes = async {
            for made in idle {
                made.connection.close().await.ok();
            }
        };
        timeout(AT_ONCE, goodbyes).await.ok();
    }

    fn forget_idle(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Made>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, unless the deadline passes or the server turns out to be silent.
    async fn answer<T, E: From<sqlx::Error>>(&self, deadline: Duration, asking: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let began = Instant::now();
        let mut silence = self.silence.subscribe();
        let silent = async { while silence.changed().await.is_ok() && began.elapsed() < AT_ONCE {} };
        tokio::select! {
            biased;
            answer = asking => answer,
            () = silent => Err(sqlx::Error::from(Unanswered::Silent(began.elapsed())).into()),
            () = sleep(deadline) => {
                self.forget_idle();
                let unanswered = if deadline <= AT_ONCE { Unanswered::Silent(deadline) } else { Unanswered::Overdue(deadline) };
                Err(sqlx::Error::from(unanswered).into())
            }
        }
    }
}

/// A connection in use. When the lease is dropped, the connection goes back, or is closed if it is not clean.
#[derive(Debug)]
pub struct Lease {
    made: Option<Made>,
    /// Whether a call waits for its answer, or has failed.
    is_asked: bool,
    is_in_transaction: bool,
    of: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Asks on this connection, and waits for the answer up to the deadline.
    pub async fn ask<'l, T, E, F>(&'l mut self, question: impl FnOnce(&'l mut PgConnection) -> F) -> Result<T, E>
    where
        E: From<sqlx::Error>,
        F: Future<Output = Result<T, E>>,
    {
        let deadline = self.of.deadline;
        self.ask_within(deadline, question).await
    }

    async fn ask_within<'l, T, E, F>(&'l mut self, deadline: Duration, question: impl FnOnce(&'l mut PgConnection) -> F) -> Result<T, E>
    where
        E: From<sqlx::Error>,
        F: Future<Output = Result<T, E>>,
    {
        let Some(made) = &mut self.made else { return Err(sqlx::Error::WorkerCrashed.into()) };
        self.is_asked = true;
        let answer = self.of.answer(deadline, question(&mut made.connection)).await;
        self.is_asked = answer.is_err();
        answer
    }

    /// Takes the connection out of the lease, so that nobody else will get it.
    pub fn detach(mut self) -> Option<PgConnection> {
        self.made.take().map(|made| made.connection)
    }

    /// Begins a transaction. A transaction that is not ended is rolled back when the lease ends.
    pub async fn begin(&mut self) -> Result<(), StoreError> {
        self.begin_by(BEGIN.into_sql_str()).await
    }

    /// Begins a transaction with a first statement of it, in one round trip.
    pub async fn begin_with(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.begin_by(AssertSqlSafe(format!("{BEGIN}; {statement}")).into_sql_str()).await
    }

    async fn begin_by(&mut self, statements: SqlStr) -> Result<(), StoreError> {
        self.is_in_transaction = true;
        let began = self.ask_within(AT_ONCE, |connection| connection.execute(statements)).await;
        if began.is_err() {
            // The server was restarted, or the line is dead, so the other idle connections are no better.
            self.of.forget_idle();
        }
        Ok(began.map(drop)?)
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// The error is of class `UnknownOutcome` if nobody knows whether the transaction was committed.
    pub async fn commit(&mut self) -> Result<(), StoreError> {
        self.ask(|connection| connection.execute("commit")).await.map_err(StoreError::at_commit)?;
        self.is_in_transaction = false;
        Ok(())
    }

    /// Rolls the transaction back.
    pub async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.ask(|connection| connection.execute("rollback")).await?;
        self.is_in_transaction = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let is_clean = !self.is_asked && !self.is_in_transaction && !self.of.permits.is_closed();
        if let Some(made) = self.made.take().filter(|made| is_clean && made.at.elapsed() < LIFETIME) {
            self.of.idle().push(made);
        }
    }
}
