//! Lists of rows in a report: all are counted, the first are listed by what identifies them. Never a value beside that (P11).

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

/// The rows of one kind of difference: all are counted, the first are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<I, C> {
    /// How many there are.
    pub count: u64,
    /// The first that were counted.
    pub first: Vec<Example<I, C>>,
}

/// A row that is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example<I, C> {
    /// What identifies the row.
    #[serde(flatten)]
    pub id: I,
    /// The columns that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<C>,
}

impl<I, C> Default for Listed<I, C> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<I, C> Listed<I, C> {
    /// Counts one more, and lists it while fewer than `limit` are listed.
    pub fn add(&mut self, limit: usize, id: impl Into<I>, columns: Vec<C>) {
        self.count += 1;
        if self.first.len() < limit {
            self.first.push(Example { id: id.into(), columns });
        }
    }
}

impl<I: fmt::Display, C: Borrow<str>> fmt::Display for Listed<I, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Example { id, columns }) in self.first.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{id}")?;
            if !columns.is_empty() {
                write!(f, " ({})", columns.join(", "))?;
            }
        }
        if self.count > self.first.len() as u64 { write!(f, ", ..") } else { Ok(()) }
    }
}
