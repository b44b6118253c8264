use super::*;
use crate::value::kind::tests::base;

fn delivery(type_: &TypeFacts<'_>, modes: &Modes) -> Option<Delivery> {
    loss(type_, modes).map(|loss| loss.delivery)
}

#[test]
fn a_plain_type_loses_nothing_unless_something_else_in_its_schema_has_its_name() {
    let modes = Modes::default();
    for name in ["int8", "text", "jsonb", "uuid", "numeric", "timestamptz", "bytea", "hstore", "tsquery"] {
        assert_eq!(delivery(&base(name), &modes), None, "{name}");
        assert_eq!(delivery(&TypeFacts { is_shadowed: true, ..base(name) }, &modes), Some(Delivery::Lossy), "{name}");
    }
}

#[test]
fn a_setting_that_mends_a_loss_is_named() {
    let decimal = Modes { decimal: DecimalMode::Double, ..Modes::default() };
    let unknown = Modes { include_unknown: false, ..Modes::default() };
    for (name, modes, mended_by) in [
        ("numeric", &decimal, Some("decimal.handling.mode=string")),
        ("tsquery", &unknown, Some("include.unknown.datatypes=true")),
        ("varbit", &Modes::default(), None),
    ] {
        assert_eq!(loss(&base(name), modes).and_then(|loss| loss.mended_by), mended_by, "{name}");
    }
}

#[test]
fn an_unchanged_value_is_null_where_its_placeholder_has_no_form() {
    let (text, float) = (base("text"), base("float8"));
    let texts = TypeFacts { form: TypeForm::Array(&text), ..base("_text") };
    let floats = TypeFacts { form: TypeForm::Array(&float), ..base("_float8") };
    let is_null = |type_: &TypeFacts<'_>| is_null_if_unchanged(type_, &Modes::default());
    assert_eq!([is_null(&text), is_null(&texts), is_null(&floats), is_null(&base("varbit"))], [false, false, true, true]);
}
