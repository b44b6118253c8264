//! The settings of a session of Postgres, set before anything else is asked. The promises rest on these settings, so they are named here
//! and not taken from the server, the database or the role (P2, P12).
//!
//! A statement sets them after the connection is made, because a pooler refuses most of them at the start of a connection. A session also
//! has to belong to its client alone. A pooler that hands out another session for each transaction or statement (PgBouncer: `pool_mode =
//! transaction` or `statement`) would lose the settings, the prepared statements and the locks between commands. The first connection finds
//! such a pooler out.

use std::fmt::Write as _;
use std::time::Duration;

use service::settings::{ExposeSecret, Renewable};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::sync::OnceCell;

use crate::StoreError;
use crate::timeline::Timelines;

/// The oldest version of Postgres that the statements were tried on.
pub const OLDEST: u32 = 150_000;

/// The time that a worker may hold its locks after it was stopped in the middle of a transaction or became unreachable. The next owner of
/// the partition waits for these locks (P4). No transaction of the program pauses between its statements.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(10);

/// How often the sessions behind two connections are compared. A pooler gives out first the session that came back last, so that one look
/// is nearly always enough.
const LOOKS: usize = 5;

/// The settings that are the same for every session. All other settings of a server change no answer, only how long an answer takes.
const FIXED: [(&str, &str); 16] = [
    // Each statement sees what was committed before it. The statement behind a lock relies on that (P5).
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // A session that holds a lock for operators waits idly.
    ("idle_session_timeout", "0"),
    // The statements have limits of their own. Postgres has the setting since version 17.
    ("transaction_timeout", "0"),
    // A policy that hides rows must be an error, and not rows that seem to be missing.
    ("row_security", "off"),
    // An operator's triggers and foreign keys are part of what a row has to fulfil.
    ("session_replication_role", "origin"),
    // A notice is what an operator's trigger says, which may quote a row, and the driver would log it (P11).
    ("client_min_messages", "error"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    // Postgres plans a batch as expensive although it is not: compiling its expressions takes longer than running them.
    ("jit", "off"),
];

/// Why a session cannot be used. Only an operator can change the reason, so nothing else is tried on the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The server is too old.
    #[error("Postgres {0} is too old; Postgres 15 or later is needed")]
    TooOld(u32),
    /// A setting is wrong, and the role may not change it.
    #[error(
        "the setting {name} is {is} for this server, database or role, orderstream needs {needed}, and its role may not set it: reset it with \
         alter role, alter database or alter system"
    )]
    Setting {
        /// The name of the setting.
        name: String,
        /// The value that the setting has.
        is: String,
        /// The value that the setting must have.
        needed: String,
    },
    /// New tables would be made in another schema than the old ones, and every event would be processed anew.
    #[error(
        "the tables are in schema {tables}, but the search path puts schema {first} first, where new ones would be made: set search_path = \
         {tables} for this role, or move them"
    )]
    SearchPath {
        /// The schema of the tables.
        tables: String,
        /// The schema where new tables would be made.
        first: String,
    },
    /// The server was the primary before another one took its place.
    #[error(
        "an old primary answers at the address of Postgres: its timeline is {now}, and timeline {seen} was seen before; keep the old one \
         away from the address (fencing); if it is the right one now, because a backup was restored, restart orderstream"
    )]
    OldTimeline {
        /// The highest timeline that was seen.
        seen: i64,
        /// The timeline of this server.
        now: i64,
    },
    /// A pooler on the way gives each transaction or statement another session.
    #[error(
        "a pooler on the way to Postgres gives each transaction or statement another session; orderstream needs its own: set pool_mode = \
         session for this database in PgBouncer, or let the URL lead to Postgres itself"
    )]
    Shared,
}

/// How sessions are made.
#[derive(Debug)]
pub struct Sessions {
    url: Renewable,
    /// The name of the program in the server's views.
    program: &'static str,
    /// The one statement that sets all settings and returns those that could not be set.
    set: String,
    are_own: OnceCell<()>,
    timelines: Timelines,
}

impl Sessions {
    /// Sessions with these limits (P10). The URL is asked anew for each, so that a changed password is taken up by the next one; the files
    /// that the URL names are read anew too.
    ///
    /// # Errors
    /// [`StoreError::Url`] if the URL cannot be read.
    pub fn new(url: Renewable, program: &'static str, statement_timeout: Duration, lock_timeout: Duration) -> Result<Self, StoreError> {
        Self::with(url, program, &wanted(statement_timeout, lock_timeout))
    }

    /// The same, with names of tables looked up in this schema alone.
    ///
    /// # Errors
    /// [`StoreError::Url`] if the URL cannot be read.
    pub fn within(
        url: Renewable,
        program: &'static str,
        schema: &'static str,
        statement_timeout: Duration,
        lock_timeout: Duration,
    ) -> Result<Self, StoreError> {
        let mut settings = wanted(statement_timeout, lock_timeout);
        settings.push(("search_path", schema.to_owned()));
        Self::with(url, program, &settings)
    }

    /// The same, for readers: Postgres refuses whatever would change anything.
    ///
    /// # Errors
    /// [`StoreError::Url`] if the URL cannot be read.
    pub fn reading(url: Renewable, program: &'static str, statement_timeout: Duration, lock_timeout: Duration) -> Result<Self, StoreError> {
        let mut settings = wanted(statement_timeout, lock_timeout);
        settings.push(("default_transaction_read_only", "on".to_owned()));
        Self::with(url, program, &settings)
    }

    fn with(url: Renewable, program: &'static str, wanted: &[(&str, String)]) -> Result<Self, StoreError> {
        let (are_own, timelines) = (OnceCell::new(), Timelines::default());
        let sessions = Self { url, program, set: set(wanted), are_own, timelines };
        sessions.options().map(|_| sessions)
    }

    fn options(&self) -> Result<PgConnectOptions, StoreError> {
        let options: PgConnectOptions = self.url.now().expose_secret().parse().map_err(StoreError::Url)?;
        // A pooler does not know this setting and refuses the connection because of it. The setting is set like the others.
        Ok(options.application_name(self.program).extra_float_digits(None))
    }

    /// A new session with all settings.
    pub async fn open(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.connect().await?;
        self.are_own.get_or_try_init(|| self.make_sure(&mut connection)).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        let mut connection = PgConnection::connect_with(&self.options()?).await?;
        if let Some(version) = connection.server_version_num().filter(|version| *version < OLDEST) {
            return Err(Unfit::TooOld(version / 10_000).into());
        }
        let refused = sqlx::raw_sql(AssertSqlSafe(self.set.clone())).fetch_optional(&mut connection).await?;
        if let Some(row) = refused {
            return Err(unset(&row)?.into());
        }
        self.timelines.look(&mut connection).await?;
        Ok(connection)
    }

    /// Checks that two connections have two sessions, and keep them.
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

/// A commit that was acknowledged must outlast a crash, or Redis would hold states that were never committed. The operator chooses how much
/// more a commit outlasts: only `off` promises less.
const DURABLE: &str = "case current_setting('synchronous_commit') when 'off' then 'on' else current_setting('synchronous_commit') end";

/// The statement that sets the settings in one round trip. Settings that the server does not know, or that are right already, are left
/// alone.
fn set(wanted: &[(&str, String)]) -> String {
    let mut values = format!("('synchronous_commit', {DURABLE})");
    for (name, value) in wanted {
        // The names and values come from this program, so that quoting them is safe.
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

/// The id of the server process that serves this connection now.
async fn backend(connection: &mut PgConnection) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("select pg_catalog.pg_backend_pid()").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
