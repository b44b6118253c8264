//! A row of an event and its columns.

use smol_str::SmolStr;

use super::cells::{self, Cells, Names};
use super::field::Field;
use crate::rejection::Rejection;
use crate::value::Text;

/// The placeholder for a TOAST value that did not change
/// (<https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-toasted-values>).
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// A row with its columns as unread JSON.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The object that holds the row, for messages.
    pub(super) place: &'static str,
    pub(super) names: Names<'a>,
    pub(super) cells: Cells<&'a str>,
}

/// The row before the event, which has the unchanged TOAST values if the table's replica identity is full.
///
/// The row stays unread until a value is needed, because hardly any event needs one.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    pub(super) names: Names<'a>,
    pub(super) raw: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// Whether the row has none of the columns.
    pub(super) fn is_empty(&self) -> bool {
        (0..self.names.len()).all(|at| self.cells.get(at).is_none())
    }

    /// Whether the row has a column that is not among the names, because the table has changed since they were read.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.cells.has_others()
    }

    /// The row's id: the first of the names.
    #[must_use]
    #[inline]
    pub fn id(&self) -> Field<'a> {
        self.field(0)
    }

    /// The column at this place among the names.
    #[must_use]
    #[inline]
    pub fn field(&self, at: usize) -> Field<'a> {
        Field { place: self.place, name: self.names.get(at).map(SmolStr::as_str).unwrap_or_default(), raw: self.cells.get(at) }
    }

    /// Reads a text column. An unchanged TOAST value is taken from `before`.
    ///
    /// # Errors
    /// If the column is no text.
    #[inline]
    pub fn text(&self, at: usize, before: Before<'a>) -> Result<Text, Rejection> {
        let field = self.field(at);
        if field.raw.is_none() {
            return Ok(Text::Unchanged);
        }
        Ok(match field.optional_text()? {
            None => Text::Null,
            Some(text) if text == UNAVAILABLE => before.text(at)?.map_or(Text::Unchanged, Text::Value),
            Some(text) => Text::Value(text.into()),
        })
    }
}

impl<'a> Before<'a> {
    /// Whether the event says nothing of the row before it: the row was made, or the source does not send it.
    #[must_use]
    pub fn is_absent(self) -> bool {
        self.raw.is_none_or(|raw| raw == "null")
    }

    /// The columns that the event says the row had. With `REPLICA IDENTITY DEFAULT` only those of the key are the row's.
    ///
    /// # Errors
    /// If the row is no object.
    pub fn columns(self) -> Result<Row<'a>, Rejection> {
        self.row()
    }

    /// The columns. All of them are absent if there is no row.
    pub(super) fn row(self) -> Result<Row<'a>, Rejection> {
        let cells = self.raw.map(|raw| cells::parse("before", raw, self.names)).transpose()?.flatten();
        Ok(Row { place: "before", names: self.names, cells: cells.unwrap_or_default() })
    }

    /// The text of a column that may have been stored out of line. An empty text was not: where `before` holds only the replica identity,
    /// Debezium fills the other columns that cannot be null with empty values.
    fn text(self, at: usize) -> Result<Option<SmolStr>, Rejection> {
        let text = self.row()?.field(at).optional_text()?;
        Ok(text.filter(|text| !text.is_empty() && text != UNAVAILABLE).map(SmolStr::from))
    }
}
