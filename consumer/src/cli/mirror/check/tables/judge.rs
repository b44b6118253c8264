//! Judges the source's publication and its tables. The functions are pure.

use mirror::catalog::{Constraint, Identity, Publication};
use mirror::overview::TableState;
use mirror::plan::Grade;
use mirror::planned::Planned;
use mirror::settings::Constraints;

use super::word;
use crate::cli::check::Findings;
use crate::health::plural;

/// A table of the source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'p> {
    /// What would be done for it, and what cannot be promised of it.
    pub(super) planned: &'p Planned,
    /// How it stands in the target; `None` if none of its events was read so far.
    pub(super) state: Option<&'p TableState>,
    /// Whether there are events of it.
    pub(super) has_events: bool,
}

impl Table<'_> {
    /// Why the events of the table wait, or will.
    fn waits(&self, constraints: Constraints) -> Vec<String> {
        let told = self.state.and_then(|state| state.waits.clone());
        let is_told = told.is_some();
        let stops = self.planned.waits.iter().filter(|wait| wait.stops && !is_told);
        let stops = stops.map(|wait| format!("{}; see `orderstream mirror plan`", wait.what));
        let refused = Some(self.in_the_way()).filter(|_| constraints == Constraints::Refuse && self.state.is_none());
        let refused = refused.filter(|constraints| !constraints.is_empty()).map(|constraints| {
            let target = &self.planned.target;
            format!(
                "{target} has constraints or triggers that may refuse or change rows: {}; drop them, or set mirror.constraints to replica_role or trust",
                names(&constraints)
            )
        });
        told.into_iter().chain(stops).chain(refused).collect()
    }

    fn in_the_way(&self) -> Vec<&Constraint> {
        self.planned.constraints.iter().collect()
    }

    /// Whether nothing of the table waits or is out of reach.
    pub(super) fn is_fine(&self, constraints: Constraints) -> bool {
        let planned = self.planned;
        let is_whole = planned.limits.iter().all(|limit| limit.grade == Grade::Told);
        self.waits(constraints).is_empty() && is_whole && planned.inexact.is_empty() && planned.null_if_unchanged.is_empty()
    }
}

