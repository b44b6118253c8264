//! `orderstream check` of Postgres: version, rights, settings, tables, connections. The check connects as `run` does.

use ledger::migrate::newer::{Newer, newer};
use ledger::{StoreError, Unfit, migrate};
use service::settings::{ExposeSecret, redact_url};
use sqlx::{Connection, PgConnection};

use super::{DEADLINE, Findings, in_time};
use crate::config::Config;
use crate::results::history::HistoryState;
use crate::results::{MIGRATIONS, Results};
use crate::run::assemble::store_config;
use settings::{NAMES, SETTINGS, Setting};

mod history;
mod settings;

/// Facts about the server. Connections are counted from the sums per database, which every role can read: `pg_stat_activity` hides the
/// sessions of other roles.
const SERVER: &str = "
select current_setting('server_version') as version,
       current_user::text as role,
       current_database()::text as database,
       current_setting('transaction_read_only') = 'on' or pg_is_in_recovery() as is_read_only,
       coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections,
       (select coalesce(sum(numbackends), 1) - 1 from pg_stat_database)::int as connected,
       to_regclass('_sqlx_migrations') is not null as has_migrations";

/// The migration that makes the table of the audit trail.
const HISTORY: i64 = 26;

const APPLIED: &str = "select version from _sqlx_migrations where success";

const LACKING: &str = "
select name from unnest(array['results', 'consumer_offsets', 'dead_letters', 'deleted_orders']) as name
where to_regclass(name) is null
   or not has_table_privilege(to_regclass(name), 'select, insert, update, delete')";

pub(super) async fn check(config: &Config) -> Findings {
    let mut findings = Findings::new("postgres");
    let url = redact_url(config.database.url.now().expose_secret());
    match in_time(async { Ok(facts(config).await) }).await {
        Ok(Ok(facts)) => {
            judge(&facts, &url, config.database.max_connections, &mut findings);
            facts.history.iter().for_each(|state| history::judge(config.audit.history, *state, &mut findings));
        }
        Ok(Err(error)) if error.says_what_to_do() => findings.failed(format!("{url}: {error}")),
        Ok(Err(error)) => unreachable(&url, &error.to_string(), &mut findings),
        Err(silence) => unreachable(&url, &silence, &mut findings),
    }
    findings
}

fn unreachable(url: &str, error: &str, findings: &mut Findings) {
    findings.failed(format!("{url}: {error}; check database.url, and that the server runs and lets this role in"));
}

#[derive(Debug)]
struct Facts {
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
    /// How it stands with the audit trail; `None` without its table.
    history: Option<HistoryState>,
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

async fn facts(config: &Config) -> Result<Facts, StoreError> {
    let results = Results::new(&store_config(config))?;
    let mut connection = results.ledger.connect(DEADLINE).await?;
    let mut facts = ask(&mut connection).await?;
    if facts.applied.as_ref().is_some_and(|applied| applied.contains(&HISTORY)) {
        facts.history = Some(results.history_state().await?);
    }
    // The answers are complete. How the connection ends changes nothing.
    drop(connection.close().await);
    Ok(facts)
}

async fn ask(connection: &mut PgConnection) -> sqlx::Result<Facts> {
    let server: Server = sqlx::query_as(SERVER).fetch_one(&mut *connection).await?;
    let settings = sqlx::query_as(SETTINGS).bind(&NAMES[..]).fetch_all(&mut *connection).await?;
    let elsewhere = migrate::elsewhere(&mut *connection).await?;
    if !server.has_migrations {
        return Ok(Facts { server, applied: None, lacking: Vec::new(), settings, newer: None, elsewhere, history: None });
    }
    let applied: Vec<i64> = sqlx::query_scalar(APPLIED).fetch_all(&mut *connection).await?;
    let lacking = sqlx::query_scalar(LACKING).fetch_all(&mut *connection).await?;
    let newer = newer(connection, &applied, &MIGRATIONS).await?;
    Ok(Facts { server, applied: Some(applied), lacking, settings, newer, elsewhere, history: None })
}

fn judge(facts: &Facts, url: &str, pool: u32, findings: &mut Findings) {
    let server = &facts.server;
    let known = format!("Postgres {} at {url}, role {}", server.version, server.role);
    if server.is_read_only {
        findings
            .failed(format!("{known}: read-only; point database.url at the primary, and see that default_transaction_read_only is off"));
    } else {
        findings.ok(known);
    }
    settings::judge(&facts.settings, findings);
    tables(facts, findings);
    connections(server, pool, findings);
}

fn tables(facts: &Facts, findings: &mut Findings) {
    let (role, database) = (&facts.server.role, &facts.server.database);
    let applied = facts.applied.as_deref().unwrap_or_default();
    let ours: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
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
        findings
            .warning(format!("{missing} of {} migrations are missing; the next start applies them, or `orderstream migrate`", ours.len()));
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
