//! The pace of a partition in the floor: keeps the two parts of its work, Postgres and Redis, in step.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many batches one part may be ahead of the other, so that no part waits for the other to begin.
const AHEAD: usize = 3;

/// One of the two parts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Postgres,
    Redis,
}

/// How many batches each part has done.
#[derive(Debug)]
pub(super) struct Pace {
    done: Option<Mutex<[usize; 2]>>,
    moved: Condvar,
}

impl Pace {
    /// Makes a pace, which keeps the parts in step only if `both` take part.
    pub(super) fn new(both: bool) -> Self {
        Self { done: both.then(Mutex::default), moved: Condvar::new() }
    }

    /// Returns when `part` may begin its batch `number`.
    pub(super) fn await_turn(&self, part: Part, number: usize) {
        let Some(done) = &self.done else { return };
        let other = 1 - part as usize;
        let waited = self.moved.wait_while(lock(done), |done| done[other] + AHEAD <= number);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says that one more batch of `part` is done.
    pub(super) fn done(&self, part: Part) {
        let Some(done) = &self.done else { return };
        lock(done)[part as usize] += 1;
        self.moved.notify_all();
    }

    /// Says that `part` has ended, in whichever way, so that the other part need not wait for it any more.
    pub(super) fn ended(&self, part: Part) {
        let Some(done) = &self.done else { return };
        lock(done)[part as usize] = usize::MAX - AHEAD;
        self.moved.notify_all();
    }
}

fn lock(done: &Mutex<[usize; 2]>) -> MutexGuard<'_, [usize; 2]> {
    done.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn nobody_runs_far_ahead_and_nobody_waits_for_one_who_has_ended() {
        let pace = Pace::new(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..100 {
                    pace.await_turn(Part::Postgres, number);
                    let [postgres, redis] = *lock(pace.done.as_ref().unwrap());
                    assert!(postgres < redis.saturating_add(AHEAD));
                    pace.done(Part::Postgres);
                }
                pace.ended(Part::Postgres);
            });
            for number in 0..50 {
                pace.await_turn(Part::Redis, number);
                pace.done(Part::Redis);
            }
            pace.ended(Part::Redis);
        });
    }

    #[test]
    fn alone_a_part_never_waits() {
        Pace::new(false).await_turn(Part::Redis, 1_000_000);
    }
}
