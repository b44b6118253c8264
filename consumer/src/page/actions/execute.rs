//! Begins what was planned, once: the same request again, to whichever process, gets the same action and begins nothing.

use std::sync::Arc;
use std::time::Instant;

use ledger::StoreError;
use ledger::lock::{Lock, Work};
use tokio::sync::OwnedSemaphorePermit;

use super::job::PATIENCE;
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
        inner.jobs.are_run()?;
        let row = inner.shared.results.action(id).await?.ok_or(Refusal::Unknown)?;
        if row.state != "planned" {
            return shown(row);
        }
        let (wish, draft) = planned(&row)?;
        may(&row, &draft, confirm, caller)?;
        let place = inner.jobs.place().ok_or_else(|| Refusal::Busy("as many actions as may run at once are running".to_owned()))?;
        inner.still_holds(&wish, &draft).await?;
        // Whoever asks may go away at any moment, and then the plan would be used up and nobody would run it.
        let (beginner, id) = (Arc::clone(inner), id.to_owned());
        let begun = inner.jobs.owned(async move { beginner.begin_once(&id, wish, place).await }).await;
        begun.unwrap_or_else(|| Err(Refusal::Away("the process ends".to_owned())))
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
}

/// Whoever may operate may see everything.
fn shown(row: ActionRow) -> Result<Action, Refusal> {
    Action::of(row, Shown::Revealed).ok_or_else(|| Refusal::conflict("the plan is too old: make a new preview"))
}

/// Whether this process is the one that executes the action.
fn is_under_way(row: &ActionRow, instance: &str) -> bool {
    row.instance.as_deref() == Some(instance) && matches!(row.state.as_str(), "running" | "stopping")
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
    /// Begins the execution of a plan, and shows the action. A plan that was executed meanwhile is shown as it is.
    async fn begin_once(self: &Arc<Self>, id: &str, wish: Wish, place: OwnedSemaphorePermit) -> Result<Action, Refusal> {
        let _one_at_a_time = self.jobs.beginning.lock().await;
        let row = self.shared.results.action(id).await?.ok_or(Refusal::Unknown)?;
        if row.state != "planned" {
            return shown(row);
        }
        let lock = self.lock(&wish).await?;
        match self.executed(id).await? {
            Some(begun) => {
                self.begin_wish(&begun, wish, place, lock);
                shown(begun)
            }
            // Somebody else was faster, or the plan has just become too old.
            None => shown(self.shared.results.action(id).await?.ok_or(Refusal::Unknown)?),
        }
    }

    /// Notes that this process executes a plan. After a lost answer the row tells whether it does: the row was a plan before, and what this
    /// process begins it begins one at a time.
    async fn executed(&self, id: &str) -> Result<Option<ActionRow>, StoreError> {
        let lost = match self.shared.results.execute_action(id, &self.instance).await {
            Err(error) => error,
            answered => return answered,
        };
        let (mut backoff, began) = (self.shared.backoff(), Instant::now());
        loop {
            match self.shared.results.action(id).await {
                Ok(row) => return row.filter(|row| is_under_way(row, &self.instance)).map_or(Err(lost), |row| Ok(Some(row))),
                Err(error) if !error.is_outage() || began.elapsed() > PATIENCE || self.jobs.are_ending() => return Err(lost),
                Err(error) => self.shared.metrics.postgres_error(error.class().as_str()),
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }

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
            Wish::Resume(of) => self.begin(row, wish, place, |inner, job| async move { holds::resume(&inner, &job, &of).await }),
            Wish::HoldBreaker(hold) => self.begin(row, wish, place, |inner, job| async move { holds::hold(&inner, &job, &hold).await }),
            Wish::ReleaseBreaker(_) => self.begin(row, wish, place, |inner, job| async move { holds::release(&inner, &job).await }),
        }
    }
}
