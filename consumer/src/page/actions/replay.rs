//! The replay of dead letters.

use std::ops::ControlFlow;

use ledger::lock::Lock;

use super::Inner;
use super::job::{Job, Outcome};
use super::request::Letters;
use crate::flow::replay::How;
use crate::flow::replay::run::{News, Run};
use crate::results::replay::Tally;

/// Replays the letters, and says what came of them.
pub(super) async fn run(inner: &Inner, job: &Job, letters: &Letters, lock: Option<Lock>) -> Outcome {
    let of = match inner.letter_facts(letters).await {
        Ok(facts) => facts.letters().min(letters.max.unwrap_or(u64::MAX)),
        Err(refusal) => return Outcome::failed(format!("nothing was replayed: {refusal}")),
    };
    let wanted = letters.wanted(How::Commit);
    let mut run = Run::orders(&inner.shared, &inner.letters, &wanted);
    let mut told = |news: News<'_>| {
        if let News::Through(taken, tally) = news {
            job.progressed(taken, Some(of), said(tally));
        }
        if job.is_to_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let ended = run.all(&mut told).await;
    // Orders that were written are on the list of the sweep.
    inner.shared.orders_are_due();
    drop(lock);
    let mut text = format!("{} of {of} replayed: {}", run.taken, said(run.tally));
    if run.left > 0 {
        text +=
            &format!("; {} were left alone: the topic does not have them any more, or their headers do not let them be replayed", run.left);
    }
    job.progressed(run.taken, Some(of), said(run.tally));
    match ended {
        Ok(false) => Outcome::done(text),
        Ok(true) => Outcome::stopped(format!("{}; {text}", job.why_stopped())),
        Err(error) => {
            Outcome::failed(format!("{text}; then it ended early: {error}; what was replayed is recorded, and a new replay goes on there"))
        }
    }
}

fn said(Tally { applied, stale, ignored, refused, unknown }: Tally) -> String {
    let unknown = if unknown > 0 { format!(", {unknown} left alone: nothing tells what came after them") } else { String::new() };
    format!("{applied} applied, {stale} stale, {ignored} with nothing to do, {refused} refused again{unknown}")
}
