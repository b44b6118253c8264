//! An action under way: it says that it is at it and how far, hears that it is to stop, and notes what came of it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use service::tasks::not_panicked;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::Inner;
use super::refusal::Refusal;
use super::request::Wish;
use super::state::Progress;
use crate::results::actions::{ActionRow, Ended};

/// The time between two reports of an action. Whoever asks it to stop waits no longer than this, and a chunk.
const REPORT: Duration = Duration::from_secs(1);

/// How long Postgres is asked again while it is away: whether an action has begun, and to note its end. Then the end is in the log alone.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where actions are handed over to the task that runs them.
#[derive(Debug)]
pub(super) struct Jobs {
    tasks: mpsc::UnboundedSender<Task>,
    places: Arc<Semaphore>,
    most: u32,
    ending: watch::Sender<bool>,
    /// Whether the task that runs them has begun.
    are_run: Arc<AtomicBool>,
    /// Held while an action begins, so that a plan which is executed twice at the same moment begins once.
    pub(super) beginning: tokio::sync::Mutex<()>,
}

/// Runs the actions. A panic of an action goes on to whoever runs this (P13).
#[derive(Debug)]
pub struct Running {
    tasks: mpsc::UnboundedReceiver<Task>,
    are_run: Arc<AtomicBool>,
}

/// A place for actions, so many at once, and what runs them.
pub(super) fn jobs(most: usize) -> (Jobs, Running) {
    let (tasks, received) = mpsc::unbounded_channel();
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let (places, are_run) = (Arc::new(Semaphore::new(most as usize)), Arc::new(AtomicBool::new(false)));
    let running = Running { tasks: received, are_run: Arc::clone(&are_run) };
    (Jobs { tasks, places, most, ending: watch::Sender::new(false), are_run, beginning: tokio::sync::Mutex::default() }, running)
}

impl Running {
    /// Runs until the task is aborted.
    pub async fn run(mut self) {
        self.are_run.store(true, Ordering::Relaxed);
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                Some(task) = self.tasks.recv() => drop(running.spawn(task)),
                Some(ended) = running.join_next() => not_panicked(ended),
                else => std::future::pending().await,
            }
        }
    }
}

impl Jobs {
    /// Whether actions are run yet: the tables are prepared before, which may take minutes.
    ///
    /// # Errors
    /// They are not.
    pub(super) fn are_run(&self) -> Result<(), Refusal> {
        if self.are_run.load(Ordering::Relaxed) { Ok(()) } else { Err(Refusal::Away("the process is still starting".to_owned())) }
    }

    /// Does `work` to its end, also if whoever asked for it waits no longer. `None` if the process ends meanwhile.
    pub(super) async fn owned<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let task = async move { drop(answer.send(work.await)) };
        self.tasks.send(Box::pin(task)).ok();
        answered.await.ok()
    }

    /// Whether the process ends.
    pub(super) fn are_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// A place for one more action; `None` if all are taken, or the process ends. A task in the queue has a place.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        if self.are_ending() { None } else { Arc::clone(&self.places).try_acquire_owned().ok() }
    }

    /// Asks all actions to stop, and waits until they have noted that they have.
    pub(super) async fn end(&self, deadline: Duration) {
        self.ending.send_replace(true);
        // All places are free once all actions have ended.
        tokio::time::timeout(deadline, self.places.acquire_many(self.most)).await.ok();
    }
}

/// An action under way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) who: String,
    pub(super) reason: String,
    pub(super) wish: Wish,
    progress: Mutex<Option<Progress>>,
    stops: AtomicBool,
    ending: watch::Receiver<bool>,
}

impl Job {
    /// Says how far the action is.
    pub(super) fn progressed(&self, done: u64, of: Option<u64>, text: impl Into<String>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(Progress { done, of, text: text.into() });
    }

    /// Whether the action is to stop after this chunk.
    pub(super) fn is_to_stop(&self) -> bool {
        self.stops.load(Ordering::Relaxed) || self.is_ending()
    }

    /// Whether the process ends, which is not to be held up.
    fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Why the action has stopped.
    pub(super) fn why_stopped(&self) -> &'static str {
        if self.is_ending() { "stopped, because the process ends" } else { "stopped by an operator" }
    }

    fn progress(&self) -> Option<Value> {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        progress.and_then(|progress| serde_json::to_value(progress).ok())
    }
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) ended: Ended,
    pub(super) text: String,
}

