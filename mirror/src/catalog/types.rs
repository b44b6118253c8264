//! What the catalog says of a type, with all the types that it is made of.

use std::sync::Arc;

use crate::quote::quote_identifier;

/// A type with its modifier, as a column, an attribute or a domain has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The type.
    pub type_: Arc<Type>,
    /// `atttypmod`: length, or precision and scale, in the encoding of the type; -1 without.
    pub modifier: i32,
    /// The type with its modifier as `format_type` writes it when no schema is searched.
    pub declared: String,
}

/// A row of `pg_type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// The schema.
    pub schema: String,
    /// `typname`: `int4`, `_int4`, `mood`.
    pub name: String,
    /// The type without a modifier as `format_type` writes it: `integer`, `integer[]`, `public.mood`.
    pub unmodified: String,
    /// `typcategory`: `S` for strings, `N` for numbers, and so on.
    pub category: char,
    /// The extension that the type belongs to.
    pub extension: Option<Extension>,
    /// What the type is made of.
    pub kind: TypeKind,
}

/// The extension of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// `extname`
    pub name: String,
    /// The schema that has the extension's types.
    pub schema: String,
}

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeKind {
    /// A type with functions of its own to read and write its text.
    Base,
    /// An array of any number of dimensions.
    Array {
        /// The type of the elements. The modifier of an array is that of its elements.
        element: Arc<Type>,
    },
    /// An enumeration.
    Enum {
        /// The labels in their order.
        labels: Vec<String>,
    },
    /// A domain.
    Domain {
        /// The type that it restricts, which may be a domain too.
        base: Box<Typed>,
    },
    /// A type with attributes.
    Composite {
        /// The attributes in their order.
        attributes: Vec<Attribute>,
        /// Whether the type is the row of a table, with which it comes and goes.
        of_table: bool,
    },
    /// A range.
    Range {
        /// The type of the bounds.
        subtype: Arc<Type>,
        /// The collation of the bounds, qualified and quoted, if it is not that of the subtype.
        collation: Option<String>,
        /// The operator class, qualified and quoted, if it is not the default of the subtype.
        operator_class: Option<String>,
        /// Whether a function brings equal ranges to one form.
        is_canonical: bool,
        /// The name of its multirange type, without schema.
        multirange: String,
    },
    /// A multirange.
    Multirange {
        /// The type of the ranges.
        range: Arc<Type>,
    },
    /// A pseudo-type, which no column should have.
    Pseudo,
}

/// An attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's name.
    pub name: String,
    /// The attribute's type.
    pub typed: Typed,
    /// The collation, qualified and quoted, if it is not that of the type.
    pub collation: Option<String>,
}

impl Type {
    /// Whether the type comes with every Postgres.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.schema == "pg_catalog"
    }
}

impl Typed {
    /// The type behind the domains.
    #[must_use]
    pub fn base(&self) -> &Self {
        match &self.type_.kind {
            TypeKind::Domain { base } => base.base(),
            _ => self,
        }
    }

    /// The modifier as text: `(10,2)`. It is asked only for types outside of `pg_catalog`, which have it behind their name.
    pub(crate) fn modifier_text(&self) -> &str {
        let declared = self.declared.trim_end_matches("[]");
        declared.strip_prefix(self.type_.unmodified.trim_end_matches("[]")).unwrap_or_default()
    }
}

/// A name with its schema, quoted.
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}
