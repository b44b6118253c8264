//! What the publication leaves out of a table.

use super::Grade;
use crate::catalog::{Generated, Persistence, Publication, Published, Relation, Table};
use crate::quote::{quote_identifier, quote_list};

pub(super) fn limits(table: &Table, publication: &Publication) -> Vec<(Grade, String)> {
    let name = quote_identifier(&publication.name);
    // What is no table, or not in the log, can be in no publication.
    if table.kind == Relation::NoTable || table.persistence != Persistence::Logged {
        return Vec::new();
    }
    match (&table.kind, publication.of(&table.name)) {
        (Relation::Partition { root }, None) if publication.via_root && publication.of(root).is_some() => {
            let what = format!("the publication {name} publishes the partition's changes as those of {root}; mirror {root}");
            vec![(Grade::Refused, what)]
        }
        (Relation::Partitioned, None) if !publication.via_root => {
            let what = format!(
                "the publication {name} publishes the changes under the names of the partitions, and none under this name; `alter publication {name} \
                 set (publish_via_partition_root = true)`"
            );
            vec![(Grade::Refused, what)]
        }
        (_, None) => {
            let what = format!("the publication {name} does not have the table; `alter publication {name} add table {}`", table.name);
            vec![(Grade::Refused, what)]
        }
        (_, Some(published)) => {
            [kinds(publication, &name), rows(published, &name), columns(table, published, &name)].into_iter().flatten().collect()
        }
    }
}

fn kinds(publication: &Publication, name: &str) -> Option<(Grade, String)> {
    let all = [
        ("inserts", publication.inserts),
        ("updates", publication.updates),
        ("deletes", publication.deletes),
        ("truncates", publication.truncates),
    ];
    let missing: Vec<&str> = all.iter().filter(|(_, published)| !published).map(|(what, _)| *what).collect();
    let what = format!(
        "the publication {name} leaves out {}; `alter publication {name} set (publish = 'insert, update, delete, truncate')`",
        missing.join(" and ")
    );
    (!missing.is_empty()).then_some((Grade::Partly, what))
}

fn rows(published: &Published, name: &str) -> Option<(Grade, String)> {
    let what = format!(
        "the publication {name} publishes only rows that fulfil a condition; the target has these and no others, and a comparison has to know the \
         condition"
    );
    published.is_filtered.then_some((Grade::Partly, what))
}

fn columns(table: &Table, published: &Published, name: &str) -> Option<(Grade, String)> {
    let missing = table.columns.iter().filter(|column| column.generated == Generated::No && !published.columns.contains(&column.name));
    let (key, others): (Vec<_>, Vec<_>) = missing.map(|column| column.name.as_str()).partition(|column| table.is_key(column));
    if !key.is_empty() {
        let what = format!("the publication {name} leaves out columns {} of the key; publish them", quote_list(key));
        return Some((Grade::Refused, what));
    }
    let what = format!(
        "the publication {name} leaves out columns {}; publish them, or leave them out of the mirror",
        quote_list(others.iter().copied())
    );
    (!others.is_empty()).then_some((Grade::Partly, what))
}
