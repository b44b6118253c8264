//! The fields of an envelope that count, as their JSON or as places in a layout.

use super::cells::Cells;
use super::source::Source;

/// The fields of an envelope that count. Each holds its JSON, or its place in a layout.
#[derive(Debug, Clone)]
pub(super) struct Envelope<V> {
    /// The schema, which stands beside the envelope and not in it.
    pub(super) schema: Option<V>,
    pub(super) before: Option<V>,
    pub(super) after: Option<Cells<V>>,
    pub(super) source: Option<Source<V>>,
    pub(super) op: Option<V>,
    pub(super) transaction: Option<V>,
}

impl<V> Envelope<V> {
    /// The same fields, each turned into something else.
    pub(super) fn map<W: Copy>(self, mut of: impl FnMut(V) -> W) -> Envelope<W> {
        Envelope {
            schema: self.schema.map(&mut of),
            before: self.before.map(&mut of),
            after: self.after.map(|cells| cells.map(&mut of)),
            source: self.source.map(|source| source.map(&mut of)),
            op: self.op.map(&mut of),
            transaction: self.transaction.map(&mut of),
        }
    }

    /// The same fields, each borrowed and turned into something else.
    pub(super) fn each<W: Copy>(&self, mut of: impl FnMut(&V) -> W) -> Envelope<W> {
        Envelope {
            schema: self.schema.as_ref().map(&mut of),
            before: self.before.as_ref().map(&mut of),
            after: self.after.as_ref().map(|cells| cells.each(&mut of)),
            source: self.source.as_ref().map(|source| source.each(&mut of)),
            op: self.op.as_ref().map(&mut of),
            transaction: self.transaction.as_ref().map(&mut of),
        }
    }
}
