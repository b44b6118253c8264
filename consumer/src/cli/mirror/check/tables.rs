//! What is checked of the source's catalog and of each table.

use std::collections::BTreeSet;

use ledger::{Ledger, StoreError};
use mirror::catalog::{self, Identity, TableName};
use mirror::overview::{self, TableState};
use mirror::plan::topic;
use mirror::planned::{Planned, planned};
use service::settings::{ExposeSecret, Renewable, redact_url};

use super::target::closed_schemas;
use super::topics::Found;
use crate::cli::check::{Findings, in_time};
use crate::cli::job::{Job, store};
use crate::config::Config;
use crate::health::plural;

mod judge;

use judge::Table;

/// Looks at the source, and at all tables if the target is fit.
pub(super) async fn check(config: &Config, job: &Job, found: &Found, publication: Option<&str>, is_fit: bool) -> Findings {
    let mut findings = Findings::new("source");
    let states = if is_fit { overview::tables(&job.ledger, job.epoch).await.unwrap_or_default() } else { Vec::new() };
    let Some(url) = &config.mirror.source_url else {
        findings.warning("mirror.source_url is not set: every table must be in the target, and a change of it is made by hand");
        waiting(&states, &mut findings);
        return findings;
    };
    if let Some((source, publication)) = look(config, url, publication, &mut findings).await
        && is_fit
    {
        let of_tables = of_tables(config, job, &source, publication.as_deref(), &states, found);
        if let Err(error) = of_tables.await.map(|told| findings.lines.extend(told.lines)) {
            findings.failed(format!("the tables cannot be looked at: {error:#}"));
        }
        source.close().await;
    }
    findings
}

/// Opens the source, and finds the publication; `None` if the source cannot be read.
async fn look(config: &Config, url: &Renewable, publication: Option<&str>, findings: &mut Findings) -> Option<(Ledger, Option<String>)> {
    let shown = redact_url(url.now().expose_secret());
    let opened = in_time(async {
        let source = Ledger::reading(&store(config, url), "orderstream-mirror").map_err(|error| error.to_string())?;
        let (version, role, publications) = facts(&source).await.map_err(|error| error.to_string())?;
        Ok((source, version, role, publications))
    });
    match opened.await {
        Ok((source, version, role, publications)) => {
            findings.ok(format!("Postgres {version} at {shown}, role {role}: its catalog can be read"));
            Some((source, chosen(publication, &publications, findings)))
        }
        Err(error) => {
            findings.failed(format!("{shown}: {error}; check mirror.source_url, and that the server runs and lets this role in"));
            None
        }
    }
}

async fn facts(source: &Ledger) -> Result<(String, String, Vec<String>), StoreError> {
    let mut lease = source.lease().await?;
    let facts = sqlx::query_as("select current_setting('server_version'), current_user::text");
    let (version, role): (String, String) = lease.ask(|on| facts.fetch_one(on)).await?;
    let publications = lease.ask(async |on| catalog::publications(on).await).await?;
    Ok((version, role, publications))
}

/// The publication that is looked at: the one that is asked for, else the only one.
fn chosen(asked: Option<&str>, there: &[String], findings: &mut Findings) -> Option<String> {
    match (asked, there) {
        (Some(asked), _) if there.iter().any(|name| name == asked) => Some(asked.to_owned()),
        (Some(asked), _) => {
            findings.failed(format!("there is no publication {asked}; those of the database are: {}", there.join(", ")));
            None
        }
        (None, [only]) => Some(only.clone()),
        (None, []) => {
            findings.warning("the database has no publication: the connector makes one, or nothing is published");
            None
        }
        (None, several) => {
            findings
                .warning(format!("there are several publications ({}): name that of the connector with --publication", several.join(", ")));
            None
        }
    }
}

async fn of_tables(
    config: &Config,
    job: &Job,
    source: &Ledger,
    publication: Option<&str>,
    states: &[TableState],
    found: &Found,
) -> anyhow::Result<Findings> {
    let (mut findings, mirror) = (Findings::new("source"), &config.mirror);
    if let Some(name) = publication {
        let read = source.lease().await?.ask(async |on| catalog::publication(on, name).await).await?;
        read.iter().for_each(|publication| judge::publication(publication, &mut findings));
    }
    let planned = planned(source, &job.ledger, &mirror.selection, &mirror.modes, publication).await?;
    let (judged, silent) = of_interest(&planned, states, found, publication.is_some());
    if !silent.is_empty() {
        let of_tables = plural(silent.len(), "table has", "tables have");
        findings.ok(format!("{} {of_tables} no topic yet: {}", silent.len(), joined(silent.into_iter())));
    }
    let schemas: BTreeSet<String> = judged.iter().map(|table| table.planned.target.schema.clone()).collect();
    for schema in closed_schemas(job, schemas.into_iter().collect()).await? {
        findings.failed(format!("the role may not make tables in schema {schema} of the target; grant usage and create on it"));
    }
    judge::identities(&judged, &mut findings);
    judged.iter().for_each(|table| judge::table(table, mirror.constraints, &mut findings));
    let gone = |state: &&TableState| !planned.iter().any(|planned| planned.source == state.source);
    waiting(&states.iter().filter(gone).cloned().collect::<Vec<_>>(), &mut findings);
    let fine = judged.iter().filter(|table| table.is_fine(mirror.constraints)).count();
    findings.ok(format!(
        "nothing waits and nothing is out of reach for {fine} of {} {}, as far as the catalogs tell",
        judged.len(),
        plural(judged.len(), "table", "tables")
    ));
    Ok(findings)
}

/// The tables whose events are read, or would be with this publication, and the names of those of which there are none.
fn of_interest<'p>(
    planned: &'p [Planned],
    states: &'p [TableState],
    found: &Found,
    is_published: bool,
) -> (Vec<Table<'p>>, Vec<&'p TableName>) {
    let (mut judged, mut silent) = (Vec::new(), Vec::new());
    for planned in planned {
        let state = states.iter().find(|state| state.source == planned.source);
        let end = format!(".{}", topic(&planned.source));
        let has_events = state.is_some() || found.topics.iter().any(|topic| topic.ends_with(&end));
        if has_events || is_published {
            judged.push(Table { planned, state, has_events });
        }
        if !has_events {
            silent.push(&planned.source);
        }
    }
    (judged, silent)
}

/// Tells which tables wait, by the target alone.
fn waiting(states: &[TableState], findings: &mut Findings) {
    for (state, reason) in states.iter().filter_map(|state| Some((state, state.waits.as_ref()?))) {
        findings.failed(format!("{} waits, and the events behind it: {reason}", state.source));
    }
}

fn joined<'n>(names: impl Iterator<Item = &'n TableName>) -> String {
    names.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The word for a replica identity.
fn word(identity: Identity) -> &'static str {
    match identity {
        Identity::Default => "default",
        Identity::Full => "full",
        Identity::Index => "an index",
        Identity::Nothing => "nothing",
    }
}