fn names(constraints: &[&Constraint]) -> String {
    constraints.iter().map(|constraint| constraint.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn publication(publication: &Publication, findings: &mut Findings) {
    let Publication { name, via_root, tables, .. } = publication;
    let has = format!("publication {name}: {} {}", tables.len(), plural(tables.len(), "table", "tables"));
    if *via_root {
        findings.ok(format!("{has}, with publish_via_partition_root"));
    } else {
        findings.warning(format!(
            "{has}, without publish_via_partition_root: each partition is published as a table of its own; `alter publication {name} set \
             (publish_via_partition_root = true)`"
        ));
    }
}

/// Tells of the replica identities together, because they are alike in most databases.
pub(super) fn identities(tables: &[Table<'_>], findings: &mut Findings) {
    let others: Vec<String> = tables
        .iter()
        .filter(|table| table.planned.identity != Identity::Full)
        .map(|table| format!("{} ({})", table.planned.source, word(table.planned.identity)))
        .collect();
    let full = tables.len() - others.len();
    findings.ok(format!("replica identity full: {full} of {} {}", tables.len(), plural(tables.len(), "table", "tables")));
    if !others.is_empty() {
        findings.warning(format!(
            "replica identity not full: {}: an update leaves out long values that it does not change, and a row that the target lacks cannot be made \
             from it; `alter table .. replica identity full`",
            others.join(", ")
        ));
    }
}

/// Tells what waits of a table, what is in its way, and what cannot be promised of it.
pub(super) fn table(table: &Table<'_>, constraints: Constraints, findings: &mut Findings) {
    let (planned, source) = (table.planned, &table.planned.source);
    // A table without events may never have any.
    let grave = if table.has_events { Findings::failed } else { Findings::warning };
    for reason in table.waits(constraints) {
        grave(findings, format!("{source} waits, and the events behind it: {reason}"));
    }
    for wait in planned.waits.iter().filter(|wait| !wait.stops) {
        findings.warning(format!("{source}: {}; `orderstream mirror apply` does it", wait.what));
    }
    stay_in_force(table, constraints, findings);
    for limit in &planned.limits {
        match limit.grade {
            Grade::Refused => grave(findings, format!("{source} cannot be mirrored: {}", limit.what)),
            Grade::Partly => findings.warning(format!("{source}: {}", limit.what)),
            Grade::Told => findings.ok(format!("{source}: {}", limit.what)),
        }
    }
    let inexact = planned.inexact.len() + planned.null_if_unchanged.len();
    if inexact > 0 {
        let columns = plural(inexact, "column is", "columns are");
        findings.warning(format!(
            "{source}: {inexact} {columns} not equal in every case: `orderstream mirror plan` names them, and what mends it"
        ));
    }
    let stale = table.state.map(|state| state.stale_columns.join(", ")).filter(|columns| !columns.is_empty());
    if let Some(columns) = stale {
        findings.warning(format!("{source}: old rows lack what the source has in {columns}: take an incremental snapshot of the table"));
    }
}

/// The constraints of a table in the target that are in force while the mirror writes it.
fn stay_in_force(table: &Table<'_>, constraints: Constraints, findings: &mut Findings) {
    let in_force: Vec<&Constraint> = match constraints {
        // A table that was met is written, whatever was added to it since.
        Constraints::Refuse if table.state.is_none() => return,
        Constraints::Refuse | Constraints::Trust => table.in_the_way(),
        Constraints::ReplicaRole => table.in_the_way().into_iter().filter(|constraint| !constraint.kind.rests_for_a_replica()).collect(),
    };
    if !in_force.is_empty() {
        let (target, names) = (&table.planned.target, names(&in_force));
        findings
            .warning(format!("{target} has constraints or triggers that stay in force: {names}: a row that they refuse is a dead letter"));
    }
}

#[cfg(test)]
mod tests {
    use mirror::catalog::{ConstraintKind, TableName};
    use mirror::plan::Wait;

    use super::*;
    use crate::cli::check::Grade::{self as Level, Failed, Warning};

    fn planned(constraints: &[(ConstraintKind, &str)]) -> Planned {
        let constraint =
            |(kind, name): &(ConstraintKind, &str)| Constraint { kind: *kind, name: (*name).into(), definition: String::new() };
        Planned {
            source: TableName::new("public", "t"),
            target: TableName::new("public", "t"),
            statements: Vec::new(),
            waits: Vec::new(),
            identity: Identity::Full,
            constraints: constraints.iter().map(constraint).collect(),
            limits: Vec::new(),
            inexact: Vec::new(),
            null_if_unchanged: Vec::new(),
        }
    }

    fn told(planned: &Planned, has_events: bool, constraints: Constraints) -> Vec<(Level, String)> {
        let mut findings = Findings::new("source");
        table(&Table { planned, state: None, has_events }, constraints, &mut findings);
        findings.lines.into_iter().map(|finding| (finding.grade, finding.what)).collect()
    }

    #[test]
    fn constraints_of_a_table_that_was_there_are_named_by_what_is_done_about_them() {
        let there = planned(&[(ConstraintKind::ForeignKey, "t_to_u"), (ConstraintKind::Check, "t_positive")]);
        for (constraints, grade, named, other) in [
            (Constraints::Refuse, Failed, "t_to_u, t_positive; drop them", None),
            (Constraints::Trust, Warning, "stay in force: t_to_u, t_positive", None),
            (Constraints::ReplicaRole, Warning, "stay in force: t_positive", Some("t_to_u")),
        ] {
            let told = told(&there, true, constraints);
            assert!(told.len() == 1 && told[0].0 == grade && told[0].1.contains(named), "{told:?}");
            assert!(other.is_none_or(|other| !told[0].1.contains(other)), "{told:?}");
        }
    }

    #[test]
    fn what_waits_fails_where_there_are_events() {
        let wait = |stops| Wait { what: "the key has changed".into(), ddl: Vec::new(), stops };
        let of = |stops| Planned { waits: vec![wait(stops)], ..planned(&[]) };
        for (stops, has_events, grade) in [(true, true, Failed), (true, false, Warning), (false, true, Warning)] {
            let told = told(&of(stops), has_events, Constraints::Refuse);
            assert!(told.len() == 1 && told[0].0 == grade && told[0].1.contains("the key has changed"), "{told:?}");
        }
    }
}
