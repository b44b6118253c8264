//! `orderstream mirror reconcile`: compares each mirrored table with its source, and sets differences right (P2).
//!
//! Both databases give the same checksum of the same texts, so that no row leaves its database but its key. A table whose key both databases surely
//! sort alike is compared by ranges of the key, and a range with two sums is halved until its rows are few. Texts are sorted by collations, which two
//! databases may have in two versions, and a range would not have the same rows in both: there the rows of one side are walked through in the order of
//! its own index, and looked up by their keys in the other, and then the other way round. Both ways read by the index of the key, in short
//! transactions, and hold no more than some thousand keys. A table without a key is compared by how often each row is there.
//!
//! A difference is only a suspect at first, because a change may be on its way. Suspects are looked at again for a while, and those that stay are judged.
//!
//! - `pairing`: which tables are compared, with what, and by which right
//! - `walk`, `keyless`: the first look
//! - `suspects`, `known`: the second look, and what is known of the rows beside their difference
//! - `repair`, `remove`: sets right what was found
//! - `side`: asks one side
//! - `shape`, `sql`, `verdict`, `report`: what is pure

use std::fmt;
use std::time::{Duration, Instant};

use kafka::reread::Reread;
use ledger::Ledger;
use serde::Serialize;

use crate::catalog::TableName;
use crate::settings::Selection;
use crate::value::Modes;

mod keyless;
mod known;
mod pairing;
mod remove;
mod repair;
pub mod report;
pub mod shape;
mod side;
pub mod sql;
mod suspects;
pub mod verdict;
mod walk;

use pairing::Pairing;
use report::{Report, TableReport};
use verdict::Difference;

/// Keys in one statement.
const CHUNK: usize = 1_000;

/// The key of a row, each column as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key {
    /// The columns, in the order of the key.
    pub key: Vec<String>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_slice() {
            [only] => f.write_str(only),
            columns => write!(f, "({})", columns.join(", ")),
        }
    }
}

/// The sides of a comparison.
#[derive(Debug)]
pub struct Sides {
    /// The source's database, whose tables are read.
    pub source: Ledger,
    /// The source's database once more, with a role that may write to Debezium's signal table.
    pub signals: Ledger,
    /// The target's database.
    pub target: Ledger,
    /// Kafka, which tells what is still on its way.
    pub reread: Reread,
    /// Which tables are mirrored, and under which names.
    pub selection: Selection,
    /// How the connector writes values.
    pub modes: Modes,
    /// The source's epoch.
    pub epoch: i32,
    /// Whether foreign keys and triggers of the target are left aside.
    pub replica_role: bool,
    /// Tells a person how far the comparison is.
    pub say: fn(fmt::Arguments<'_>),
}

/// What a repair may do.
#[derive(Debug, Clone, Copy)]
pub struct Mending {
    /// Whether it does it, or only says it.
    pub execute: bool,
    /// How long it may take.
    pub wait: Duration,
    /// The most rows that are removed.
    pub max_removed: u64,
}

/// The differences of the tables that are wrong and can be repaired, in the order of the report's tables.
#[derive(Debug, Default)]
pub struct Findings {
    tables: Vec<Found>,
}

/// A table with its suspects, and later with what is wrong.
#[derive(Debug)]
struct Found {
    pairing: Pairing,
    report: TableReport,
    suspects: suspects::Suspects,
    wrong: Vec<(Key, Difference)>,
}

impl Sides {
    /// Compares these tables of the source, or all if none is named. A difference must stand still for `settle` before it counts; of each kind the
    /// first `limit` are listed.
    ///
    /// # Errors
    /// A server is away, a table is not mirrored, or the role may not read one.
    pub async fn compare(&self, only: &[TableName], settle: Duration, limit: usize) -> anyhow::Result<(Report, Findings)> {
        let began = Instant::now();
        let pairing::Paired { pairs, unpaired, notes } = pairing::pair(self, only).await?;
        let mut tables = Vec::with_capacity(pairs.len());
        let mut room = walk::MOST_SUSPECTS;
        for pairing in pairs {
            let found = walk::walk(self, pairing, room).await?;
            room -= found.suspects.len().min(room);
            tables.push(found);
        }
        let mut report = Report { notes, seconds: began.elapsed().as_secs_f64(), ..Report::default() };
        suspects::settle(self, &mut tables, settle, limit).await?;
        report.tables = tables.iter().map(|found| found.report.clone()).chain(unpaired).collect();
        report.conclude();
        if !report.equal && !pairing::is_read(self).await? {
            report.notes.push("nobody reads the source's log right now: what differs may only wait for Debezium".into());
        }
        Ok((report, Findings { tables }))
    }

    /// Sets right what was found, or says how, and notes it in the report.
    ///
    /// # Errors
    /// A server is away, or more would be removed than may be.
    pub async fn mend(&self, mending: &Mending, report: &mut Report, findings: &Findings) -> anyhow::Result<()> {
        repair::repair(self, mending, report, findings).await
    }
}