impl Outcome {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self { ended: Ended::Done, text: text.into() }
    }

    pub(super) fn stopped(text: impl Into<String>) -> Self {
        Self { ended: Ended::Stopped, text: text.into() }
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self { ended: Ended::Failed, text: text.into() }
    }
}

impl Inner {
    /// Hands an action over that was begun. `work` does it, and its result is noted.
    pub(super) fn begin<W, F>(self: &Arc<Self>, row: &ActionRow, wish: Wish, place: OwnedSemaphorePermit, work: W)
    where
        W: FnOnce(Arc<Self>, Arc<Job>) -> F + Send + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let job = Arc::new(Job {
            id: row.id.clone(),
            who: row.who.clone(),
            reason: row.reason.clone(),
            wish,
            progress: Mutex::new(None),
            stops: AtomicBool::new(false),
            ending: self.jobs.ending.subscribe(),
        });
        let inner = Arc::clone(self);
        let task = async move {
            inner.run(&job, work(Arc::clone(&inner), Arc::clone(&job))).await;
            drop(place);
        };
        // Whoever runs the tasks lives as long as the process does.
        self.jobs.tasks.send(Box::pin(task)).ok();
    }

    async fn run(&self, job: &Job, work: impl Future<Output = Outcome>) {
        let (began, action) = (Instant::now(), job.wish.name());
        tracing::info!(action, id = job.id, who = job.who, "An operator's action begins");
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = self.report(job) => Outcome::failed("nobody reports any more: a defect of this program"),
        };
        let (state, seconds) = (outcome.ended.as_str(), began.elapsed().as_secs_f64());
        tracing::info!(action, id = job.id, who = job.who, state, outcome = outcome.text, seconds, "An operator's action has ended");
        self.note(job, &outcome).await;
    }

    /// Reports until it is dropped.
    async fn report(&self, job: &Job) {
        let mut due = tokio::time::interval(REPORT);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            due.tick().await;
            match self.shared.results.action_goes_on(&job.id, &self.instance, job.progress().as_ref()).await {
                Ok(true) => job.stops.store(true, Ordering::Relaxed),
                Ok(false) => {}
                Err(error) => self.shared.metrics.postgres_error(error.class().as_str()),
            }
        }
    }

    /// Notes what came of an action, and tries that again for a while: without it the action would look interrupted. The end of the process
    /// waits for one try.
    async fn note(&self, job: &Job, Outcome { ended, text }: &Outcome) {
        let (mut backoff, began, mut ending) = (self.shared.backoff(), Instant::now(), job.ending.clone());
        loop {
            let is_last = job.is_ending();
            let progress = job.progress();
            let Err(error) = self.shared.results.finish_action(&job.id, &self.instance, *ended, text, progress.as_ref()).await else {
                return;
            };
            self.shared.metrics.postgres_error(error.class().as_str());
            if is_last || began.elapsed() > PATIENCE || !error.is_outage() {
                tracing::warn!(id = job.id, %error, "What came of an operator's action stands in this log alone: it could not be noted");
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next_delay()) => {}
                _ = ending.wait_for(|ending| *ending) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    impl Job {
        /// An action of a process that ends.
        pub(in super::super) fn of_an_ending_process() -> Self {
            let (progress, stops, ending) = (Mutex::new(None), AtomicBool::new(false), watch::Sender::new(true).subscribe());
            let wish = Wish::ReleaseBreaker(crate::page::actions::request::Nothing {});
            Self { id: "a1".into(), who: "ann".into(), reason: "r".into(), wish, progress, stops, ending }
        }
    }

    #[tokio::test]
    async fn what_has_begun_goes_on_when_nobody_waits_for_its_answer_any_more() {
        let (jobs, running) = jobs(1);
        let running = tokio::spawn(running.run());
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (goes, is_done) = (Arc::clone(&go), Arc::clone(&done));
        let asked = jobs.owned(async move {
            goes.notified().await;
            is_done.notify_one();
        });
        timeout(Duration::from_millis(20), asked).await.unwrap_err();
        go.notify_one();
        timeout(Duration::from_secs(10), done.notified()).await.unwrap();
        assert_eq!(jobs.owned(async { 7 }).await, Some(7));
        running.abort();
    }

    #[tokio::test]
    async fn an_action_is_refused_until_something_runs_it() {
        let (jobs, running) = jobs(1);
        assert_eq!(jobs.are_run().unwrap_err().to_string(), "the process is still starting");
        let running = tokio::spawn(running.run());
        jobs.owned(async {}).await.unwrap();
        jobs.are_run().unwrap();
        running.abort();
    }
}
