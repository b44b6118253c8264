//! Finds the rows that Postgres refuses: a failed batch is halved until single rows are left, in O(k log n) statements for k of n rows
//! (P7).

use change::rejection::{Reason, Rejection, Stage};
use ledger::{Class, Lease, StoreError};
use sqlx::postgres::PgConnection;

use super::batch::Batch;
use super::{Results, rounds};
use crate::orders::write::{Delete, Put};

/// A deferred constraint is checked only at COMMIT, and a trial never commits. So all constraints are checked at once.
pub(super) const CHECK_NOW: &str = "set constraints all immediate";

/// A record (by its index in the batch) whose row Postgres refuses, and the reason.
pub type RefusedRow = (usize, Rejection);

/// Writes that are tried together.
#[derive(Clone, Copy)]
enum Trial<'a> {
    Puts(&'a [Put]),
    Deletes(&'a [Delete]),
}

impl<'a> Trial<'a> {
    fn len(self) -> usize {
        match self {
            Self::Puts(puts) => puts.len(),
            Self::Deletes(deletes) => deletes.len(),
        }
    }

    fn halves(self) -> [Self; 2] {
        match self {
            Self::Puts(puts) => {
                let (left, right) = puts.split_at(puts.len() / 2);
                [Self::Puts(left), Self::Puts(right)]
            }
            Self::Deletes(deletes) => {
                let (left, right) = deletes.split_at(deletes.len() / 2);
                [Self::Deletes(left), Self::Deletes(right)]
            }
        }
    }

    fn first_record(self) -> Option<usize> {
        match self {
            Self::Puts(puts) => puts.first().map(|put| put.record),
            Self::Deletes(deletes) => deletes.first().map(|delete| delete.record),
        }
    }
}

impl Results {
    /// The records of `batch` whose rows Postgres refuses. Each trial is a transaction that is rolled back.
    ///
    /// # Errors
    /// If Postgres fails for any other reason than a refused row.
    pub async fn find_refused(&self, batch: &Batch) -> Result<Vec<RefusedRow>, StoreError> {
        let mut lease = self.lease().await?;
        let mut refused = Vec::new();
        let mut open: Vec<Trial<'_>> =
            batch.rounds.iter().flat_map(|round| [Trial::Puts(&round.puts), Trial::Deletes(&round.deletes)]).collect();
        while let Some(trial) = open.pop() {
            if trial.len() == 0 {
                continue;
            }
            match attempt(&mut lease, trial, batch).await {
                Ok(()) => {}
                Err(error) if error.class() == Class::Row && trial.len() > 1 => open.extend(trial.halves()),
                Err(error) if error.class() == Class::Row => {
                    refused.extend(trial.first_record().map(|record| (record, rejection(&error))));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }
}

async fn attempt(lease: &mut Lease, trial: Trial<'_>, batch: &Batch) -> Result<(), StoreError> {
    lease.begin().await?;
    let tried = lease.ask(|on| write(on, trial, batch)).await;
    lease.roll_back().await?;
    tried
}

async fn write(connection: &mut PgConnection, trial: Trial<'_>, batch: &Batch) -> Result<(), StoreError> {
    match trial {
        Trial::Puts(puts) => {
            let filled = rounds::filled(connection, puts).await?;
            drop(rounds::upsert(connection, puts, &filled, batch).await?);
        }
        Trial::Deletes(deletes) => drop(rounds::delete(connection, deletes, batch).await?),
    }
    sqlx::query(CHECK_NOW).execute(connection).await?;
    Ok(())
}

fn rejection(error: &StoreError) -> Rejection {
    Rejection { reason: Reason::RejectedByDatabase, stage: Stage::Store, message: error.refusal() }
}
