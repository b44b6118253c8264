//! Tests that decoding ends with a change, nothing to do, or a reason, whatever the bytes are.

use proptest::prelude::*;

use super::*;

/// Decodes a record in every way there is.
fn decode(key: Option<Vec<u8>>, value: Option<Vec<u8>>) {
    let record = Record { key: key.map(Into::into), value, ..record(None, None) };
    for format in [Format::Envelope, Format::Flat] {
        for decimal_scale in [None, Some(2), Some(u32::MAX)] {
            let decoder = Decoder { decimal_scale, ..decoder(format) };
            let _ = decoder.order(&record);
            let _ = decoder.customer(&record);
        }
    }
}

/// JSON made of the words of events, mostly in wrong places.
pub(super) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        "-?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][+-]?[0-9]{1,12})?",
        "[+-]?[0-9]{0,9}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.Z+-]{0,20}".prop_map(|text| format!("\"{text}\"")),
        "[A-Za-z0-9+/]{0,30}={0,2}".prop_map(|text| format!("\"{text}\"")),
        "\\PC{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let name = prop::sample::select(vec![
        "before",
        "after",
        "source",
        "op",
        "schema",
        "payload",
        "id",
        "customer_id",
        "product_id",
        "quantity",
        "price",
        "status",
        "created_at",
        "name",
        "sequence",
        "lsn",
        "snapshot",
        "fields",
        "field",
        "parameters",
        "scale",
        "value",
        "__deleted",
        "__op",
        "__lsn",
        "__source_sequence",
        "serverName",
    ]);
    leaf.prop_recursive(5, 60, 10, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(name.clone(), inner, 0..10).prop_map(|fields| {
                let fields: Vec<_> = fields.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn on_arbitrary_bytes(key: Option<Vec<u8>>, value: Option<Vec<u8>>) {
        decode(key, value);
    }

    #[test]
    fn on_arbitrary_json(key in json(), value in json()) {
        decode(Some(key.into_bytes()), Some(value.into_bytes()));
    }

    #[test]
    fn on_arbitrary_columns(json in json(), column in prop::sample::select(vec!["id", "quantity", "price", "status", "created_at"])) {
        let row = row_with(column, &json);
        decode(None, Some(row.clone().into_bytes()));
        decode(Some(json.into_bytes()), Some(envelope("c", &row, &row).into_bytes()));
    }

    #[test]
    fn on_a_damaged_event(at in any::<prop::sample::Index>(), byte: u8, cut: bool) {
        let mut event = envelope("u", ROW, ROW).into_bytes();
        let at = at.index(event.len());
        event[at] = byte;
        if cut {
            event.truncate(at);
        }
        decode(Some(br#"{"id":17}"#.to_vec()), Some(event));
    }
}
