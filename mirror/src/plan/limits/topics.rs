//! Tables whose topics have one name, because a topic's name has fewer characters than a table's.

use std::collections::HashMap;

use super::{Grade, Limit};
use crate::catalog::{Table, TableName};

/// The topic of the table behind the connector's prefix. Debezium writes `_` for each UTF-16 unit that is no ASCII letter, digit, dot, hyphen
/// or underscore (`TopicNamingStrategy.sanitizedTopicName`).
#[must_use]
pub fn topic(table: &TableName) -> String {
    let name = format!("{}.{}", table.schema, table.table);
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().flat_map(|c| std::iter::repeat_n(if is_valid(c) { c } else { '_' }, c.len_utf16())).collect()
}

pub(super) fn limits(tables: &[Table]) -> Vec<Limit> {
    let mut by_topic: HashMap<String, Vec<&TableName>> = HashMap::new();
    for table in tables {
        by_topic.entry(topic(&table.name)).or_default().push(&table.name);
    }
    let shared = by_topic.into_iter().filter(|(_, tables)| tables.len() > 1);
    shared.flat_map(|(topic, tables)| tables.clone().into_iter().map(move |table| shares(table, &topic, &tables))).collect()
}

fn shares(table: &TableName, topic: &str, tables: &[&TableName]) -> Limit {
    let others: Vec<String> = tables.iter().filter(|other| **other != table).map(ToString::to_string).collect();
    let what = format!(
        "its changes go to one topic (..{topic}) with those of {}, because Debezium writes _ for what a topic's name cannot have; the events name their \
         tables, but if that topic is compacted, a row of one table removes the row of the other with the same key: do not compact the topic, or \
         rename the table",
        others.join(" and ")
    );
    Limit { table: table.clone(), grade: Grade::Partly, what }
}
