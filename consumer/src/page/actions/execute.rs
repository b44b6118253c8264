//! Begins what was planned, once: the same request again, to whichever process, gets the same action and begins nothing.

use std::sync::Arc;

use ledger::lock::{Lock, Work};
use tokio::sync::OwnedSemaphorePermit;

use super::plan::Draft;
use super::refusal::Refusal;
use super::request::Wish;
use super::state::Action;
use super::{Actions, Inner, connector, holds, rebuild, replay};
use crate::page::access::Caller;
use crate::results::actions::ActionRow;
use crate::trace::mask::Shown;

impl Actions {
    /// Executes a plan. `confirm` is what the operator has typed.
    ///
    /// # Errors
    /// The plan does not hold any more, is somebody else's or was not confirmed; too much is under way; a server does not answer.
    pub async fn execute(&self, id: &str, confirm: Option<&str>, caller: &Caller) -> Result<Action, Refusal> {
        let inner = &self.0;
        let row = inner.shared.results.action(id).await?.ok_or(Refusal::Unknown)?;
        if row.state != "planned" {
            return shown(row);
        }
        let (wish, draft) = planned(&row)?;
        may(&row, &draft, confirm, caller)?;
        inner.still_holds(&wish, &draft).await?;
        let place = inner.jobs.place().ok_or_else(|| Refusal::Busy("as many actions as may run at once are running".to_owned()))?;
        let lock = inner.lock(&wish).await?;
        match inner.shared.results.execute_action(id, &inner.instance).await? {
            Some(begun) => {
                inner.begin_wish(&begun, wish, place, lock);
                shown(begun)
            }
            // Somebody else was faster, or the plan has just become too old.
            None => shown(inner.shared.results.action(id).await?.ok_or(Refusal::Unknown)?),
        }
    }

    /// Asks an action to stop, whichever process executes it. An action that has ended is shown as it is.
    ///
    /// # Errors
    /// There is no such action, or Postgres does not answer.
    pub async fn stop(&self, id: &str, caller: &Caller) -> Result<Action, Refusal> {
        let results = &self.0.shared.results;
        let stopping = results.stop_action(id, caller.name()).await?;
        if stopping.is_some() {
            tracing::info!(id, who = caller.name(), "An operator's action is asked to stop");
        }
        let row = match stopping {
            Some(row) => Some(row),
            None => results.action(id).await?,
        };
        shown(row.ok_or(Refusal::Unknown)?)
    }

    /// An action.
    ///
    /// # Errors
    /// There is no such action, or Postgres does not answer.
    pub async fn one(&self, id: &str, shown: Shown) -> Result<Action, Refusal> {
        let row = self.0.shared.results.action(id).await?;
        row.and_then(|row| Action::of(row, shown)).ok_or(Refusal::Unknown)
    }

    /// The actions that began before this moment, the last first.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn before(&self, before_ms: Option<i64>, shown: Shown) -> Result<Vec<Action>, Refusal> {
        let before = before_ms.and_then(chrono::DateTime::from_timestamp_millis);
        let rows = self.0.shared.results.actions_before(before).await?;
        Ok(rows.into_iter().filter_map(|row| Action::of(row, shown)).collect())
    }
}

/// Whoever may operate may see everything.
fn shown(row: ActionRow) -> Result<Action, Refusal> {
    Action::of(row, Shown::Revealed).ok_or_else(|| Refusal::conflict("the plan is too old: make a new preview"))
}

fn planned(row: &ActionRow) -> Result<(Wish, Draft), Refusal> {
    let wish = Wish::kept(&row.action, &row.parameters);
    let draft = serde_json::from_value(row.plan.clone()).ok();
    wish.zip(draft).ok_or_else(|| Refusal::conflict("the plan was made by another version of the program: make a new preview"))
}

/// Whether this plan may be executed by this caller.
fn may(row: &ActionRow, draft: &Draft, confirm: Option<&str>, caller: &Caller) -> Result<(), Refusal> {
    if !row.is_fresh {
        return Err(Refusal::conflict("the plan is too old: make a new preview"));
    }
    if row.who != caller.name() {
        return Err(Refusal::conflict("somebody else has made this plan: make a preview of your own"));
    }
    match &draft.confirm {
        Some(expected) if confirm.map(str::trim) != Some(expected) => {
            Err(Refusal::invalid("the plan was not confirmed: type the number that it names"))
        }
        _ => Ok(()),
    }
}

impl Inner {
    /// Whether what the plan rests on is still so.
    async fn still_holds(&self, wish: &Wish, draft: &Draft) -> Result<(), Refusal> {
        let letters = match wish {
            Wish::Replay(letters) => Some(self.letter_facts(letters).await?.letters()),
            _ => None,
        };
        draft.is_outdated(letters, self.shared.decoder.epoch).map_or(Ok(()), |why| Err(Refusal::Conflict(why)))
    }

    /// The lock of works of which one runs at a time, by whichever process or command.
    async fn lock(&self, wish: &Wish) -> Result<Option<Lock>, Refusal> {
        let (work, of) = match wish {
            Wish::Replay(_) => (Work::Replay, "replay"),
            Wish::Rebuild(_) => (Work::Rebuild, "rebuild"),
            _ => return Ok(None),
        };
        match self.shared.results.ledger.lock(work).await? {
            None => Err(Refusal::conflict(format!("another {of} is running on this database: wait for it, or stop it"))),
            lock => Ok(lock),
        }
    }

    fn begin_wish(self: &Arc<Self>, row: &ActionRow, wish: Wish, place: OwnedSemaphorePermit, lock: Option<Lock>) {
        match wish.clone() {
            Wish::Replay(letters) => {
                self.begin(row, wish, place, |inner, job| async move { replay::run(&inner, &job, &letters, lock).await });
            }
            Wish::Rebuild(what) => {
                self.begin(row, wish, place, move |inner, job| async move { rebuild::run(&inner, &job, what.what, lock).await });
            }
            Wish::RestartConnector(_) => {
                self.begin(row, wish, place, |inner, job| async move { connector::run(&inner, &job).await });
            }
            Wish::Pause(pause) => self.begin(row, wish, place, |inner, job| async move { holds::pause(&inner, &job, &pause).await }),
            Wish::Resume(of) => self.begin(row, wish, place, |inner, _| async move { holds::resume(&inner, &of).await }),
            Wish::HoldBreaker(hold) => self.begin(row, wish, place, |inner, job| async move { holds::hold(&inner, &job, &hold).await }),
            Wish::ReleaseBreaker(_) => self.begin(row, wish, place, |inner, _| async move { holds::release(&inner).await }),
        }
    }
}
