//! Reads a record into a change of a row of a known table. The functions are pure: the same bytes and the same layout always give the same change.

use std::fmt::Write as _;

use change::envelope::{
    Before, EventReader, Field, KeyColumns, Layouts, Row, Schema, SourceTable, TableAction, TableEvent, column_names, columns_of,
};
use change::position::{Origin, Position};
use change::record::Record;
use change::rejection::Rejection;

use crate::connect_types::{self, ConnectTypes};
use crate::layout::Layout;
use crate::plan;
use crate::settings::Types;
use crate::value::{Cell, Mismatch, Modes, Placeholder, cell};

mod keyless;

pub use keyless::{Cells, Place, RowEvent};

/// A value that `before` has and that is shorter than this was never stored out of line: a value as short as the pointer to it stays in its row.
/// Where `before` holds only the identity, Debezium fills the other columns with short values of its own.
const OUT_OF_LINE: usize = 24;

/// Why a change of the primary key is refused where the records have another key. Debezium makes a delete and a create only of a change of the records'
/// key, and one update of this change, which says nothing to the partition of the old row.
const MOVED: &str = "op: an update of the primary key in a topic whose records have another key; leave message.key.columns out, or delete the row and insert \
                     it anew";

/// How the events of a source are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The shape of the values, the epoch, the largest record.
    pub reader: EventReader,
    /// Where the types of columns come from.
    types: Types,
    /// How the connector writes values that it may leave out.
    modes: Modes,
    /// The same of values that it never leaves out, so that a value which looks like the placeholder is a value.
    whole: Modes,
}

impl Reading {
    /// Events are read by this reader, and values as the connector writes them with these settings.
    #[must_use]
    pub fn new(reader: EventReader, modes: Modes, types: Types) -> Self {
        let whole = Modes { placeholder: Placeholder::none(), ..modes.clone() };
        Self { reader, types, modes, whole }
    }

    /// Where the types of columns come from.
    #[must_use]
    pub fn types(&self) -> Types {
        self.types
    }

    /// How the connector writes values.
    #[must_use]
    pub fn modes(&self) -> &Modes {
        &self.modes
    }
}

/// What a record is to its table.
#[derive(Debug, PartialEq)]
pub enum Decoded<'a> {
    /// The row has these cells now, one for each column of the layout; `None` is a column that the event does not have.
    Put {
        /// The text by which two events of one row are known.
        id: String,
        /// The cells.
        cells: Vec<Option<Cell<'a>>>,
        /// Where the event stands.
        position: Position,
        /// Whether the event has columns that the layout does not know.
        has_others: bool,
    },
    /// The row with these cells in the columns of its key is gone.
    Delete {
        /// The text by which two events of one row are known.
        id: String,
        /// The cells of the key, in its order.
        key: Vec<Cell<'a>>,
        /// Where the event stands.
        position: Position,
    },
    /// Rows of a table without a key have come or gone.
    Row(RowEvent<'a>),
    /// The key of the record has other columns than the layout's: the key of the source's table has changed.
    AnotherKey,
    /// The schema of the event gives a column another type than those before.
    AnotherShape,
    /// The table was emptied.
    Truncate(Position),
    /// There is nothing to do.
    Ignored,
}

/// Which table an event is about, if it is not that of the layout.
#[derive(Debug, PartialEq)]
pub enum Outcome<'a> {
    /// The event is about the table of the layout.
    Own(Decoded<'a>),
    /// The event is about another table: its schema and its name.
    Other(String, String),
}

