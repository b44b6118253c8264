//! What refuses or changes rows beside the key: `pg_constraint`, `pg_trigger` and `pg_rewrite`.

use sqlx::postgres::PgConnection;
use sqlx::postgres::types::Oid;

const CONSTRAINTS: &str = "
select k.conrelid as relation, k.contype::text as kind, k.conname::text as name, pg_catalog.pg_get_constraintdef(k.oid) as definition
from pg_catalog.pg_constraint k
where k.conrelid = any($1) and k.contype in ('f', 'c', 'x')
union all
select k.confrelid, 'referenced', k.conname::text, pg_catalog.pg_get_constraintdef(k.oid)
from pg_catalog.pg_constraint k
where k.confrelid = any($1) and k.contype = 'f'
union all
select t.tgrelid, case when t.tgenabled in ('A', 'R') then 'trigger always' else 'trigger' end, t.tgname::text, pg_catalog.pg_get_triggerdef(t.oid)
from pg_catalog.pg_trigger t
where t.tgrelid = any($1) and not t.tgisinternal and t.tgenabled <> 'D'
union all
select r.ev_class, 'rule', r.rulename::text, pg_catalog.pg_get_ruledef(r.oid)
from pg_catalog.pg_rewrite r
where r.ev_class = any($1) and r.rulename <> '_RETURN' and r.ev_enabled <> 'D'
order by 1, 2, 3";

/// Something that refuses or changes rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// What kind of thing it is.
    pub kind: ConstraintKind,
    /// Its name.
    pub name: String,
    /// How it is defined, in the words of Postgres.
    pub definition: String,
}

/// What kind of thing refuses or changes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// The table refers to another, or to itself.
    ForeignKey,
    /// A table refers to this one, and may refuse a delete or lose rows by it.
    ReferencedBy,
    /// A condition for a row.
    Check,
    /// An exclusion constraint.
    Exclusion,
    /// A unique index beside the key.
    Unique,
    /// A trigger of a user.
    Trigger,
    /// A trigger of a user that fires in every session, or only where `session_replication_role` is `replica`.
    TriggerAlways,
    /// A rule.
    Rule,
}

impl ConstraintKind {
    /// Whether it does nothing where `session_replication_role` is `replica`
    /// (<https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE>).
    #[must_use]
    pub fn rests_for_a_replica(self) -> bool {
        matches!(self, Self::ForeignKey | Self::ReferencedBy | Self::Trigger | Self::Rule)
    }
}

/// A constraint with its table.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct ConstraintRow {
    pub(super) relation: Oid,
    kind: String,
    name: String,
    definition: String,
}

pub(super) async fn of(connection: &mut PgConnection, tables: &[Oid]) -> sqlx::Result<Vec<ConstraintRow>> {
    sqlx::query_as(CONSTRAINTS).bind(tables).fetch_all(connection).await
}

impl From<ConstraintRow> for Constraint {
    fn from(row: ConstraintRow) -> Self {
        let kind = match row.kind.as_str() {
            "f" => ConstraintKind::ForeignKey,
            "referenced" => ConstraintKind::ReferencedBy,
            "c" => ConstraintKind::Check,
            "x" => ConstraintKind::Exclusion,
            "trigger" => ConstraintKind::Trigger,
            "trigger always" => ConstraintKind::TriggerAlways,
            _ => ConstraintKind::Rule,
        };
        Self { kind, name: row.name, definition: row.definition }
    }
}
