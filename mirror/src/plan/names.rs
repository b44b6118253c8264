//! What types and schemas of the source are called in the target.

use std::collections::BTreeMap;
use std::fmt;

use crate::catalog::{Type, TypeKind, Typed};
use crate::quote::quote_identifier;

/// What the schemas and the extensions of the source are called in the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The target's schema for each of the source's that has another name there.
    pub schemas: BTreeMap<String, String>,
    /// The extensions that the target has, each with the schema of its types.
    pub extensions: BTreeMap<String, String>,
}

/// A type that the target cannot be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    /// The column that needs the type.
    pub column: String,
    /// The type as the source declares it.
    pub sql_type: String,
    /// Why not, and what to do.
    pub why: String,
}

impl fmt::Display for Unmade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} of type {}: {}", quote_identifier(&self.column), self.sql_type, self.why)
    }
}

impl Names {
    /// The target's schema for a schema of the source.
    #[must_use]
    pub fn schema<'a>(&'a self, source: &'a str) -> &'a str {
        self.schemas.get(source).map_or(source, String::as_str)
    }

    /// The target's schema for a type. The types of an extension are where the target has the extension.
    pub(crate) fn schema_of<'a>(&'a self, type_: &'a Type) -> &'a str {
        match &type_.extension {
            Some(extension) => self.extensions.get(&extension.name).map_or(extension.schema.as_str(), String::as_str),
            None => self.schema(&type_.schema),
        }
    }

    /// The type as a statement for the target names it. A domain is named by its base type, whose values have the same text.
    #[must_use]
    pub fn declared(&self, typed: &Typed) -> String {
        let typed = typed.base();
        match &typed.type_.kind {
            TypeKind::Array { element } => {
                let declared = typed.declared.strip_suffix("[]").unwrap_or(&typed.declared);
                let element = Typed { type_: element.clone(), modifier: typed.modifier, declared: declared.to_owned() };
                format!("{}[]", self.declared(&element))
            }
            _ if typed.type_.is_built_in() => typed.declared.clone(),
            _ => format!("{}{}", self.qualified(&typed.type_), typed.modifier_text()),
        }
    }

    /// The name of a type outside of `pg_catalog`.
    pub(crate) fn qualified(&self, type_: &Type) -> String {
        format!("{}.{}", quote_identifier(self.schema_of(type_)), quote_identifier(&type_.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{array, built_in, domain, enumeration, of_extension};

    fn names() -> Names {
        Names {
            schemas: BTreeMap::from([("shop".to_owned(), "copy".to_owned())]),
            extensions: BTreeMap::from([("vector".to_owned(), "extensions".to_owned())]),
        }
    }

    #[test]
    fn a_type_is_named_by_the_targets_schema_and_a_domain_by_its_base_type() {
        let mood = enumeration("shop", "mood", &["sad"]);
        let amount = domain("shop", "amount", &built_in("numeric", "numeric(12,4)", 786_440));
        for (typed, declared) in [
            (built_in("varchar", "character varying(5)", 9), "character varying(5)"),
            (built_in("timestamp", "timestamp(3) without time zone", 3), "timestamp(3) without time zone"),
            (mood.clone(), r#""copy"."mood""#),
            (array(&mood), r#""copy"."mood"[]"#),
            (amount.clone(), "numeric(12,4)"),
            (array(&amount), "numeric(12,4)[]"),
            (domain("shop", "moods", &array(&mood)), r#""copy"."mood"[]"#),
            (domain("shop", "small_amount", &amount), "numeric(12,4)"),
            (of_extension("vector", "public", "vector", "(3)"), r#""extensions"."vector"(3)"#),
            (array(&of_extension("vector", "public", "vector", "(3)")), r#""extensions"."vector"(3)[]"#),
            (of_extension("citext", "public", "citext", ""), r#""public"."citext""#),
            (enumeration("other", "UPPER", &[]), r#""other"."UPPER""#),
        ] {
            assert_eq!(names().declared(&typed), declared);
        }
    }
}
