//! Tests that an event which looks like an earlier one is read as the parser reads it.

use proptest::prelude::*;

use super::never_panics::json;
use super::*;

/// What an event says, read alone and read after others.
fn both_ways(before: &[&str], value: &str) -> [Result<Decoded<OrderChange>, Rejection>; 2] {
    let (decoder, mut layouts) = (decoder(Format::Envelope), Layouts::default());
    for value in before {
        let _ = decoder.order_among(&record(None, Some(value)), &mut layouts);
    }
    let record = record(None, Some(value));
    [decoder.order(&record), decoder.order_among(&record, &mut layouts)]
}

fn with_schema(envelope: &str) -> String {
    format!(r#"{{"schema":{{"type":"struct","fields":[{{"field":"id","optional":false}}],"version":2}}, "payload": {envelope} }}"#)
}

#[test]
fn an_event_like_one_before_is_read_without_the_parser() {
    let events = [envelope("c", "null", ROW), envelope("u", ROW, ROW), with_schema(&envelope("u", ROW, ROW)), envelope("d", ROW, "null")];
    for event in &events {
        let mut layouts = Layouts::default();
        assert!(!layouts.know(event));
        let decoder = decoder(Format::Envelope);
        let first = decoder.order_among(&record(None, Some(event)), &mut layouts);
        let other = event.replace("17", "9").replace("19.99", "4.5").replace("CUST005", r#"\"C\" é"#).replace("24023128", "7");
        assert!(layouts.know(&other), "parsed again: {other}");
        let [alone, among] = both_ways(&[event], &other);
        assert_eq!(alone, among);
        assert!(alone.is_ok() && alone != first, "{alone:?}");
    }
}

#[test]
fn several_layouts_are_known_at_a_time() {
    let mut layouts = Layouts::default();
    let events =
        [envelope("c", "null", ROW), envelope("u", ROW, ROW), envelope("d", ROW, "null"), with_schema(&envelope("c", "null", ROW))];
    for event in &events {
        let _ = decoder(Format::Envelope).order_among(&record(None, Some(event)), &mut layouts);
    }
    assert!(events.iter().all(|event| layouts.know(event)));
}

#[test]
fn what_only_the_parser_can_judge_is_left_to_it() {
    let known = envelope("c", "null", ROW);
    for value in
        ["07", "-", "7.5", "7e1", "--7", "7a", "true", "null", "\"7", "\"\u{1}\"", r#""\x""#, r#""\u0000""#, r#""\ud800""#, "{}", "[7]", ""]
    {
        let event = known.replace(r#""quantity":7"#, &format!(r#""quantity":{value}"#));
        let mut layouts = Layouts::default();
        let _ = decoder(Format::Envelope).order_among(&record(None, Some(&known)), &mut layouts);
        assert!(!layouts.know(&event), "{value}");
        let [alone, among] = both_ways(&[&known], &event);
        assert_eq!(alone, among, "{value}");
    }
    for event in [format!("{known} "), format!("{known}}}"), known[..known.len() - 1].to_owned(), known.replace("price", "prixe")] {
        let [alone, among] = both_ways(&[&known], &event);
        assert_eq!(alone, among, "{event}");
    }
}

proptest! {
    #[test]
    fn whatever_its_columns_are(json in json(), first in json(), column in prop::sample::select(vec!["id", "quantity", "status", "created_at", "x"])) {
        let (row, like) = (row_with(column, &json), row_with(column, &first));
        for event in [envelope("c", "null", &row), envelope("u", &row, ROW), with_schema(&envelope("u", ROW, &row))] {
            let before = [envelope("c", "null", &like), envelope("u", &like, ROW), with_schema(&envelope("u", ROW, &like))];
            let [alone, among] = both_ways(&before.each_ref().map(String::as_str), &event);
            prop_assert_eq!(alone, among);
        }
    }

    #[test]
    fn whatever_is_damaged(at in any::<prop::sample::Index>(), by in prop::sample::select(br#""\,:{}[]0-1.eEntfu /"#.to_vec()), update: bool) {
        let known = if update { envelope("u", ROW, ROW) } else { envelope("c", "null", ROW) };
        let mut event = known.clone().into_bytes();
        let at = at.index(event.len());
        event[at] = by;
        let event = String::from_utf8(event).unwrap();
        let [alone, among] = both_ways(&[&known], &event);
        prop_assert_eq!(alone, among);
    }

    #[test]
    fn whatever_its_texts_are(text in "\\PC{0,40}", first in "\\PC{0,40}", raw: bool) {
        let quoted = |text: &str| if raw { format!("\"{text}\"") } else { serde_json::to_string(text).unwrap() };
        let event = |text: &str| envelope("c", "null", ROW).replace(r#""PROD500""#, &quoted(text));
        let [alone, among] = both_ways(&[&event(&first)], &event(&text));
        prop_assert_eq!(alone, among);
    }

    #[test]
    fn whatever_json_comes_after_whatever_json(first in json(), second in json()) {
        let [alone, among] = both_ways(&[&first], &second);
        prop_assert_eq!(alone, among);
        let [alone, among] = both_ways(&[&second], &second);
        prop_assert_eq!(alone, among);
    }
}
