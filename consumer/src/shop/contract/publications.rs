//! Judges what the publications leave out. The catalog does not tell which of the publications the connector reads.

use super::super::catalog::{Described, Publication};
use super::columns::Contract;
use super::{Finding, Grade};

pub(super) fn judge(contract: Contract, described: &Described, version_number: i32) -> Vec<Finding> {
    let name = contract.name();
    if described.publications.is_empty() {
        let what = format!(
            "{name}: the database has no publication yet; `create publication` with orders and customers, or let the connector do it"
        );
        return vec![Finding::concern(what)];
    }
    let having: Vec<&Publication> = described.publications.iter().filter(|publication| publication.has_table).collect();
    if having.is_empty() {
        return vec![Finding::wrong(if described.table.kind == "p" {
            format!(
                "{name}: a partitioned table that no publication has as a whole, so events name its partitions, in topics that nobody reads; \
                 `create publication .. with (publish_via_partition_root = true)`"
            )
        } else {
            format!("{name}: no publication has the table, so no change of it arrives; `alter publication .. add table {name}`")
        })];
    }
    let mut judged: Vec<Vec<Finding>> = having.iter().map(|publication| faults(contract, described, publication, version_number)).collect();
    // A publication that leaves out nothing may be the one that is read.
    if judged.iter().any(Vec::is_empty) {
        judged.iter_mut().flatten().for_each(|finding| finding.grade = Grade::Concern);
    }
    judged.into_iter().flatten().collect()
}

fn faults(contract: Contract, described: &Described, publication: &Publication, version_number: i32) -> Vec<Finding> {
    let (name, of) = (contract.name(), &publication.name);
    let mut out = Vec::new();
    let operations = [(publication.inserts, "inserts"), (publication.updates, "updates"), (publication.deletes, "deletes")];
    let lacking: Vec<&str> = operations.into_iter().filter(|(is_published, _)| !is_published).map(|(_, operation)| operation).collect();
    if !lacking.is_empty() {
        out.push(Finding::wrong(format!(
            "{name}: publication {of} leaves out {}, and they never arrive; \
             `alter publication {of} set (publish = 'insert, update, delete, truncate')`",
            lacking.join(" and ")
        )));
    }
    // For customers truncates do not matter: a truncate of customers is a dead letter, if it comes at all.
    if contract == Contract::Orders && !publication.truncates {
        out.push(Finding::concern(format!(
            "{name}: publication {of} leaves out truncates, after which results would keep all orders until `reconcile --repair`; \
             `alter publication {of} set (publish = 'insert, update, delete, truncate')`"
        )));
    }
    if publication.row_filter.is_some() {
        out.push(Finding::wrong(format!(
            "{name}: publication {of} has a row filter, and rows outside of it never arrive; `alter publication {of} set table ..` without where"
        )));
    }
    for &(column, reads) in contract.columns() {
        let known = described.columns.iter().find(|known| known.name == column);
        // A generated column that Postgres before 18 does not publish was judged with the columns.
        let is_there = known.is_some_and(|known| !known.is_generated || version_number >= 180_000);
        if is_there && !publication.columns.is_empty() && !publication.columns.iter().any(|published| published == column) {
            let (grade, follows) = contract.without(reads);
            let what = format!(
                "{name}.{column}: publication {of} leaves the column out: {follows}; `alter publication {of} set table ..` without a list of columns"
            );
            out.push(Finding { grade, what });
        }
    }
    out
}
