//! The columns of a row that count, as unread JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::json;
use crate::rejection::Rejection;

/// The names of the columns that count, each once; where the job has one table, the first is the id of the row.
pub type Names<'n> = &'n [SmolStr];

/// The columns of a row in the order of their names. Each holds unread JSON, or its place in a layout; `None` is an absent column, while
/// `null` is a value like others. Columns without a name in the list are passed over, so that the source may add columns.
#[derive(Debug, Clone)]
pub(super) struct Cells<V> {
    values: SmallVec<[Option<V>; 8]>,
    /// Whether the row has a column that is not among the names.
    others: bool,
}

impl<V> Default for Cells<V> {
    fn default() -> Self {
        Self { values: SmallVec::new(), others: false }
    }
}

impl<V> Cells<V> {
    /// The same columns, each turned into something else.
    pub(super) fn map<W: Copy>(self, mut of: impl FnMut(V) -> W) -> Cells<W> {
        let mut values = SmallVec::from_elem(None, self.values.len());
        for (to, cell) in values.iter_mut().zip(self.values) {
            *to = cell.map(&mut of);
        }
        Cells { values, others: self.others }
    }

    /// The same columns, each borrowed and turned into something else.
    pub(super) fn each<W: Copy>(&self, mut of: impl FnMut(&V) -> W) -> Cells<W> {
        let mut values = SmallVec::from_elem(None, self.values.len());
        for (to, cell) in values.iter_mut().zip(&self.values) {
            *to = cell.as_ref().map(&mut of);
        }
        Cells { values, others: self.others }
    }
}

impl<V: Copy> Cells<V> {
    /// The column at this place among the names.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<V> {
        self.values.get(at).copied().flatten()
    }

    /// Whether the row has a column that is not among the names.
    pub(super) fn has_others(&self) -> bool {
        self.others
    }
}

/// Parses the row in the text of `what`; `None` if it is null.
pub(super) fn parse<'a>(what: &str, text: &'a str, names: Names<'_>) -> Result<Option<Cells<&'a str>>, Rejection> {
    let cells = json::parse_seed(what, text, Seed(names))?;
    Ok(cells.map(|cells| cells.map(RawValue::get)))
}

/// Reads an object with these names, or null.
pub(super) struct Seed<'n>(pub(super) Names<'n>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Cells<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Cells<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let mut cells: Cells<&RawValue> = Cells { values: SmallVec::from_elem(None, self.0.len()), others: false };
        // A table's columns come in one order in all its events, so the next name is mostly the one after the last.
        let mut next = 0;
        while let Some(known) = row.next_key_seed(Name { names: self.0, next })? {
            let Some(at) = known else {
                cells.others = true;
                row.next_value::<IgnoredAny>()?;
                continue;
            };
            if cells.values[at].replace(row.next_value()?).is_some() {
                return Err(Error::custom("a column stands there twice"));
            }
            next = at + 1;
        }
        Ok(Some(cells))
    }
}

/// Reads a name and returns its place among the names that count.
struct Name<'n> {
    names: Names<'n>,
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        if self.names.get(self.next).is_some_and(|next| next == name) {
            return Ok(Some(self.next));
        }
        Ok(self.names.iter().position(|known| known == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = &[SmolStr::new_static("id"), SmolStr::new_static("status"), SmolStr::new_static("name")];

    fn cells(text: &str) -> Option<Vec<Option<&str>>> {
        Some(parse("value", text, NAMES).unwrap()?.values.into_vec())
    }

    #[test]
    fn columns_are_found_in_any_order_and_others_are_passed_over() {
        let expected = Some(vec![Some("7"), None, Some("null")]);
        for text in [r#"{"id":7,"name":null}"#, r#"{"name":null,"x":{"id":1},"id":7}"#, r#"{"x":[], "id" : 7, "n\u0061me" : null }"#] {
            assert_eq!(cells(text), expected, "{text}");
        }
        assert_eq!(cells("null"), None);
    }

    #[test]
    fn a_column_that_stands_there_twice_is_refused_as_is_what_is_no_object() {
        for text in [r#"{"id":7,"id":7}"#, "[7]", "7", "\"id\"", r#"{"id":}"#] {
            assert!(parse("value", text, NAMES).is_err(), "{text}");
        }
    }
}
