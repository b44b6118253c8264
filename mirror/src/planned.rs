//! What the mirror would do, as a script to read before anything runs: `orderstream mirror plan`.
//!
//! The script is SQL for the target. Whatever cannot be promised of a table stands in it as a comment, before the first row comes (P12).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ledger::Ledger;

use crate::catalog::{self, CatalogError, Constraint, Identity, Publication, Table, TableName};
use crate::facts;
use crate::plan::{self, Grade, Inexact, Limit, Names, Wait};
use crate::settings::{Selection, Types};
use crate::tables::followed;
use crate::value::Modes;

/// What would be done for one table.
#[derive(Debug)]
pub struct Planned {
    /// The name in the source.
    pub source: TableName,
    /// The name in the target.
    pub target: TableName,
    /// The statements that the mirror runs by itself.
    pub statements: Vec<String>,
    /// What only an operator can do.
    pub waits: Vec<Wait>,
    /// What an update or a delete says of the old row.
    pub identity: Identity,
    /// What refuses or changes rows of the table in the target beside its key; empty if there is no such table.
    pub constraints: Vec<Constraint>,
    /// What cannot be promised.
    pub limits: Vec<Limit>,
    /// The columns that do not arrive exactly.
    pub inexact: Vec<Inexact>,
    /// The columns of which an update may say null although nothing has changed.
    pub null_if_unchanged: Vec<String>,
}

/// What would be done for all tables of the source that are not excluded. With the name of a publication only its tables count, and what it leaves
/// out is told.
///
/// # Errors
/// If the source or the target is away or refuses.
pub async fn planned(
    source: &Ledger,
    target: &Ledger,
    selection: &Selection,
    modes: &Modes,
    publication: Option<&str>,
) -> Result<Vec<Planned>, CatalogError> {
    let (tables, publication) = of_source(source, selection, publication).await?;
    let wanted: Vec<TableName> = tables.iter().map(|table| selection.target(&table.name)).collect();
    let mut lease = target.lease().await?;
    let there: Result<Vec<Table>, CatalogError> = lease.ask(|on| catalog::read(on, &wanted)).await;
    let there = there?;
    let extensions = lease.ask(async |on| catalog::extensions(on).await).await?;
    let names = Names { schemas: selection.schemas.clone(), extensions };
    let limits = plan::limits(&tables, publication.as_ref());
    let relations: BTreeSet<(&str, &str)> = tables.iter().map(|table| (&*table.name.schema, &*table.name.table)).collect();
    let mut out = Vec::with_capacity(tables.len());
    for (table, target) in tables.iter().zip(&wanted) {
        let shadows = |name: &str| relations.contains(&(&*table.name.schema, name));
        let mut planned = Planned {
            source: table.name.clone(),
            target: target.clone(),
            statements: Vec::new(),
            waits: Vec::new(),
            identity: table.identity,
            constraints: Vec::new(),
            limits: limits.iter().filter(|limit| limit.table == table.name).cloned().collect(),
            inexact: plan::inexact(table, |column| facts::loss(&column.type_, modes, &shadows)),
            null_if_unchanged: null_if_unchanged(table, modes),
        };
        match there.iter().find(|there| there.name == *target) {
            None => match plan::create(table, target, &names) {
                Ok(steps) => planned.statements.extend(steps.into_iter().map(|step| step.sql)),
                Err(unmade) => {
                    planned.waits.extend(unmade.into_iter().map(|unmade| Wait { what: unmade.to_string(), ddl: Vec::new(), stops: true }));
                }
            },
            Some(there) => {
                let followed = followed(&mut lease, &table.name).await?;
                let evolution = plan::evolve(table, there, &followed, &names);
                planned.statements.extend(evolution.automatic.into_iter().map(|step| step.sql));
                planned.waits.extend(evolution.waits);
                planned.constraints.clone_from(&there.constraints);
            }
        }
        out.push(planned);
    }
    Ok(out)
}

async fn of_source(
    source: &Ledger,
    selection: &Selection,
    publication: Option<&str>,
) -> Result<(Vec<Table>, Option<Publication>), CatalogError> {
    let mut lease = source.lease().await?;
    let published = match publication {
        Some(name) => lease.ask(async |on| catalog::publication(on, name).await).await?,
        None => None,
    };
    let all: Vec<TableName> = match &published {
        Some(publication) => publication.tables.iter().map(|published| published.table.clone()).collect(),
        None => lease.ask(async |on| catalog::list(on).await).await?,
    };
    let wanted: Vec<TableName> = all.into_iter().filter(|name| !selection.excludes(name)).collect();
    let tables: Result<Vec<Table>, CatalogError> = lease.ask(|on| catalog::read(on, &wanted)).await;
    let without = |table: Table| {
        let name = table.name.clone();
        table.without(|column| selection.excludes_column(&name, column))
    };
    Ok((tables?.into_iter().map(without).collect(), published))
}

