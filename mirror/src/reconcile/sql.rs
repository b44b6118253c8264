//! The statements that ask one side of a comparison. Both sides compute the same checksums of the same texts. Keys travel as texts, and
//! Postgres casts each to the type of its column.

use crate::catalog::{Column, Relation, Table};
use crate::quote::quote_identifier as identifier;
use crate::tables::{cast_type, equals};

/// The texts that an expression of a side stands for.
#[derive(Debug, Clone)]
pub struct Statements {
    /// The table with its alias `t`.
    from: String,
    /// The key, each column with its name, its cast and its operator.
    key: Vec<(String, String, String)>,
    /// The texts of the compared columns.
    texts: Vec<String>,
    /// Whether texts are compared by their UTF-8, because the two databases have two encodings.
    by_utf8: bool,
}

impl Statements {
    /// The statements for a table, with these columns as its key, that compare these columns.
    #[must_use]
    pub fn new(table: &Table, key: &[&Column], columns: &[String], by_utf8: bool) -> Self {
        // A table that others inherit from has their rows too, of which there are events of their own.
        let only = if matches!(table.kind, Relation::Inherits | Relation::Inherited) { "only " } else { "" };
        let named = |name: &str| format!("t.{}", identifier(name));
        Self {
            from: format!("{only}{} t", table.name),
            key: key.iter().map(|column| (named(&column.name), cast_type(&column.type_.type_), equals(&column.type_))).collect(),
            texts: columns.iter().map(|name| format!("{}::text", named(name))).collect(),
            by_utf8,
        }
    }

    /// How many columns the key has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.key.len()
    }

    /// Number of rows and sum of the checksums in a range.
    #[must_use]
    pub fn digest(&self, after: bool, up_to: bool) -> String {
        format!("select count(*), coalesce(sum({}), 0)::text from {} where {}", self.checksum(), self.from, self.range(after, up_to))
    }

    /// Key and checksum of each row in a range.
    #[must_use]
    pub fn checksums(&self, after: bool, up_to: bool) -> String {
        format!("select {}, {} from {} where {}", self.key_texts(), self.checksum(), self.from, self.range(after, up_to))
    }

    /// The key that so many rows of the range stand before. The last parameter is the number.
    #[must_use]
    pub fn key_at(&self, after: bool, up_to: bool) -> String {
        let number = self.key.len() * (usize::from(after) + usize::from(up_to)) + 1;
        format!(
            "select {} from {} where {} order by {} offset ${number} limit 1",
            self.key_texts(),
            self.from,
            self.range(after, up_to),
            self.order()
        )
    }

    /// Key and checksum of the next rows behind a key, in the order of this side. The last parameter is the number of rows.
    #[must_use]
    pub fn next(&self, after: bool) -> String {
        let number = self.key.len() * usize::from(after) + 1;
        format!(
            "select {}, {} from {} where {} order by {} limit ${number}",
            self.key_texts(),
            self.checksum(),
            self.from,
            self.range(after, false),
            self.order()
        )
    }

    /// The rows that have these keys: the place of the key among the parameters, the key as this side writes it, the checksum.
    #[must_use]
    pub fn look(&self) -> String {
        format!("select u.n::int, {}, {} from {}", self.key_texts(), self.checksum(), self.joined())
    }

    /// The rows that have these keys: the place of the key among the parameters, and a checksum of each column. Values stay in the database.
    #[must_use]
    pub fn columns(&self) -> String {
        let sums: Vec<String> = self.texts.iter().map(|text| self.hash(text)).collect();
        format!("select u.n::int, array[{}]::bigint[] from {}", sums.join(", "), self.joined())
    }

    /// Number of rows and sum of the checksums by bucket, whatever the key.
    #[must_use]
    pub fn buckets(&self) -> String {
        format!(
            "select (sum & 255)::int, count(*), sum(sum)::text from (select {} as sum from {}) as x group by 1 order by 1",
            self.checksum(),
            self.from
        )
    }

    /// How often each checksum is in a bucket.
    #[must_use]
    pub fn bucket(&self) -> String {
        format!(
            "select sum, count(*) from (select {} as sum from {}) as x where (sum & 255)::int = $1 group by 1",
            self.checksum(),
            self.from
        )
    }

    fn checksum(&self) -> String {
        self.hash(&format!("array[{}]::text[]::text", self.texts.join(", ")))
    }

    /// The same number on every server: the collation is named, because the hash of a text depends on it.
    fn hash(&self, text: &str) -> String {
        let text = if self.by_utf8 { format!("encode(convert_to({text}, 'UTF8'), 'hex')") } else { format!("({text})") };
        format!("hashtextextended({text} collate \"C\", 0)")
    }

    fn key_texts(&self) -> String {
        let texts: Vec<String> = self.key.iter().map(|(name, ..)| format!("{name}::text")).collect();
        format!("array[{}]::text[]", texts.join(", "))
    }

    fn order(&self) -> String {
        let names: Vec<&str> = self.key.iter().map(|(name, ..)| name.as_str()).collect();
        names.join(", ")
    }

    fn range(&self, after: bool, up_to: bool) -> String {
        let mut first = 1;
        let mut bound = |operator: &str| {
            let casts: Vec<String> =
                self.key.iter().enumerate().map(|(at, (_, cast, _))| format!("${}::text::{cast}", first + at)).collect();
            first += self.key.len();
            format!("({}) {operator} ({})", self.order(), casts.join(", "))
        };
        let bounds = [after.then(|| bound(">")), up_to.then(|| bound("<="))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() { "true".to_owned() } else { bounds.join(" and ") }
    }

    /// The table, joined with the keys in the parameters.
    fn joined(&self) -> String {
        let arrays: Vec<String> = (1..=self.key.len()).map(|at| format!("${at}::text[]")).collect();
        let places: Vec<String> = (0..self.key.len()).map(|at| format!("k{at}")).collect();
        let same = self.key.iter().enumerate().map(|(at, (name, cast, equals))| format!("{name} {equals} u.k{at}::{cast}"));
        format!(
            "unnest({}) with ordinality as u ({}, n) join {} on {}",
            arrays.join(", "),
            places.join(", "),
            self.from,
            same.collect::<Vec<_>>().join(" and ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::examples::{column, integer, keyed, table, text};

    #[test]
    fn a_range_of_a_key_of_two_columns_is_compared_as_a_row() {
        let table = keyed(table(vec![column("b", integer()), column("A", text())]), &["A", "b"]);
        let key: Vec<&Column> = table.key_columns().collect();
        let statements = Statements::new(&table, &key, &["b".to_owned()], false);
        assert!(
            statements.key_at(true, true).ends_with(
                r#"where (t."A", t."b") > ($1::text::text, $2::text::integer) and (t."A", t."b") <= ($3::text::text, $4::text::integer) order by t."A", t."b" offset $5 limit 1"#
            ),
            "{}",
            statements.key_at(true, true)
        );
        assert!(statements.digest(false, false).ends_with("where true"));
        assert!(statements.columns().contains(r#"array[hashtextextended((t."b"::text) collate "C", 0)]"#), "{}", statements.columns());
    }
}
