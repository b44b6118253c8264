//! `orderstream check` of Postgres: version, rights, settings, tables, connections. The check connects as `run` does.

use ledger::migrate::newer::{Newer, newer};
use ledger::{Ledger, StoreError, Unfit, migrate};
use service::settings::{ExposeSecret, redact_url};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use super::{DEADLINE, Findings, in_time};
use crate::config::Config;
use crate::results::{MIGRATIONS, Results};
use crate::run::assemble::store_config;
use settings::{NAMES, SETTINGS, Setting};

mod history;
mod settings;

/// Facts about the server; `$1` says whether the job makes the schema of its tables if it is not there. Connections are counted from the sums per database, which every role can read: `pg_stat_activity` hides the
/// sessions of other roles.
const SERVER: &str = "
select current_setting('server_version') as version,
       current_user::text as role,
       current_database()::text as database,
       current_setting('transaction_read_only') = 'on' or pg_is_in_recovery() as is_read_only,
       coalesce(has_schema_privilege(current_schema(), 'create'), $1 and has_database_privilege(current_database(), 'create')) as may_create,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections,
       (select coalesce(sum(numbackends), 1) - 1 from pg_stat_database)::int as connected,
       to_regclass('_sqlx_migrations') is not null as has_migrations";

/// The migration that makes the table of the audit trail.
const HISTORY: i64 = 26;

const APPLIED: &str = "select version from _sqlx_migrations where success";

const LACKING: &str = "
select name from unnest($1::text[]) as name
where to_regclass(name) is null
   or not has_table_privilege(to_regclass(name), 'select, insert, update, delete')";

/// The database of a job.
pub(in crate::cli) struct Database {
    /// The setting that names it.
    pub(in crate::cli) setting: &'static str,
    /// The URL, as it may be shown.
    pub(in crate::cli) url: String,
    /// How many connections are wanted.
    pub(in crate::cli) pool: u32,
    /// Tables that the role has to read and write.
    pub(in crate::cli) tables: &'static [&'static str],
    /// What makes the tables.
    pub(in crate::cli) migrations: &'static Migrator,
    /// Who applies what is missing of the migrations.
    pub(in crate::cli) applied_by: &'static str,
    /// Whether the job makes the schema of its tables if it is not there.
    pub(in crate::cli) makes_schema: bool,
}

impl Database {
    fn of_orders(config: &Config) -> Self {
        Self {
            setting: "database.url",
            url: redact_url(config.database.url.now().expose_secret()),
            pool: config.database.max_connections,
            tables: &["results", "consumer_offsets", "dead_letters", "deleted_orders"],
            migrations: &MIGRATIONS,
            applied_by: "the next start applies them, or `orderstream migrate`",
            makes_schema: false,
        }
    }
}

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("postgres");
    let database = Database::of_orders(config);
    let results = Results::new(&store_config(config));
    let facts = match &results {
        Ok(results) => look(&database, &results.ledger, &mut findings).await,
        Err(error) => unreachable(&database, &error.to_string(), &mut findings),
    };
    if let (Ok(results), Some(facts)) = (results, facts)
        && facts.applied.is_some_and(|applied| applied.contains(&HISTORY))
    {
        match in_time(async { results.history_state().await.map_err(|error| error.to_string()) }).await {
            Ok(state) => history::judge(config.audit.history, state, &mut findings),
            Err(error) => drop(unreachable(&database, &error, &mut findings)),
        }
    }
    findings
}

/// Looks at the database as a process of the job would connect to it; `None` if that is not possible.
pub(in crate::cli) async fn look(database: &Database, ledger: &Ledger, findings: &mut Findings) -> Option<Facts> {
    match in_time(async { Ok(facts(database, ledger).await) }).await {
        Ok(Ok(facts)) => {
            judge(&facts, database, findings);
            Some(facts)
        }
        Ok(Err(error)) if error.says_what_to_do() => {
            findings.failed(format!("{}: {error}", database.url));
            None
        }
        Ok(Err(error)) => unreachable(database, &error.to_string(), findings),
        Err(silence) => unreachable(database, &silence, findings),
    }
}

fn unreachable(database: &Database, error: &str, findings: &mut Findings) -> Option<Facts> {
    let Database { setting, url, .. } = database;
    findings.failed(format!("{url}: {error}; check {setting}, and that the server runs and lets this role in"));
    None
}

