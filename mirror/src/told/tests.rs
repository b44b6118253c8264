//! What records tell of their tables.

use change::record::Record;

use super::*;

const READER: EventReader = EventReader { format: Format::Envelope, epoch: 0, max_record_bytes: 1 << 20 };

fn told(types: Types, key: &str, value: &str) -> Result<Vec<String>, String> {
    let key = (!key.is_empty()).then(|| key.as_bytes().into());
    let (topic, headers) = ("cdc.public.a".into(), change::record::Headers::default());
    let record = Record { topic, partition: 0, offset: 0, timestamp_ms: None, key, value: Some(value.as_bytes().to_vec()), headers };
    match Told::by(&record, &TableName::new("public", "a"), &READER, types, &|column| column == "secret") {
        Told::Nothing => Ok(Vec::new()),
        Told::Untold(why) | Told::Partly(_, why) => Err(why),
        Told::Table(table) => {
            let columns = table.columns.iter().map(|column| format!("{} {}", column.name, column.sql_type));
            Ok(columns.chain([format!("key {:?}", table.key)]).collect())
        }
    }
}

#[test]
fn a_record_tells_names_and_key_and_its_schema_the_types() {
    let event = |op: &str, row: &str| format!(r#"{{"before":null,"after":{row},"source":{{"schema":"public","table":"a"}},"op":"{op}"}}"#);
    let row = r#"{"z":"x","id":1,"tags":["a"],"at":null}"#;
    let texts = ["z text", "id text", "tags jsonb", "at text", "key [1]"].map(ToOwned::to_owned).to_vec();
    assert_eq!(told(Types::Text, r#"{"id":1}"#, &event("c", row)), Ok(texts));
    let wrapped_key = r#"{"schema":{"type":"struct"},"payload":{"id":1}}"#;
    assert_eq!(told(Types::Text, wrapped_key, &event("c", row)).unwrap().last().unwrap(), "key [1]");
    assert_eq!(told(Types::Text, "", &event("c", row)).unwrap().last().unwrap(), "key []");
    assert_eq!(told(Types::Text, "", &event("t", "null")), Ok(vec![]));
    assert_eq!(told(Types::Catalog, r#"{"id":1}"#, &event("c", row)), Ok(vec![]));
    assert!(told(Types::Text, r#"{"other":1}"#, &event("c", row)).unwrap_err().contains("the key other, which is no column"));
    assert!(told(Types::Text, "1", &event("c", row)).unwrap_err().contains("is no object"));
    assert!(told(Types::Schema, r#"{"id":1}"#, &event("c", row)).unwrap_err().contains("value.converter.schemas.enable=true"));
    let of_another = event("c", row).replace(r#""table":"a""#, r#""table":"b""#);
    assert_eq!(told(Types::Text, r#"{"id":1}"#, &of_another), Ok(vec![]));
    let schema = r#"{"type":"struct","fields":[{"type":"struct","field":"after","fields":[{"type":"int32","field":"id"},{"type":"int32","name":"io.debezium.time.Date","field":"at"}]}]}"#;
    let with_schema = format!(r#"{{"schema":{schema},"payload":{}}}"#, event("c", r#"{"id":1,"at":null}"#));
    assert_eq!(told(Types::Schema, r#"{"id":1}"#, &with_schema), Ok(["id integer", "at date", "key [0]"].map(ToOwned::to_owned).to_vec()));
    let with_secret = event("c", r#"{"id":1,"secret":"s"}"#);
    assert_eq!(told(Types::Text, r#"{"id":1}"#, &with_secret), Ok(["id text", "key [0]"].map(ToOwned::to_owned).to_vec()));
    // A type that is not told lets the table wait only where the target lacks it, and its key is not known then.
    let unknown = with_schema
        .replace("io.debezium.time.Date", "com.example.Day")
        .replace(r#""type":"int32","field":"id""#, r#""type":"map","field":"id""#);
    assert!(told(Types::Schema, r#"{"id":1}"#, &unknown).unwrap_err().contains("does not tell every type"));
}
