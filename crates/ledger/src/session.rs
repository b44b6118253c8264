//! What a session of Postgres has to be before anything else is asked of it: the settings that the argument of the promises rests on are
//! named here, not taken from whatever the server, the database or the role has (P2, P12).
//!
//! They are set by a statement after the connection is made: a pooler refuses most of them at the start of one. And a session has to be its
//! client's own. A pooler that hands out another one for each transaction or statement (PgBouncer: `pool_mode = transaction` or
//! `statement`) would lose the settings, the prepared statements and the locks between commands; that is found with the first connection.

use std::fmt::Write as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::sync::OnceCell;

use crate::StoreError;

/// The oldest version that the statements were tried on.
pub const OLDEST: u32 = 150_000;

/// A worker that was stopped in the middle of a transaction, or that cannot be reached any more, holds its locks no longer than this:
/// whoever has the partition next waits for them (P4). No transaction of ours pauses between its statements.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);

/// Looks at the two sessions of two connections. A pooler gives out first the session that came back last: once is nearly always enough.
const LOOKS: usize = 5;

/// What is the same for every session. Whatever else a server may be set to changes no answer, only how long it takes.
const FIXED: [(&str, &str); 15] = [
    // Each statement sees what was committed before it: that is what the look behind a lock rests on (P5).
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // A session that holds a lock for operators waits idly.
    ("idle_session_timeout", "0"),
    // The statements have limits of their own. Version 17 has this one.
    ("transaction_timeout", "0"),
    // A policy that hides rows is to be an error, not rows that seem to be missing.
    ("row_security", "off"),
    // An operator's triggers and foreign keys are part of what a row has to fulfil.
    ("session_replication_role", "origin"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    // A batch is planned as expensive and is not: to compile its expressions takes longer than to run them.
    ("jit", "off"),
];

/// Why a session is no use. Only an operator can change it, so that nothing is tried on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The server.
    #[error("Postgres {0} is too old; Postgres 15 or later is needed")]
    TooOld(u32),
    /// The role may not set it.
    #[error(
        "the setting {name} is {is} for this server, database or role, orderstream needs {needed}, and its role may not set it: reset it with \
         alter role, alter database or alter system"
    )]
    Setting {
        /// Which one.
        name: String,
        /// What it is.
        is: String,
        /// What it has to be.
        needed: String,
    },
    /// New tables would be made where the old ones are not, and every event be processed anew.
    #[error(
        "the tables are in schema {tables}, but the search path puts schema {first} first, where new ones would be made: set search_path = \
         {tables} for this role, or move them"
    )]
    SearchPath {
        /// Where the tables are.
        tables: String,
        /// Where new ones would be.
        first: String,
    },
    /// A pooler lies between.
    #[error(
        "a pooler on the way to Postgres gives each transaction or statement another session; orderstream needs its own: set pool_mode = \
         session for this database in PgBouncer, or let the URL lead to Postgres itself"
    )]
    Shared,
}

/// How sessions are made.
#[derive(Debug)]
pub struct Sessions {
    options: PgConnectOptions,
    /// The one statement that sets all settings, and returns those that could not be set.
    set: String,
    are_own: OnceCell<()>,
}

impl Sessions {
    /// Sessions with these limits (P10).
    pub fn new(options: PgConnectOptions, statement_timeout: Duration, lock_timeout: Duration) -> Self {
        // A pooler knows nothing of it and refuses the connection; it is set like the others.
        let options = options.extra_float_digits(None);
        Self { options, set: set(&wanted(statement_timeout, lock_timeout)), are_own: OnceCell::new() }
    }

    /// A new session, fit for use.
    pub async fn open(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        self.are_own.get_or_try_init(|| self.make_sure(&mut connection)).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        if let Some(version) = connection.server_version_num().filter(|version| *version < OLDEST) {
            return Err(Unfit::TooOld(version / 10_000).into());
        }
        let refused = sqlx::raw_sql(AssertSqlSafe(self.set.clone())).fetch_optional(&mut connection).await?;
        match refused {
            None => Ok(connection),
            Some(row) => Err(unset(&row)?.into()),
        }
    }

    /// Whether two connections are two sessions, and stay them.
    async fn make_sure(&self, one: &mut PgConnection) -> Result<(), StoreError> {
        let mut other = self.connect().await?;
        let session = backend(one).await?;
        for _ in 0..LOOKS {
            if backend(&mut other).await? == session || backend(one).await? != session {
                return Err(Unfit::Shared.into());
            }
        }
        Ok(other.close().await?)
    }
}

/// The settings that a session has, each with its value as Postgres shows it.
pub fn wanted(statement_timeout: Duration, lock_timeout: Duration) -> Vec<(&'static str, String)> {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    let limits = [
        ("statement_timeout", milliseconds(statement_timeout)),
        ("lock_timeout", milliseconds(lock_timeout)),
        ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
    ];
    FIXED.into_iter().map(|(name, value)| (name, value.to_owned())).chain(limits).collect()
}

/// A commit that was acknowledged must outlast a crash, or Redis would know of what never was. How much more it outlasts is the operator's
/// choice: only `off` is less than that.
const DURABLE: &str = "case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end";

/// One statement, so that it takes one round trip. What the server does not know, or what is right already, is left alone.
fn set(wanted: &[(&str, String)]) -> String {
    let mut values = format!("('synchronous_commit', {DURABLE})");
    for (name, value) in wanted {
        // Names and values are ours.
        write!(values, ", ('{name}', '{value}')").ok();
    }
    format!(
        "select s.name, s.setting, w.value from (values {values}) as w (name, value) join pg_catalog.pg_settings s on s.name = w.name
         where case when s.setting = w.value then false
             when s.context = 'user' or pg_catalog.has_parameter_privilege(s.name, 'set')
                 then pg_catalog.set_config(s.name, w.value, false) is null
             else true end"
    )
}

fn unset(row: &PgRow) -> Result<Unfit, sqlx::Error> {
    Ok(Unfit::Setting { name: row.try_get(0)?, is: row.try_get(1)?, needed: row.try_get(2)? })
}

/// The process that serves this connection now.
async fn backend(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("select pg_catalog.pg_backend_pid()").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
