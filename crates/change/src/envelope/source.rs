//! Reads where an event stands: makes a position from its operation and its `source` (P5).

use serde::Deserialize;

use super::field::{Field, Json};
use crate::position::{Origin, Position};
use crate::record::Record;
use crate::rejection::Rejection;

/// The operation of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// `c` or `u`.
    Write,
    /// `r`: read by a snapshot.
    Read,
    /// `d`.
    Delete,
    /// `m`: a logical message, which concerns no row.
    Message,
    /// `t`: the table was emptied.
    Truncate,
}

impl Op {
    /// The operation; `None` if the field is absent.
    pub(super) fn read(field: Field<'_>) -> Result<Option<Self>, Rejection> {
        match field.json() {
            "" | "null" => Ok(None),
            r#""c""# | r#""u""# => Ok(Some(Self::Write)),
            r#""r""# => Ok(Some(Self::Read)),
            r#""d""# => Ok(Some(Self::Delete)),
            r#""m""# => Ok(Some(Self::Message)),
            r#""t""# => Ok(Some(Self::Truncate)),
            _ => Err(Rejection::unsupported(format!("{field}: none of c, u, r, d, m, t"))),
        }
    }
}

/// The fields of `source` that tell the position.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Source<V> {
    pub(super) snapshot: Option<V>,
    pub(super) sequence: Option<V>,
    pub(super) lsn: Option<V>,
    pub(super) ts_ms: Option<V>,
    pub(super) schema: Option<V>,
    pub(super) table: Option<V>,
}

impl<V> Source<V> {
    /// The same fields, each turned into something else.
    pub(super) fn map<W>(self, mut of: impl FnMut(V) -> W) -> Source<W> {
        Source {
            snapshot: self.snapshot.map(&mut of),
            sequence: self.sequence.map(&mut of),
            lsn: self.lsn.map(&mut of),
            ts_ms: self.ts_ms.map(&mut of),
            schema: self.schema.map(&mut of),
            table: self.table.map(&mut of),
        }
    }

    /// The same fields, each borrowed and turned into something else.
    pub(super) fn each<W>(&self, mut of: impl FnMut(&V) -> W) -> Source<W> {
        Source {
            snapshot: self.snapshot.as_ref().map(&mut of),
            sequence: self.sequence.as_ref().map(&mut of),
            lsn: self.lsn.as_ref().map(&mut of),
            ts_ms: self.ts_ms.as_ref().map(&mut of),
            schema: self.schema.as_ref().map(&mut of),
            table: self.table.as_ref().map(&mut of),
        }
    }
}

impl Source<&str> {
    /// The position of `record`'s event. `place` names the object that holds these fields, for messages.
    pub(super) fn position(&self, place: &'static str, record: &Record, epoch: i32, op: Option<Op>) -> Result<Position, Rejection> {
        let (commit, second) = self.sequence(place)?;
        let own = self.lsn.map(|raw| lsn_or_null(Field { place, name: "lsn", raw: Some(raw) }, raw)).transpose()?.flatten();
        let told = self.told(place)?.filter(|told| is_possible(*told, op, commit));
        // An event of the log stands at its own LSN, whatever its sequence says. A row of an incremental snapshot has no LSN.
        let lsn = if told == Some(Origin::Incremental) { second.or(own) } else { own.or(second) };
        let kind = match (lsn, told, op) {
            (None, _, _) => Origin::Unknown,
            (_, Some(Origin::Incremental), _) => Origin::Incremental,
            (_, _, Some(Op::Read)) => Origin::Snapshot,
            (_, Some(kind), _) => kind,
            (_, None, Some(_)) => Origin::Stream,
            // A flat row does not say whether a snapshot read it. A snapshot's sequence has no commit. To take a snapshot's LSN for one of
            // the log would lose the changes of transactions that were open while the snapshot ran.
            (_, None, None) if commit.is_some() => Origin::Stream,
            (_, None, None) => Origin::Unknown,
        };
        let ts_ms = self.ts_ms.and_then(|raw| raw.parse().ok());
        Ok(Position { epoch, partition: record.partition, offset: record.offset, kind, commit, lsn, ts_ms })
    }

    /// Reads `snapshot`: a boolean, or one of the texts of Debezium's `SnapshotRecord`.
    fn told(&self, place: &'static str) -> Result<Option<Origin>, Rejection> {
        let field = Field { place, name: "snapshot", raw: self.snapshot };
        match field.json().trim_matches('"') {
            "" | "null" => Ok(None),
            "false" => Ok(Some(Origin::Stream)),
            "incremental" => Ok(Some(Origin::Incremental)),
            "true" | "first" | "last" | "first_in_data_collection" | "last_in_data_collection" => Ok(Some(Origin::Snapshot)),
            _ => Err(Rejection::unsupported(format!("{field}: a kind of snapshot that is not known"))),
        }
    }

    /// Reads the two numbers of `sequence`: a text that holds a JSON array of two texts, the first of which may be null, as in
    /// `"[null,\"24023128\"]"`. The text is split by hand, because two numbers need no second JSON parser for every event.
    fn sequence(&self, place: &'static str) -> Result<(Option<i64>, Option<i64>), Rejection> {
        let field = Field { place, name: "sequence", raw: self.sequence };
        if field.kind() == Json::Null {
            return Ok((None, None));
        }
        let array = field.json().trim_matches('"').trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let (commit, lsn) = array
            .and_then(|parts| parts.split_once(','))
            .ok_or_else(|| Rejection::malformed(format!("{field}: not an array of two positions")))?;
        Ok((lsn_or_null(field, commit)?, lsn_or_null(field, lsn)?))
    }
}

/// Whether what `snapshot` says can be true. A connector whose task is restarted while an incremental snapshot runs says of everything
/// until the end of the snapshot that a snapshot read it (seen with Debezium 3.7). But no snapshot reads deletes, an incremental snapshot
/// sends only reads, and the sequence of any other snapshot has no commit.
fn is_possible(told: Origin, op: Option<Op>, commit: Option<i64>) -> bool {
    match (told, op) {
        (Origin::Snapshot | Origin::Incremental, Some(Op::Delete)) | (Origin::Incremental, Some(Op::Write)) => false,
        (Origin::Snapshot, Some(Op::Write) | None) => commit.is_none(),
        _ => true,
    }
}

fn lsn_or_null(field: Field<'_>, text: &str) -> Result<Option<i64>, Rejection> {
    match text.trim().trim_matches(['\\', '"']) {
        "null" => Ok(None),
        digits => lsn(field, digits).map(Some),
    }
}

/// Reads an LSN. The LSN decides which event is newer, so an unreadable one is not passed over. A negative one is refused too: Postgres has
/// none, and the fixed-width text in Redis would order it otherwise than the numbers in Postgres (P5).
fn lsn(field: Field<'_>, digits: &str) -> Result<i64, Rejection> {
    let position = digits.parse().ok().filter(|position| *position >= 0);
    position.ok_or_else(|| Rejection::malformed(format!("{field}: a position that is not a whole number from 0 to {}", i64::MAX)))
}
