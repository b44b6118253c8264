//! What an error of Postgres means: one match on structured codes, never on text.

use service::tls::{Names, Trouble};
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;

use crate::migrate::newer::Newer;
use crate::session::Unfit;
use crate::unanswered::Unanswered;

/// The parameters of a URL that a sentence about TLS names.
const NAMES: Names = Names { authority: "sslrootcert in its URL", certificate: "sslcert in its URL" };

/// What is to be done about an error. Source of the codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The connection or the server is gone: make a new connection, back off, without a limit of tries (P6).
    Connection,
    /// Other transactions were in the way: run the same transaction again.
    Contention,
    /// Nobody knows whether the transaction was committed: read the offset row.
    UnknownOutcome,
    /// One of the rows cannot be stored: find the row and dead-letter its record (P7).
    Row,
    /// The schema, a right or the program is wrong: try slowly and be not ready; nothing becomes a dead letter.
    Ours,
}

impl Class {
    /// The label in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Contention => "contention",
            Self::UnknownOutcome => "unknown_outcome",
            Self::Row => "row",
            Self::Ours => "ours",
        }
    }

    fn of_sqlstate(code: &str) -> Self {
        match code {
            "08007" | "40003" => Self::UnknownOutcome,
            "57P01" | "57P02" | "57P03" | "57P05" | "25006" | "25P02" | "25P03" | "25P04" | "26000" => Self::Connection,
            "40001" | "40P01" | "55P03" | "58030" | "57014" => Self::Contention,
            "P0001" | "44000" => Self::Row,
            // The plan may be outdated, because a column's type has changed. A new connection makes a new plan.
            "0A000" => Self::Connection,
            _ => match &code[..2.min(code.len())] {
                "08" => Self::Connection,
                "53" => Self::Contention,
                "22" | "23" | "54" => Self::Row,
                _ => Self::Ours,
            },
        }
    }

    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => error.code().map_or(Self::Ours, |code| Self::of_sqlstate(&code)),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Connection,
            sqlx::Error::Encode(_) => Self::Row,
            _ => Self::Ours,
        }
    }
}

/// An error of Postgres with its class.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres, the driver or the network.
    #[error("{}", told(.source))]
    Sql {
        /// What is to be done about the error.
        class: Class,
        /// The driver's error.
        source: sqlx::Error,
    },
    /// The migrations inside the binary do not fit the database.
    #[error("the database's schema cannot be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// The tables are of a newer version, beside which this program must not work.
    #[error(transparent)]
    Newer(#[from] Newer),
    /// Postgres answers, but lacks what a session must have.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// `database.url` cannot be read.
    #[error("database.url is not a Postgres URL: {0}")]
    Url(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        Self::Sql { class: Class::of(&source), source }
    }
}

impl StoreError {
    /// The driver's error in the words that an operator gets, which hold no value of a row (P11) and no password.
    pub fn words(error: sqlx::Error) -> String {
        Self::from(error).to_string()
    }

