//! One column of the source, of the target, or of both.

use std::collections::BTreeMap;

use super::super::create::definition;
use super::super::type_steps::TypeSteps;
use super::super::{Evolution, Fit, Names, Step, Wait, fit, labels};
use super::Followed;
use crate::catalog::{Column, Generated, IdentityColumn, Table};
use crate::quote::{quote_identifier, quote_literal};

/// The two tables that are compared.
pub(super) struct Columns<'a> {
    pub(super) source: &'a Table,
    pub(super) target: &'a Table,
    pub(super) followed: &'a BTreeMap<String, Followed>,
    pub(super) names: &'a Names,
}

impl Columns<'_> {
    /// The columns that have another name in the source now: the old name and the new one.
    pub(super) fn renamed(&self) -> Vec<(String, String)> {
        let old_names = self.followed.iter().filter(|(name, _)| self.target.column(name).is_some() && self.source.column(name).is_none());
        let renamed = old_names.filter_map(|(name, followed)| {
            let now = self.source.columns.iter().find(|column| column.attnum == followed.attnum)?;
            self.target.column(&now.name).is_none().then(|| (name.clone(), now.name.clone()))
        });
        renamed.collect()
    }

    /// A column that only the source has.
    pub(super) fn added(&self, column: &Column, out: &mut Evolution) {
        let mut types = TypeSteps::new(self.names);
        if let Err(why) = types.add(&column.type_.type_) {
            let what = self.sentence(column, &format!("is new in the source, and its type {} cannot be made: {why}", column.sql_type));
            out.waits.push(Wait { what, ddl: Vec::new(), stops: false });
            return;
        }
        let add = format!("alter table {} add column if not exists {}", self.target.name, definition(column, false, self.names));
        if column.generated != Generated::No {
            let what = self.sentence(column, "is new in the source, which computes it; adding it writes every row again, under a lock");
            out.waits.push(Wait { what, ddl: vec![add], stops: false });
            return;
        }
        out.automatic.extend(types.into_steps());
        match &column.missing {
            Some(value) => self.added_with_value(column, &add, value, out),
            None => {
                let is_filled = column.default.is_some() || column.identity_column != IdentityColumn::No;
                let why = if is_filled {
                    "is new in the source, which has filled it in rows that no event tells of"
                } else {
                    "is new in the source"
                };
                out.automatic.push(Step::new(add, self.sentence(column, why)));
                if is_filled {
                    out.stale_columns.push(column.name.clone());
                }
            }
        }
    }

    /// The source has given one value to all rows that are older than the column. The same default gives it to them here without writing them
    /// again. The default goes in the same transaction, because a later null of the source is no default.
    fn added_with_value(&self, column: &Column, add: &str, value: &str, out: &mut Evolution) {
        let (declared, name) = (self.names.declared(&column.type_), quote_identifier(&column.name));
        let drop_default = format!("alter table {} alter column {name} drop default", self.target.name);
        let why = self.sentence(column, "is new in the source, with one value for all older rows");
        out.automatic.push(Step::new(format!("{add} default {}::{declared};\n{drop_default}", quote_literal(value)), why));
    }

    /// A column that both have.
    pub(super) fn both(&self, source: &Column, target: &Column, out: &mut Evolution) {
        if self.followed.get(&target.name).is_some_and(|followed| followed.attnum != source.attnum) {
            out.waits.push(self.another(source));
            return;
        }
        match (source.generated, target.generated) {
            (Generated::No, Generated::No) => self.types(source, target, out),
            (Generated::No, _) => {
                self.types(source, target, out);
                let sql =
                    format!("alter table {} alter column {} drop expression if exists", self.target.name, quote_identifier(&target.name));
                out.automatic.push(Step::new(sql, self.sentence(source, "is not computed any more in the source; its values stay")));
            }
            (_, Generated::No) => out.waits.push(self.plain_here(source)),
            _ => out.waits.extend(self.expression(source, target)),
        }
        if target.not_null && !source.not_null && !self.target.is_key(&target.name) && source.generated == Generated::No {
            let name = quote_identifier(&target.name);
            let what =
                self.sentence(source, "may be null in the source and not in the target; rows with a null would be refused: allow it");
            let ddl = vec![format!("alter table {} alter column {name} drop not null", self.target.name)];
            out.waits.push(Wait { what, ddl, stops: true });
        }
    }

    fn types(&self, source: &Column, target: &Column, out: &mut Evolution) {
        let (declared, name) = (self.names.declared(&source.type_), quote_identifier(&target.name));
        let alter = format!("alter table {} alter column {name} type {declared}", self.target.name);
        let changed = self.followed.get(&target.name).filter(|followed| followed.sql_type != source.sql_type);
        match fit(&target.type_, &source.type_, self.names) {
            Fit::Same => labels::compare(&source.type_, &target.type_, self.names, out),
            // The source may have rounded or computed the values anew when it changed the type, and no event tells.
            Fit::Holds => out.stale_columns.extend(changed.map(|_| source.name.clone())),
            Fit::Widens => {
                let why = format!("has become {declared}, which Postgres changes without writing any row again");
                out.automatic.push(Step::new(alter, self.sentence(source, &why)));
            }
            Fit::Differs => {
                let what = format!(
                    "is of type {} in the source and {} in the target, and values may not fit; the change writes every row again, under a lock: run \
                     it when the table is quiet, then compare the table with the source",
                    source.sql_type, target.sql_type
                );
                let ddl = vec![format!("{alter} using {name}::text::{declared}")];
                out.waits.push(Wait { what: self.sentence(source, &what), ddl, stops: true });
            }
        }
    }

    /// The column has the name of a dropped one.
    fn another(&self, source: &Column) -> Wait {
        let (table, name) = (&self.target.name, quote_identifier(&source.name));
        let what = "was dropped in the source, and another column has its name now; the target's rows have the values of the dropped one: drop it \
                    here too when all older events are applied, then compare the table with the source";
        Wait {
            what: self.sentence(source, what),
            ddl: vec![
                format!("alter table {table} drop column {name}"),
                format!("alter table {table} add column {}", definition(source, false, self.names)),
            ],
            stops: true,
        }
    }

    /// The source computes the column, and the target does not.
    fn plain_here(&self, source: &Column) -> Wait {
        let (table, name) = (&self.target.name, quote_identifier(&source.name));
        let what = "is computed in the source and a plain column in the target, which no change brings up to date (only snapshots have its values): \
                    have it computed here too; that writes every row again, under a lock";
        Wait {
            what: self.sentence(source, what),
            ddl: vec![format!("alter table {table} drop column {name}, add column {}", definition(source, false, self.names))],
            stops: false,
        }
    }

    /// The expressions of a computed column, as far as they can be compared: schemas of other names are part of them.
    fn expression(&self, source: &Column, target: &Column) -> Option<Wait> {
        if source.default == target.default || !self.names.schemas.is_empty() {
            return None;
        }
        let what = "is computed by another expression in the source than in the target: have the same one here";
        Some(Wait { ddl: self.plain_here(source).ddl, what: self.sentence(source, what), stops: false })
    }

    /// A column that only the target has: the source has dropped it, or it is the target's own.
    pub(super) fn gone(&self, column: &Column, out: &mut Evolution) {
        let (table, name) = (&self.target.name, quote_identifier(&column.name));
        let needs_value = column.not_null && !self.target.is_key(&column.name) && column.generated == Generated::No;
        let nullable = format!("alter table {table} alter column {name} drop not null");
        if self.followed.contains_key(&column.name) {
            if needs_value {
                out.automatic
                    .push(Step::new(&nullable, self.sentence(column, "is gone in the source, so that new rows have no value for it")));
            }
            let what =
                "is gone in the source; it stays here, is null in new rows, and keeps its values in old ones: drop it when nobody reads it";
            let ddl = vec![format!("alter table {table} drop column {name}")];
            out.waits.push(Wait { what: self.sentence(column, what), ddl, stops: false });
        } else if needs_value && column.default.is_none() && column.identity_column == IdentityColumn::No {
            let what = "is not in the source, may not be null, and has no default, so that every new row would be refused: allow null, or give it a \
                        default";
            out.waits.push(Wait { what: self.sentence(column, what), ddl: vec![nullable], stops: true });
        }
    }

    fn sentence(&self, column: &Column, what: &str) -> String {
        format!("{}: column {} {what}", self.target.name, quote_identifier(&column.name))
    }
}