/// What is known of a database.
#[derive(Debug)]
pub(in crate::cli) struct Facts {
    server: Server,
    /// Versions of the migrations that were applied; `None` without the table that lists them.
    applied: Option<Vec<i64>>,
    /// Tables that do not exist or that the role may not use.
    lacking: Vec<String>,
    settings: Vec<Setting>,
    /// What it means that the tables are newer than this program; `None` if they are not.
    newer: Option<Newer>,
    /// Why new tables would not be created in the schema of the old ones; `None` if they would.
    elsewhere: Option<Unfit>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
struct Server {
    version: String,
    role: String,
    database: String,
    is_read_only: bool,
    may_create: bool,
    connections: i32,
    connected: i32,
    has_migrations: bool,
}

async fn facts(database: &Database, ledger: &Ledger) -> Result<Facts, StoreError> {
    let mut connection = ledger.connect(DEADLINE).await?;
    let facts = ask(database, &mut connection).await?;
    // The answers are complete. How the connection ends changes nothing.
    drop(connection.close().await);
    Ok(facts)
}

async fn ask(database: &Database, connection: &mut PgConnection) -> sqlx::Result<Facts> {
    let server: Server = sqlx::query_as(SERVER).bind(database.makes_schema).fetch_one(&mut *connection).await?;
    let settings = sqlx::query_as(SETTINGS).bind(&NAMES[..]).fetch_all(&mut *connection).await?;
    let elsewhere = migrate::elsewhere(&mut *connection).await?;
    if !server.has_migrations {
        return Ok(Facts { server, applied: None, lacking: Vec::new(), settings, newer: None, elsewhere });
    }
    let applied: Vec<i64> = sqlx::query_scalar(APPLIED).fetch_all(&mut *connection).await?;
    let lacking = sqlx::query_scalar(LACKING).bind(database.tables).fetch_all(&mut *connection).await?;
    let newer = newer(connection, &applied, database.migrations).await?;
    Ok(Facts { server, applied: Some(applied), lacking, settings, newer, elsewhere })
}

fn judge(facts: &Facts, database: &Database, findings: &mut Findings) {
    let (server, Database { url, setting, pool, .. }) = (&facts.server, database);
    let known = format!("Postgres {} at {url}, role {}", server.version, server.role);
    if server.is_read_only {
        findings.failed(format!("{known}: read-only; point {setting} at the primary, and see that default_transaction_read_only is off"));
    } else {
        findings.ok(known);
    }
    settings::judge(&facts.settings, findings);
    tables(facts, database, findings);
    connections(server, *pool, findings);
}

fn tables(facts: &Facts, of: &Database, findings: &mut Findings) {
    let (role, database) = (&facts.server.role, &facts.server.database);
    let applied = facts.applied.as_deref().unwrap_or_default();
    let ours: Vec<i64> = of.migrations.iter().map(|migration| migration.version).collect();
    let missing = ours.iter().filter(|version| !applied.contains(version)).count();
    if let Some(elsewhere) = &facts.elsewhere {
        findings.failed(elsewhere.to_string());
    } else if let Some(newer) = facts.newer {
        let grade = if newer.admits() { Findings::warning } else { Findings::failed };
        grade(findings, format!("database {database}: {newer}"));
    } else if missing > 0 && !facts.server.may_create {
        findings
            .failed(format!("{missing} migrations are missing and role {role} may not create tables; grant create on the schema to it"));
    } else if missing > 0 {
        findings.warning(format!("{missing} of {} migrations are missing; {}", ours.len(), of.applied_by));
    } else if !facts.lacking.is_empty() {
        findings.failed(format!("role {role} may not read and write {}; grant select, insert, update, delete", facts.lacking.join(", ")));
    } else {
        findings.ok(format!("tables of database {database} are up to date and writable"));
    }
}

fn connections(server: &Server, pool: u32, findings: &mut Findings) {
    let pool = i32::try_from(pool).unwrap_or(i32::MAX);
    let (all, used) = (server.connections, server.connected);
    if pool > all {
        findings.failed(format!("database.max_connections is {pool}, the server allows {all}; lower it or raise max_connections there"));
    } else if pool > all - used {
        findings.warning(format!("database.max_connections is {pool}, and {used} of the server's {all} connections are in use"));
    } else {
        findings.ok(format!("{pool} connections wanted, {used} of {all} in use"));
    }
}

#[cfg(test)]
mod tests;