/// The columns of which an update may say null although nothing has changed.
pub(crate) fn null_if_unchanged(table: &Table, modes: &Modes) -> Vec<String> {
    if table.identity == Identity::Full {
        return Vec::new();
    }
    let apart = table.columns.iter().filter(|column| column.may_be_apart && facts::is_null_if_unchanged(&column.type_, modes));
    apart.map(|column| column.name.clone()).collect()
}

/// What there is to know before anything runs where no catalog tells the types; `None` where one does.
#[must_use]
pub fn without_catalog(types: Types) -> Option<String> {
    let what: &[&str] = match types {
        Types::Catalog => return None,
        Types::Schema => &[
            "mirror.types is schema: a table that the target lacks is made from the schemas of its events.",
            "NOT EQUAL: an enumeration, a domain and a type of the source's own is a text; a bytea may be the text of such a type.",
            "NOT EQUAL: a length that the connector does not tell (column.propagate.source.type) is left out.",
            "NOT EQUAL: collations, computed columns and the values of rows that are older than an added column.",
            "A table whose type the schema does not tell waits. mirror.source_url, with mirror.types=catalog, mends all of it.",
        ],
        Types::Text => &[
            "mirror.types is text: a table that the target lacks is made with a text for every column, and jsonb for objects and arrays.",
            "NOT EQUAL: every column that is not a text in the source; a date is a number of days, a bytea its base64.",
            "NOT EQUAL: the values of rows that are older than an added column.",
            "mirror.source_url, with mirror.types=catalog, or schemas in the events, with mirror.types=schema, mend it.",
        ],
    };
    let mut text = String::new();
    what.iter().for_each(|line| comment(&mut text, "", line));
    Some(text)
}

/// The plan as a script. Everything but the statements stands in comments, also where a name or a statement has several lines.
#[must_use]
pub fn script(planned: &[Planned]) -> String {
    let mut text = String::new();
    for table in planned {
        comment(&mut text, "", &format!("{} is {} in the target", table.source, table.target));
        for limit in &table.limits {
            let grade = match limit.grade {
                Grade::Told => "to know",
                Grade::Partly => "partly",
                Grade::Refused => "NOT MIRRORED",
            };
            comment(&mut text, "  ", &format!("{grade}: {}", limit.what));
        }
        for column in &table.inexact {
            let mended = column.loss.mended_by.map(|setting| format!(" The connector's setting {setting} mends it.")).unwrap_or_default();
            comment(&mut text, "  ", &format!("NOT EQUAL: column {} ({}): {}{mended}", column.column, column.sql_type, column.loss.what));
        }
        for column in &table.null_if_unchanged {
            let what = format!(
                "NOT EQUAL: column {column}: an update that leaves a large value as it is says null, so that a value which becomes null is kept. \
                 `alter table {} replica identity full` mends it.",
                table.source
            );
            comment(&mut text, "  ", &what);
        }
        for Wait { what: why, ddl, .. } in &table.waits {
            comment(&mut text, "  ", &format!("waits for `orderstream mirror apply`: {why}"));
            ddl.iter().for_each(|sql| comment(&mut text, "    ", &format!("{sql};")));
        }
        for sql in &table.statements {
            writeln!(text, "{sql};").ok();
        }
        text.push('\n');
    }
    text
}

fn comment(text: &mut String, indent: &str, what: &str) {
    for line in what.split(['\n', '\r']) {
        writeln!(text, "-- {indent}{line}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_statements_can_run_whatever_the_source_calls_its_tables() {
        let planned = Planned {
            source: TableName::new("shop", "a\ndrop table b; --"),
            target: TableName::new("shop", "a\rdrop table b; --"),
            statements: vec!["create table t ()".to_owned()],
            waits: vec![Wait { what: "a rename".to_owned(), ddl: vec!["do $$ begin\n  drop table b;\nend $$".to_owned()], stops: true }],
            identity: Identity::Full,
            constraints: Vec::new(),
            limits: Vec::new(),
            inexact: Vec::new(),
            null_if_unchanged: vec!["c\ndrop table b; --".to_owned()],
        };
        let script = script(&[planned]);
        let run: Vec<&str> = script.lines().filter(|line| !line.is_empty() && !line.starts_with("--")).collect();
        assert_eq!(run, ["create table t ();"]);
    }
}