impl Reading {
    /// Reads a record as an event of `layout`'s table.
    ///
    /// # Errors
    /// The reason why the record can never be processed.
    pub fn decode<'a>(
        &self,
        record: &'a Record,
        layout: &'a Layout,
        shapes: &mut Layouts,
        types: &mut ConnectTypes,
    ) -> Result<Outcome<'a>, Rejection> {
        let Some(event) = self.reader.table_event(record, layout.names(), Some(shapes))? else { return Ok(Outcome::Own(Decoded::Ignored)) };
        if let Some((schema, table)) = other_table(&event.table, layout) {
            return Ok(Outcome::Other(schema, table));
        }
        self.change(record, layout, event, types).map(Outcome::Own)
    }

    /// The columns of a record's row that the layout does not know.
    #[must_use]
    pub fn other_columns(&self, record: &Record, layout: &Layout) -> Vec<String> {
        let all = record.value.as_deref().map(|value| column_names(value, self.reader.format)).unwrap_or_default();
        all.into_iter().filter(|name| !layout.names().iter().any(|known| known == name)).collect()
    }

    fn change<'a>(
        &self,
        record: &'a Record,
        layout: &'a Layout,
        event: TableEvent<'a>,
        types: &mut ConnectTypes,
    ) -> Result<Decoded<'a>, Rejection> {
        let TableEvent { schema, .. } = event;
        if types.follow(schema)? && self.types == Types::Schema && !is_described(layout, schema) {
            return Ok(Decoded::AnotherShape);
        }
        if layout.key.is_empty() {
            let is_of_row = event.position.kind != Origin::Tombstone && !matches!(event.action, TableAction::Truncate);
            let is_keyed = layout.keyed_alike && is_of_row && !has_the_key(record, layout)?;
            return if is_keyed { Ok(Decoded::AnotherKey) } else { self.keyless(layout, event, types) };
        }
        let TableEvent { action, position, .. } = event;
        match action {
            TableAction::Truncate => Ok(Decoded::Truncate(position)),
            TableAction::Put { .. } if layout.keyed_alike && !has_the_key(record, layout)? => Ok(Decoded::AnotherKey),
            TableAction::Put { after, before, is_whole, .. } => {
                let cells = self.cells(layout, &after, before, is_whole, types)?;
                let id = self.id(layout, |place| cells.get(place).and_then(Option::as_ref))?;
                if !layout.keyed_alike && layout.has_old_row && !before.is_absent() && self.id_before(layout, before, types)? != id {
                    return Err(Rejection::unsupported(MOVED));
                }
                Ok(Decoded::Put { id, cells, position, has_others: after.has_others() })
            }
            // A delete by another key names its row by columns that the layout does not know, and what the row was before may be invented.
            TableAction::Delete { before } if layout.keyed_alike && !before.is_absent() && !has_the_key(record, layout)? => {
                Ok(Decoded::AnotherKey)
            }
            TableAction::Delete { before } => {
                let key = self.key(record, layout, before, types)?;
                let id = self.id(layout, |place| layout.key.iter().position(|at| *at == place).and_then(|at| key.get(at)))?;
                Ok(Decoded::Delete { id, key, position })
            }
        }
    }

    /// The cells of a row, one for each column.
    fn cells<'a>(
        &self,
        layout: &Layout,
        after: &Row<'a>,
        before: Before<'a>,
        is_whole: bool,
        types: &ConnectTypes,
    ) -> Result<Vec<Option<Cell<'a>>>, Rejection> {
        let modes = if is_whole { &self.whole } else { &self.modes };
        let mut cells = Vec::with_capacity(layout.columns.len());
        for (at, column) in layout.columns.iter().enumerate() {
            let field = after.field(at);
            let Some(raw) = field.raw.filter(|_| column.written) else {
                cells.push(column.missing.clone().filter(|_| column.written).map(|missing| Cell::Text(missing.into())));
                continue;
            };
            let read = cell(&column.kind, raw, modes, types.get(&column.name)).map_err(|mismatch| rejected(field, &mismatch))?;
            cells.push(Some(match read {
                Cell::Unchanged => self.before(layout, at, before, types)?.unwrap_or(Cell::Unchanged),
                // A value that became null is taken for an unchanged one: a stored value that is lost cannot be brought back.
                Cell::Null if column.null_if_unchanged && !is_whole => Cell::Unchanged,
                other => other,
            }));
        }
        Ok(cells)
    }

    /// The value before the event of a column that the event leaves out, if the source sends it.
    fn before<'a>(&self, layout: &Layout, at: usize, before: Before<'a>, types: &ConnectTypes) -> Result<Option<Cell<'a>>, Rejection> {
        let field = before.columns()?.field(at);
        let Some(raw) = field.raw.filter(|raw| raw.len() >= OUT_OF_LINE) else { return Ok(None) };
        let column = &layout.columns[at];
        // The row before the event leaves nothing out. What looks like the placeholder there is a value.
        let read = cell(&column.kind, raw, &self.whole, types.get(&column.name)).map_err(|mismatch| rejected(field, &mismatch))?;
        Ok(Some(read))
    }

    /// The cells of the key of a row that is gone: from the record's key, and without one from the row before the event.
    fn key<'a>(
        &self,
        record: &'a Record,
        layout: &'a Layout,
        before: Before<'a>,
        types: &ConnectTypes,
    ) -> Result<Vec<Cell<'a>>, Rejection> {
        let fields = match columns_of(record, layout.key_names()) {
            Ok(KeyColumns::Columns { fields, .. }) => fields,
            Err(rejection) if before.is_absent() || !layout.has_old_row => return Err(rejection),
            Ok(KeyColumns::Absent) | Err(_) => {
                let row = before.columns()?;
                layout.key.iter().map(|at| row.field(*at)).collect()
            }
        };
        let mut cells = Vec::with_capacity(layout.key.len());
        for at in &layout.key {
            let column = &layout.columns[*at];
            // A bare key has one column without a name.
            let field =
                fields.iter().find(|field| field.name == column.name).or_else(|| fields.first().filter(|field| field.name.is_empty()));
            let field = match field {
                Some(field) => *field,
                // The connector may give records another key than the table has, while the row before the event has the table's.
                None if layout.has_old_row => before.columns()?.field(*at),
                None => Field { place: "key", name: &column.name, raw: None },
            };
            let raw = field.raw.ok_or_else(|| {
                Rejection::invalid(format!(
                    "key: the column {} is missing; the topic's key must be the key of the target's table",
                    column.name
                ))
            })?;
            cells.push(cell(&column.kind, raw, &self.whole, types.get(&column.name)).map_err(|mismatch| rejected(field, &mismatch))?);
        }
        Ok(cells)
    }

    /// The same of the row before the event.
    fn id_before(&self, layout: &Layout, before: Before<'_>, types: &ConnectTypes) -> Result<String, Rejection> {
        let row = before.columns()?;
        let mut key = Vec::with_capacity(layout.key.len());
        for at in &layout.key {
            let (column, field) = (&layout.columns[*at], row.field(*at));
            let raw = field.raw.ok_or_else(|| field.missing())?;
            key.push(cell(&column.kind, raw, &self.whole, types.get(&column.name)).map_err(|mismatch| rejected(field, &mismatch))?);
        }
        self.id(layout, |place| layout.key.iter().position(|at| *at == place).and_then(|at| key.get(at)))
    }

    /// The text by which two events of one row are known: the texts of the key, each with its length.
    fn id<'c, 'a: 'c>(&self, layout: &Layout, cell: impl Fn(usize) -> Option<&'c Cell<'a>>) -> Result<String, Rejection> {
        let mut id = String::new();
        for at in &layout.key {
            let name = &layout.columns[*at].name;
            match cell(*at) {
                Some(Cell::Text(text)) if layout.key.len() == 1 => id.push_str(text),
                Some(Cell::Text(text)) => drop(write!(id, "{}:{text}", text.len())),
                Some(Cell::Null) | None => return Err(Rejection::invalid(format!("{name}: missing or null, and it is part of the key"))),
                Some(Cell::Unchanged) => {
                    return Err(Rejection::invalid(format!("{name}: left out as an unchanged value, and it is part of the key")));
                }
            }
        }
        Ok(id)
    }
}

