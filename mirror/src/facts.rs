//! What a type of the catalog means for its values in events.

use crate::catalog::{Type, TypeKind, Typed};
use crate::value::{Kind, Loss, Modes, TypeFacts, TypeForm};

/// Whether the schema of a table has a relation with the name of a type, which Debezium then takes for the type.
pub type Shadows<'s> = &'s dyn Fn(&str) -> bool;

/// What the type makes of the JSON in events.
#[must_use]
pub fn kind(typed: &Typed) -> Kind {
    with(typed, &|_| false, &mut |facts| Kind::of(facts))
}

/// What the type loses on its way through the connector; `None` if each of its values arrives equal.
#[must_use]
pub fn loss(typed: &Typed, modes: &Modes, shadows: Shadows<'_>) -> Option<Loss> {
    with(typed, shadows, &mut |facts| crate::value::loss(facts, modes))
}

/// Whether an update that leaves an unchanged value out says null in its place.
#[must_use]
pub fn is_null_if_unchanged(typed: &Typed, modes: &Modes) -> bool {
    with(typed, &|_| false, &mut |facts| crate::value::is_null_if_unchanged(facts, modes))
}

/// Calls `use_facts` with the facts of a type, which borrow from each other where the type is an array.
fn with<T>(typed: &Typed, shadows: Shadows<'_>, use_facts: &mut dyn FnMut(&TypeFacts<'_>) -> T) -> T {
    let is_domain = matches!(typed.type_.kind, TypeKind::Domain { .. });
    let base = typed.base();
    of_type(&base.type_, base.modifier, is_domain, shadows, use_facts)
}

fn of_type<T>(type_: &Type, modifier: i32, is_domain: bool, shadows: Shadows<'_>, use_facts: &mut dyn FnMut(&TypeFacts<'_>) -> T) -> T {
    let delimiter = if type_.schema == "pg_catalog" && type_.name == "box" { ';' } else { ',' };
    let is_shadowed = shadows(&type_.name);
    let facts = |form| TypeFacts { name: &type_.name, form, modifier, is_domain, is_shadowed, delimiter };
    match &type_.kind {
        TypeKind::Array { element } => of_type(element, modifier, false, shadows, &mut |element| {
            use_facts(&TypeFacts { name: &type_.name, form: TypeForm::Array(element), modifier, is_domain, is_shadowed, delimiter })
        }),
        TypeKind::Domain { base } => of_type(&base.base().type_, base.base().modifier, true, shadows, use_facts),
        TypeKind::Enum { .. } => use_facts(&facts(TypeForm::Enum)),
        TypeKind::Composite { .. } => use_facts(&facts(TypeForm::Composite)),
        TypeKind::Range { .. } => use_facts(&facts(TypeForm::Range)),
        TypeKind::Multirange { .. } => use_facts(&facts(TypeForm::Multirange)),
        TypeKind::Base | TypeKind::Pseudo => use_facts(&facts(TypeForm::Base)),
    }
}
