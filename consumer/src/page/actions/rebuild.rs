//! The rebuild of what is in Redis.

use std::ops::ControlFlow;
use std::time::Instant;

use ledger::lock::Lock;

use super::Inner;
use super::job::{Job, Outcome};
use super::request::What;
use crate::follow::rebuild::NotYet;
use crate::follow::recent;

/// Writes the hashes anew, and says how many.
pub(super) async fn run(inner: &Inner, job: &Job, what: What, lock: Option<Lock>) -> Outcome {
    let whole = match inner.whole(what).await {
        Ok(whole) => whole,
        Err(refusal) => return Outcome::failed(format!("nothing was written: {refusal}")),
    };
    let (of, noun) = match what {
        What::Cache => (inner.shared.results.rows_estimated().await.ok().flatten(), "orders"),
        What::Customers => (whole.records(), "records of customers"),
    };
    let (began, mut done) = (Instant::now(), 0);
    let mut told = |more| {
        done += more;
        // An estimate may be too low.
        job.progressed(done, of.map(|of| of.max(done)), format!("{done} {noun} written"));
        if job.is_to_stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut written = whole.write(&inner.shared, &inner.letters.reread, &mut told).await;
    if what == What::Cache && written.is_ok() {
        written = recent::write_in_turn(&inner.shared).await;
    }
    drop(lock);
    let text = format!("{done} {noun} written in {:.1} s", began.elapsed().as_secs_f64());
    match written {
        Ok(()) => Outcome::done(text),
        Err(NotYet::Ended) => Outcome::stopped(format!("{}; {text}; what was written stays", job.why_stopped())),
        Err(error) => Outcome::failed(format!("{text}; then it ended early: {error}; what was written stays, and it may be done again")),
    }
}
