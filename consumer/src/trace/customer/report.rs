//! The answer about a customer for programs, with names and addresses masked unless they are asked for (P11).

use serde::Serialize;

use super::{CustomerFacts, CustomerVerdict, verdict};
use crate::redis::cache::look::Seen;
use crate::redis::customers::look::COLUMNS;
use crate::results::traces::CustomerRows;
use crate::trace::mask::Shown;
use crate::trace::moment::Moment;
use crate::trace::report::{Columns, Letter, NotAnswered, letter, whole_millis};

/// The answer about a customer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CustomerReport {
    /// The customer.
    pub id: String,
    /// When the servers were asked.
    pub at: Moment,
    /// How long each server took, in milliseconds.
    pub took_ms: Columns,
    /// The verdict.
    pub verdict: CustomerVerdict,
    /// The hash in Redis: its state, version and columns; `None` if nothing is known of it.
    pub hash: Option<Columns>,
    /// The rows of the customer's orders, counted up to 1,001; `None` if Postgres did not answer.
    pub orders: Option<Orders>,
    /// When the customer was marked, so that its orders are looked through.
    pub marked_at: Option<Moment>,
    /// The letters, the newest first.
    pub letters: Vec<Letter>,
    /// How many letters there are, counted up to 1,001.
    pub letters_counted: i64,
    /// Who did not answer, and why.
    pub not_answered: Vec<NotAnswered>,
}

/// The rows of the customer's orders.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "CustomerOrders"))]
pub struct Orders {
    /// How many rows were counted.
    pub counted: i64,
    /// Those that have the customer.
    pub complete: i64,
    /// Those whose customer was not found.
    pub missing: i64,
    /// Those for which Redis could not be asked.
    pub pending: i64,
    /// Those on the list of the sweep.
    pub due: i64,
    /// Some versions of the customer that the rows have.
    pub versions: Vec<String>,
    /// Some of the orders.
    pub some: Vec<String>,
}

impl CustomerReport {
    /// The answer that the facts give.
    #[must_use]
    pub fn new(facts: &CustomerFacts, shown: Shown) -> Self {
        let stored = facts.postgres.get();
        let kafka = facts.kafka.as_ref();
        let took = |took| Some(whole_millis(took).to_string());
        let errors = [
            ("postgres", facts.postgres.answer.as_ref().err()),
            ("redis", facts.redis.answer.as_ref().err()),
            ("kafka", kafka.and_then(|asked| asked.answer.as_ref().err())),
        ];
        Self {
            id: shown.id(&facts.id),
            at: Moment(facts.at),
            took_ms: Columns(vec![
                ("postgres", took(facts.postgres.took)),
                ("redis", took(facts.redis.took)),
                ("kafka", kafka.and_then(|asked| took(asked.took))),
            ]),
            verdict: verdict(facts),
            hash: hash(facts, shown),
            orders: stored.map(|stored| orders(&stored.rows, &stored.orders)),
            marked_at: stored.and_then(|stored| Some(Moment(stored.due.as_ref()?.marked_at))),
            letters: stored.map(|stored| stored.letters.iter().map(letter).collect()).unwrap_or_default(),
            letters_counted: stored.map_or(0, |stored| stored.letters_counted),
            not_answered: errors.into_iter().filter_map(|(server, why)| Some(NotAnswered { server, why: why?.clone() })).collect(),
        }
    }
}

fn orders(rows: &CustomerRows, some: &[String]) -> Orders {
    let CustomerRows { counted, complete, missing, pending, due, refusal: _, versions } = rows.clone();
    Orders { counted, complete, missing, pending, due, versions, some: some.to_vec() }
}

fn hash(facts: &CustomerFacts, shown: Shown) -> Option<Columns> {
    let Seen::Hash(hash) = &facts.redis.get()?.hash else { return None };
    let columns = COLUMNS.iter().zip(&hash.columns).map(|(name, value)| (*name, value.as_ref().map(|value| shown.column(name, value))));
    let beside = [("version", hash.version.clone()), ("deleted_at", hash.deleted_at.clone())];
    Some(Columns(beside.into_iter().chain(columns).collect()))
}
