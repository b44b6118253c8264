//! Which statements make a table in the target or bring it up to date, and what cannot be promised of a table. Pure.
//!
//! - [`create()`]: the statements that make a table that the target lacks
//! - [`by_schema()`], [`by_text()`] and [`compared()`]: what a table is by its events alone
//! - [`evolve()`]: what a change of the source's table means for the target's: statements that are safe at any time, and changes that wait for
//!   an operator
//! - [`limits()`] and [`inexact()`]: what a mirror cannot promise, said before the first row (P12)
//! - [`Names`]: what the schemas and extensions of the source are called in the target

mod create;
mod described;
mod evolve;
mod fit;
mod inexact;
mod labels;
mod limits;
mod names;
mod type_steps;

pub use create::create;
pub use described::{by_schema, by_text, compared, sql_type};
pub use evolve::{Followed, evolve};
pub use fit::{Fit, fit};
pub use inexact::{Inexact, inexact};
pub use limits::{Grade, Limit, limits, topic};
pub use names::{Names, Unmade};

/// A statement for the target. A step that ran already changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The statement, or two that belong into one transaction, without a semicolon at the end: for the simple protocol.
    pub sql: String,
    /// Why it is needed, in a sentence.
    pub why: String,
    /// Whether the step has to be committed before another one runs: Postgres lets nobody use a label of an enumeration in the transaction that has
    /// added it (SQLSTATE 55P04).
    pub is_label: bool,
}

impl Step {
    pub(crate) fn new(sql: impl Into<String>, why: impl Into<String>) -> Self {
        Self { sql: sql.into(), why: why.into(), is_label: false }
    }

    fn label(sql: impl Into<String>, why: impl Into<String>) -> Self {
        Self { is_label: true, ..Self::new(sql, why) }
    }
}

/// A change of the source that only an operator can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What has changed, what follows from it, and what to do.
    pub what: String,
    /// The statements that follow the change, to be read first.
    pub ddl: Vec<String>,
    /// Whether the table's changes wait until the operator has decided. Otherwise they go on, without what the sentence names.
    pub stops: bool,
}

/// What a change of the source's table means for the target's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evolution {
    /// The statements that are safe and quick at any time, in their order.
    pub automatic: Vec<Step>,
    /// The changes that wait for an operator.
    pub waits: Vec<Wait>,
    /// The columns whose values in old rows the source has changed without any event. Only a comparison or an incremental snapshot repairs
    /// them.
    pub stale_columns: Vec<String>,
}

impl Evolution {
    /// Whether the table's changes have to wait for an operator.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.waits.iter().any(|wait| wait.stops)
    }
}