    /// What is to be done about the error.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Sql { class, .. } => *class,
            Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Class::of(error),
            // The right server is elsewhere, and may be back at the address in a moment.
            Self::Unfit(Unfit::OldTimeline { .. }) => Class::Connection,
            Self::Migrate(_) | Self::Newer(_) | Self::Unfit(_) | Self::Url(_) => Class::Ours,
        }
    }

    /// The error of a COMMIT without an answer. Whatever broke, the outcome is unknown.
    pub(crate) fn at_commit(source: sqlx::Error) -> Self {
        let class = match Class::of(&source) {
            Class::Connection => Class::UnknownOutcome,
            class => class,
        };
        Self::Sql { class, source }
    }

    /// Whether waiting may help, because Postgres is away and does not refuse.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self.class(), Class::Connection | Class::Contention | Class::UnknownOutcome)
    }

    /// Whether the server did not answer at all.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, Self::Sql { source, .. } if matches!(Unanswered::of(source), Some(Unanswered::Silent(_))))
    }

    /// Whether the transaction takes longer than is allowed: the server gave up a statement, or the client gave up the whole.
    #[must_use]
    pub fn is_too_slow(&self) -> bool {
        match self {
            Self::Sql { source: sqlx::Error::Database(error), .. } => error.code().as_deref() == Some("57014"),
            Self::Sql { source, .. } => matches!(Unanswered::of(source), Some(Unanswered::Overdue(_))),
            _ => false,
        }
    }

    /// The five characters of the SQLSTATE, if the server sent one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Sql { source: sqlx::Error::Database(error), .. } => error.code().map(Into::into),
            _ => None,
        }
    }

    /// Whether the words of the error say what to do: about TLS, a login, a database or a right.
    #[must_use]
    pub fn says_what_to_do(&self) -> bool {
        match self {
            Self::Sql { source: sqlx::Error::Database(error), .. } => error.code().is_some_and(|code| remedy(&code).is_some()),
            Self::Sql { source, .. } => Trouble::of(source).is_some(),
            Self::Unfit(_) | Self::Newer(_) => true,
            Self::Migrate(_) | Self::Url(_) => false,
        }
    }

    /// Why a row was refused, without any value of the row. Postgres' own text may quote the row (P11).
    #[must_use]
    pub fn refusal(&self) -> String {
        match self {
            Self::Sql { source, .. } => told(source),
            other => other.to_string(),
        }
    }
}

/// The routine in which Postgres runs `raise` of PL/pgSQL. Somebody else has written the message of a raised error, whatever its code, and
/// the message may quote a row.
const RAISED: &str = "exec_stmt_raise";

/// The error as it may be logged: the code and names from the schema. The server's message is added only where it cannot hold a value of a
/// row (P11).
fn told(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(database) = error else { return untold(error) };
    let code = database.code().unwrap_or_default().into_owned();
    let raised = database.try_downcast_ref::<PgDatabaseError>().is_some_and(|postgres| postgres.routine() == Some(RAISED));
    if Class::of(error) != Class::Row && !raised {
        let then = remedy(&code).map(|remedy| format!("; {remedy}")).unwrap_or_default();
        return format!("{} (SQLSTATE {code}){then}", database.message());
    }
    let who = if raised { "a function of the database raised an error" } else { "Postgres refused the row" };
    let mut text = format!("{who} (SQLSTATE {code}");
    if let Some(postgres) = database.try_downcast_ref::<PgDatabaseError>() {
        for (what, name) in [("table", postgres.table()), ("column", postgres.column()), ("constraint", postgres.constraint())] {
            if let Some(name) = name {
                text = format!("{text}, {what} {name}");
            }
        }
    }
    text + ")"
}

/// The words for an error of the driver, which the server did not tell.
fn untold(error: &sqlx::Error) -> String {
    match Trouble::of(error) {
        Some(trouble) => format!("no TLS with Postgres: {}", trouble.in_words(NAMES)),
        None => error.to_string(),
    }
}

/// What an operator has to do about a code of the server, where that is the same whatever was asked.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => "correct user and password in the URL, or the role's password",
        "28000" => "correct the role in the URL, its certificate or sslmode, or the server's pg_hba.conf",
        "3D000" => "correct the database in the URL, or create it",
        "42501" => "grant the right to this role: docs/security.md has all that it needs",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::Class;

    #[test]
    fn every_sqlstate_of_the_design_has_its_class() {
        for (class, codes) in [
            (Class::Connection, "08006 08000 57P01 57P02 57P03 57P05 25006 25P02 25P03 25P04 26000 0A000"),
            (Class::Contention, "40001 40P01 55P03 53100 53300 58030 57014"),
            (Class::UnknownOutcome, "08007 40003"),
            (Class::Row, "22003 22021 23502 23514 P0001 44000 54000"),
            (Class::Ours, "21000 42P01 42501 3D000 28P01 XX000 0B000"),
        ] {
            for code in codes.split(' ') {
                assert_eq!(Class::of_sqlstate(code), class, "{code}");
            }
        }
    }

    #[test]
    fn an_encoding_error_is_the_rows_and_a_closed_pool_the_connections() {
        assert_eq!(Class::of(&sqlx::Error::Encode("NUL".into())), Class::Row);
        assert_eq!(Class::of(&sqlx::Error::PoolTimedOut), Class::Connection);
    }
}
