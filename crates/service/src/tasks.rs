//! Tasks with an owner who watches their end (P13).
//!
//! A task that ends without a word leaves a process that looks alive and does only part of its work (P9). So an unexpected end of a task,
//! by a panic or by returning, ends the process. Whoever started the process starts it again, and the ledger says where the work goes on.

use std::collections::HashMap;
use std::panic::{self, PanicHookInfo};

use tokio::task::{Id, JoinError, JoinSet};

/// The unexpected end of a task that was to run for as long as the process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The task has panicked, which is a defect of this program.
    #[error("{0} has panicked")]
    Panicked(&'static str),
    /// The task has returned, which is a defect of this program too: a task is done only after the process was asked to end.
    #[error("{0} has ended, and nobody asked it to")]
    Returned(&'static str),
}

/// The tasks that run for as long as the process does. If the set is dropped, the tasks end.
#[derive(Debug, Default)]
pub struct Tasks {
    running: JoinSet<()>,
    names: HashMap<Id, &'static str>,
}

impl Tasks {
    /// Runs one more task. The name completes the sentence "… has panicked".
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.running.spawn(task).id();
        self.names.insert(id, name);
    }

    /// Waits for the first end of a task, and for ever if there is no task.
    pub async fn first_end(&mut self) -> Ended {
        match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => Ended::Returned(self.name(id)),
            Some(Err(error)) => Ended::Panicked(self.name(error.id())),
            None => std::future::pending().await,
        }
    }

    /// Does `work`, which is given up when a task ends.
    ///
    /// # Errors
    /// An error of `work`, or that a task has ended.
    pub async fn while_running<T>(&mut self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            ended = self.first_end() => Err(ended.into()),
        }
    }

    /// Ends all tasks, wherever they wait.
    pub async fn stop(mut self) {
        self.running.shutdown().await;
    }

    /// Waits until all tasks have ended, after they were asked to end.
    pub async fn finish(mut self) {
        while let Some(ended) = self.running.join_next().await {
            not_panicked(ended);
        }
    }

    fn name(&self, id: Id) -> &'static str {
        self.names.get(&id).copied().unwrap_or("a task")
    }
}

/// Runs `main` to its end, with stages beside it. If a stage panics, the panic goes on at once, because `main` would otherwise go on alone.
pub async fn beside<T>(stages: &mut JoinSet<()>, main: impl Future<Output = T>) -> T {
    tokio::pin!(main);
    loop {
        tokio::select! {
            outcome = &mut main => return outcome,
            Some(ended) = stages.join_next() => not_panicked(ended),
        }
    }
}

/// Goes on with the panic of a task, if it has panicked. A task that was ended from outside is fine.
pub fn not_panicked(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        panic::resume_unwind(error.into_panic());
    }
}

/// Runs blocking work on a thread where blocking is allowed. A panic of the work goes on to whoever waits for it.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
        // The runtime is ending, and whoever waits here ends with it.
        Err(_never_began) => std::future::pending().await,
    }
}

/// Logs every panic from now on, with its place. The message of the panic is left out, because it may quote a value of an event (P11).
pub fn log_panics() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name(), "A part of the program has panicked: a defect of this program");
    }));
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_named_while_the_others_run() {
        let mut tasks = Tasks::default();
        tasks.spawn("the one that waits", pending());
        tasks.spawn("the one with a defect", async { panic!("as a task with a defect") });
        assert_eq!(tasks.first_end().await, Ended::Panicked("the one with a defect"));
        tasks.stop().await;
    }

    #[tokio::test]
    async fn a_task_that_returns_unasked_is_named_too() {
        let mut tasks = Tasks::default();
        tasks.spawn("the one that waits", pending());
        tasks.spawn("the one that gives up", async {});
        assert_eq!(tasks.first_end().await.to_string(), "the one that gives up has ended, and nobody asked it to");
    }

    #[tokio::test]
    async fn work_is_given_up_when_a_task_ends_under_it() {
        let mut tasks = Tasks::default();
        assert_eq!(tasks.while_running(async { Ok(7) }).await.unwrap(), 7);
        tasks.spawn("the one with a defect", async { panic!("as a task with a defect") });
        let outcome = tasks.while_running(pending::<anyhow::Result<()>>()).await;
        assert_eq!(outcome.unwrap_err().to_string(), "the one with a defect has panicked");
    }

    #[tokio::test]
    async fn a_stage_that_panics_takes_the_whole_with_it_although_the_main_one_would_wait_for_ever() {
        let whole = tokio::spawn(async {
            let mut stages = JoinSet::new();
            stages.spawn(async {});
            stages.spawn(async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                panic!("as a stage with a defect")
            });
            beside(&mut stages, pending::<()>()).await;
        });
        assert!(whole.await.unwrap_err().is_panic());
    }

    #[tokio::test]
    async fn what_blocks_panics_where_it_is_waited_for() {
        let waits = tokio::spawn(blocking(|| panic!("as a call with a defect")));
        assert!(waits.await.unwrap_err().is_panic());
        assert_eq!(blocking(|| 7).await, 7);
    }
}
