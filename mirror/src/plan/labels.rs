//! The labels of enumerations: what the target's lacks is added, and what is called otherwise waits.

use std::sync::Arc;

use super::{Evolution, Names, Step, Wait};
use crate::catalog::{Type, TypeKind, Typed};
use crate::quote::quote_literal;

/// Compares the enumerations that the two types are made of. The types are the same by name.
pub(super) fn compare(source: &Typed, target: &Typed, names: &Names, out: &mut Evolution) {
    walk(&source.base().type_, &target.base().type_, names, out);
}

fn walk(source: &Arc<Type>, target: &Arc<Type>, names: &Names, out: &mut Evolution) {
    match (&source.kind, &target.kind) {
        (TypeKind::Array { element: of_source }, TypeKind::Array { element: of_target }) => walk(of_source, of_target, names, out),
        (TypeKind::Domain { base: of_source }, _) => walk(&of_source.base().type_, target, names, out),
        (_, TypeKind::Domain { base: of_target }) => walk(source, &of_target.base().type_, names, out),
        (TypeKind::Enum { labels: wanted }, TypeKind::Enum { labels: there }) => {
            labels(&names.qualified(source), wanted, there, out);
        }
        (TypeKind::Composite { attributes: of_source, .. }, TypeKind::Composite { attributes: of_target, .. }) => {
            let same = of_source.len() == of_target.len() && of_source.iter().zip(of_target).all(|(s, t)| s.name == t.name);
            if same {
                for (source, target) in of_source.iter().zip(of_target) {
                    walk(&source.typed.type_, &target.typed.type_, names, out);
                }
            } else {
                attributes(&names.qualified(source), out);
            }
        }
        _ => {}
    }
}

fn attributes(type_: &str, out: &mut Evolution) {
    let what = format!(
        "the composite type {type_} has other attributes in the source: values do not fit until the target's type has the same ones in the same \
         order; run `alter type {type_} ..` as the source has done"
    );
    wait(what, Vec::new(), out);
}

fn labels(type_: &str, wanted: &[String], there: &[String], out: &mut Evolution) {
    let gone: Vec<&String> = there.iter().filter(|label| !wanted.contains(label)).collect();
    let new: Vec<&String> = wanted.iter().filter(|label| !there.contains(label)).collect();
    if !gone.is_empty() && !new.is_empty() {
        // Postgres never drops a label, so a label that is gone has another name now.
        return renamed(type_, wanted, there, out);
    }
    for (place, label) in wanted.iter().enumerate().filter(|(_, label)| !there.contains(label)) {
        let place = match place.checked_sub(1).and_then(|before| wanted.get(before)) {
            Some(before) => format!("after {}", quote_literal(before)),
            None => there.first().map(|first| format!("before {}", quote_literal(first))).unwrap_or_default(),
        };
        let sql = format!("alter type {type_} add value if not exists {} {place}", quote_literal(label));
        let step = Step::label(sql.trim_end(), format!("the source's enumeration {type_} has a new label"));
        if !out.automatic.contains(&step) {
            out.automatic.push(step);
        }
    }
}

fn renamed(type_: &str, wanted: &[String], there: &[String], out: &mut Evolution) {
    let pairs = wanted.iter().zip(there).filter(|(is, was)| is != was);
    let ddl = if wanted.len() == there.len() {
        pairs.map(|(is, was)| format!("alter type {type_} rename value {} to {}", quote_literal(was), quote_literal(is))).collect()
    } else {
        Vec::new()
    };
    let what = format!(
        "labels of the enumeration {type_} have other names in the source: events with the new names do not fit the target's type, and older \
         events would not fit it any more once they are renamed; rename them when all older events are applied"
    );
    wait(what, ddl, out);
}

fn wait(what: String, ddl: Vec<String>, out: &mut Evolution) {
    let wait = Wait { what, ddl, stops: true };
    if !out.waits.contains(&wait) {
        out.waits.push(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{array, composite, enumeration, integer};

    fn compared(source: &Typed, target: &Typed) -> Evolution {
        let mut out = Evolution::default();
        compare(source, target, &Names::default(), &mut out);
        out
    }

    fn steps(wanted: &[&str], there: &[&str]) -> Vec<String> {
        let out = compared(&enumeration("shop", "mood", wanted), &enumeration("shop", "mood", there));
        assert!(!out.stops());
        out.automatic.into_iter().map(|step| step.sql).collect()
    }

    #[test]
    fn new_labels_are_added_where_the_source_has_them() {
        let add = |rest: &str| format!(r#"alter type "shop"."mood" add value if not exists {rest}"#);
        assert_eq!(steps(&["a", "b"], &["a", "b"]), [""; 0]);
        assert_eq!(steps(&["a", "x", "b", "y", "z"], &["a", "b"]), [add("'x' after 'a'"), add("'y' after 'b'"), add("'z' after 'y'")]);
        assert_eq!(steps(&["it's", "a"], &["a"]), [add("'it''s' before 'a'")]);
        assert_eq!(steps(&["a"], &[]), [add("'a'")]);
    }

    #[test]
    fn labels_that_only_the_target_has_are_left_alone() {
        assert_eq!(steps(&["a"], &["a", "own"]), [""; 0]);
    }

    #[test]
    fn a_renamed_label_waits_with_the_statement_to_read() {
        let out = compared(&enumeration("shop", "mood", &["a", "new"]), &enumeration("shop", "mood", &["a", "old"]));
        assert_eq!(out.waits[0].ddl, [r#"alter type "shop"."mood" rename value 'old' to 'new'"#]);
        assert!(out.stops() && out.automatic.is_empty());
        let out = compared(&enumeration("shop", "mood", &["a", "new", "more"]), &enumeration("shop", "mood", &["a", "old"]));
        assert!(out.stops() && out.waits[0].ddl.is_empty());
    }

    #[test]
    fn enumerations_inside_of_other_types_are_compared_too() {
        let of = |labels: &[&str]| array(&composite("shop", "place", &[("mood", enumeration("shop", "mood", labels))]));
        assert_eq!(compared(&of(&["a", "b"]), &of(&["a"])).automatic.len(), 1);
        let other = composite("shop", "place", &[("mood", enumeration("shop", "mood", &["a"])), ("more", integer())]);
        assert!(compared(&array(&other), &of(&["a"])).waits[0].what.contains("other attributes"));
    }
}
