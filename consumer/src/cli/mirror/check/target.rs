//! What is checked of the target: what every job needs of its Postgres, and the rights to make schemas and to leave constraints aside.

use ledger::StoreError;
use mirror::settings::Constraints;
use service::settings::{ExposeSecret, redact_url};

use crate::cli::check::postgres::{self, Database};
use crate::cli::check::{Findings, in_time};
use crate::cli::job::Job;
use crate::config::Config;

const RIGHTS: &str = "
select has_database_privilege(current_database(), 'create') as may_make_schemas,
       has_parameter_privilege('session_replication_role', 'set') as may_be_replica";

/// The schemas of these that are there, and in which the role may make nothing.
const CLOSED: &str = "
select s from unnest($1::text[]) as s
where to_regnamespace(quote_ident(s)) is not null and not has_schema_privilege(to_regnamespace(quote_ident(s))::oid, 'create')";

#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct Rights {
    may_make_schemas: bool,
    may_be_replica: bool,
}

pub(super) async fn check(config: &Config, job: &Job) -> Findings {
    let mut findings = Findings::new("target");
    let database = Database {
        setting: "mirror.target_url",
        url: redact_url(config.mirror.target_url.now().expose_secret()),
        pool: config.database.max_connections,
        tables: &["consumer_offsets", "dead_letters", "mirror_tables", "mirror_columns", "mirror_ddl", "mirror_truncates"],
        migrations: &mirror::run::MIGRATIONS,
        applied_by: "the next start applies them",
        makes_schema: true,
    };
    if postgres::look(&database, &job.ledger, &mut findings).await.is_some() {
        match in_time(async { rights(job).await.map_err(|error| error.to_string()) }).await {
            Ok(rights) => judge(rights, config.mirror.constraints, &mut findings),
            Err(error) => findings.failed(format!("the rights of the role cannot be read: {error}")),
        }
    }
    findings
}

async fn rights(job: &Job) -> Result<Rights, StoreError> {
    Ok(job.ledger.lease().await?.ask(|on| sqlx::query_as(RIGHTS).fetch_one(on)).await?)
}

/// The schemas of these in which the role may not make tables.
pub(super) async fn closed_schemas(job: &Job, schemas: Vec<String>) -> Result<Vec<String>, StoreError> {
    Ok(job.ledger.lease().await?.ask(|on| sqlx::query_scalar(CLOSED).bind(schemas).fetch_all(on)).await?)
}

fn judge(rights: Rights, constraints: Constraints, findings: &mut Findings) {
    if rights.may_make_schemas {
        findings.ok("the role may make schemas, and so every table");
    } else {
        findings.warning("the role may not make schemas: a table waits whose schema is not there; grant create on the database to it");
    }
    if constraints == Constraints::ReplicaRole && !rights.may_be_replica {
        findings.failed(
            "mirror.constraints is replica_role, and the role may not set session_replication_role: grant set on parameter session_replication_role to it",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::check::Grade::{self, Failed, Ok, Warning};

    #[test]
    fn a_right_that_is_missing_is_told_where_it_is_needed() {
        for (may_make_schemas, may_be_replica, constraints, expected) in [
            (true, false, Constraints::Refuse, &[Ok][..]),
            (true, false, Constraints::ReplicaRole, &[Ok, Failed]),
            (true, true, Constraints::ReplicaRole, &[Ok]),
            (false, true, Constraints::Trust, &[Warning]),
        ] {
            let mut findings = Findings::new("target");
            judge(Rights { may_make_schemas, may_be_replica }, constraints, &mut findings);
            let grades: Vec<Grade> = findings.lines.iter().map(|finding| finding.grade).collect();
            assert_eq!(grades, expected, "{findings:?}");
        }
    }
}
