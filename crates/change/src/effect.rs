//! What one event makes of one row: the row's new state, or its removal.

use crate::position::Position;

/// What an event makes of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<T> {
    /// The row now has this state (create, update, snapshot read).
    Put(T),
    /// The row is gone.
    Delete,
}

/// One decoded change event: the row's id, what becomes of the row, and where the event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<Id, T> {
    /// The row's primary key.
    pub id: Id,
    /// What becomes of the row.
    pub effect: Effect<T>,
    /// Where the event stands among the others of this row (P5).
    pub position: Position,
}