/// Whether the table has taken the types that the schema gives to its columns.
fn is_described(layout: &Layout, schema: Schema<'_>) -> bool {
    let columns = connect_types::columns(schema).unwrap_or_default();
    let mut known = columns.into_iter().filter(|(name, _)| layout.columns.iter().any(|column| column.written && column.name == *name));
    known.all(|(name, type_)| plan::sql_type(&type_).is_none_or(|sql_type| layout.described.contains(&(name, sql_type))))
}

/// Whether the key of the record has the columns of the layout's key, and no others. A record without a key says nothing of it.
fn has_the_key(record: &Record, layout: &Layout) -> Result<bool, Rejection> {
    if layout.key.is_empty() {
        return Ok(record.key.is_none());
    }
    Ok(match columns_of(record, layout.key_names()) {
        Ok(KeyColumns::Columns { fields, has_others }) => {
            !has_others && (fields.len() == layout.key.len() || fields.first().is_some_and(|field| field.name.is_empty()))
        }
        Ok(KeyColumns::Absent) => true,
        // No column of the key is the layout's, or the key is no JSON: if it is not the key that has changed, the record is refused later.
        Err(_) => false,
    })
}

/// The table of the event, if it is not the layout's. An event that does not tell its table is the layout's.
fn other_table(event: &SourceTable<'_>, layout: &Layout) -> Option<(String, String)> {
    let (schema, table) = (event.schema.as_deref()?, event.table.as_deref()?);
    (schema != layout.source.schema || table != layout.source.table).then(|| (schema.to_owned(), table.to_owned()))
}

fn rejected(field: Field<'_>, mismatch: &Mismatch) -> Rejection {
    Rejection::invalid(format!("{field}: {mismatch}"))
}
