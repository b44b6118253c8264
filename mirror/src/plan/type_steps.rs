//! The statements that make the types of a table's columns: enumerations, composite types and ranges, each after those that it is made of.

use std::sync::Arc;

use super::{Names, Step};
use crate::catalog::{Attribute, Type, TypeKind, Typed};
use crate::quote::{quote_identifier, quote_list, quote_literal};

/// The types that a table needs, in the order in which they can be made.
#[derive(Debug)]
pub(super) struct TypeSteps<'a> {
    names: &'a Names,
    done: Vec<Arc<Type>>,
    steps: Vec<Step>,
}

impl<'a> TypeSteps<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self { names, done: Vec::new(), steps: Vec::new() }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// Adds what the type needs.
    ///
    /// # Errors
    /// Why the target cannot be given the type, and what to do.
    pub(super) fn add(&mut self, type_: &Arc<Type>) -> Result<(), String> {
        if type_.is_built_in() && type_.kind != TypeKind::Pseudo || self.done.contains(type_) {
            return Ok(());
        }
        self.make(type_)?;
        self.done.push(Arc::clone(type_));
        Ok(())
    }

    fn make(&mut self, type_: &Arc<Type>) -> Result<(), String> {
        if let Some(extension) = &type_.extension {
            if !self.names.extensions.contains_key(&extension.name) {
                self.extension(&extension.name, self.names.schema_of(type_));
            }
            return Ok(());
        }
        match &type_.kind {
            TypeKind::Array { element } => match &element.kind {
                TypeKind::Domain { base } if matches!(base.base().type_.kind, TypeKind::Array { .. }) => {
                    Err("an array whose elements are a domain over an array has no other name; leave the column out".to_owned())
                }
                _ => self.add(element),
            },
            TypeKind::Domain { base } => self.add(&base.type_),
            TypeKind::Enum { labels } => {
                let labels: Vec<String> = labels.iter().map(|label| quote_literal(label)).collect();
                self.create(type_, &format!("as enum ({})", labels.join(", ")), "an enumeration of the source");
                Ok(())
            }
            TypeKind::Composite { attributes, of_table } => self.composite(type_, attributes, *of_table),
            TypeKind::Range { is_canonical: true, .. } => Err(
                "a range type with a canonical function cannot be made without that function; make the type in the target, or leave the \
                     column out"
                    .to_owned(),
            ),
            TypeKind::Range { subtype, .. } => {
                self.add(subtype)?;
                self.range(type_);
                Ok(())
            }
            // A multirange comes with its range.
            TypeKind::Multirange { range } => self.add(range),
            TypeKind::Base => Err(
                "a type with functions of its own and without an extension cannot be made; make it in the target, or leave the column out"
                    .to_owned(),
            ),
            TypeKind::Pseudo => Err("no table can have a column of this type; leave the column out".to_owned()),
        }
    }

    fn composite(&mut self, type_: &Type, attributes: &[Attribute], of_table: bool) -> Result<(), String> {
        if of_table {
            return Err("the type is the row of a table, and comes and goes with that table; leave the column out".to_owned());
        }
        let mut definitions = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            self.add(&attribute.typed.type_)?;
            let collation = attribute.collation.as_ref().map(|collation| format!(" collate {collation}")).unwrap_or_default();
            definitions.push(format!("{} {}{collation}", quote_identifier(&attribute.name), self.names.declared(&attribute.typed)));
        }
        self.create(type_, &format!("as ({})", definitions.join(", ")), "a composite type of the source");
        Ok(())
    }

    fn range(&mut self, type_: &Type) {
        let TypeKind::Range { subtype, collation, operator_class, multirange, .. } = &type_.kind else { return };
        let subtype = Typed { type_: Arc::clone(subtype), modifier: -1, declared: subtype.unmodified.clone() };
        let mut options = vec![format!("subtype = {}", self.names.declared(&subtype))];
        options.extend(operator_class.as_ref().map(|class| format!("subtype_opclass = {class}")));
        options.extend(collation.as_ref().map(|collation| format!("collation = {collation}")));
        options.push(format!("multirange_type_name = {}", quote_list([multirange.as_str()])));
        self.create(type_, &format!("as range ({})", options.join(", ")), "a range type of the source");
    }

    fn extension(&mut self, name: &str, schema: &str) {
        let quoted = quote_identifier(name);
        if self.steps.iter().any(|step| step.sql.starts_with(&format!("create extension if not exists {quoted} "))) {
            return;
        }
        self.schema(schema);
        self.steps.push(Step::new(
            format!("create extension if not exists {quoted} with schema {}", quote_identifier(schema)),
            format!("a column has a type of the extension {name}, which the target lacks; the role may need more rights for it"),
        ));
    }

    fn schema(&mut self, schema: &str) {
        let step = create_schema(schema);
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }

    /// Makes a type unless it is there. `create type` has no words for that, so that the server's answer is caught.
    fn create(&mut self, type_: &Type, definition: &str, what: &str) {
        self.schema(self.names.schema_of(type_));
        let statement = format!("create type {} {definition}", self.names.qualified(type_));
        let body = format!("begin {statement}; exception when duplicate_object or unique_violation then null; end");
        self.steps
            .push(Step::new(format!("do {}", quote_literal(&body)), format!("{what} that a column has; it stays as it is if it is there")));
    }
}

/// Makes a schema unless it is there.
pub(super) fn create_schema(schema: &str) -> Step {
    Step::new(format!("create schema if not exists {}", quote_identifier(schema)), "the schema that holds the table or its types")
}
