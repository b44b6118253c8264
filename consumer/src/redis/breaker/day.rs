//! The transitions of the last day, as many as are kept (P10). Pure: a transition brings its time along.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Transition;

/// How long a transition is kept.
pub const DAY: Duration = Duration::from_secs(24 * 3_600);

/// How many transitions are kept at most: a breaker that flaps all day tells the newest of them.
pub(super) const MOST: usize = 500;

/// The newest transitions, each with what else is known of it.
#[derive(Debug)]
pub struct Day<T> {
    kept: VecDeque<(Transition, T)>,
    /// How many there have been, those that are not kept any more included.
    noted: u64,
}

impl<T> Default for Day<T> {
    fn default() -> Self {
        Self { kept: VecDeque::new(), noted: 0 }
    }
}

impl<T: Clone> Day<T> {
    /// Notes a transition. Transitions are noted in the order of their times.
    pub fn note(&mut self, transition: Transition, beside: T) {
        self.forget(transition.at);
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.kept.push_back((transition, beside));
        self.noted += 1;
    }

    /// How many transitions there have been.
    #[must_use]
    pub fn noted(&self) -> u64 {
        self.noted
    }

    /// The transitions behind the first `since` ones, as far as they are kept and of the last day, the oldest first.
    #[must_use]
    pub fn since(&self, since: u64, now: Instant) -> Vec<(Transition, T)> {
        let news = usize::try_from(self.noted.saturating_sub(since)).unwrap_or(usize::MAX);
        let skipped = self.kept.len().saturating_sub(news);
        self.kept.iter().skip(skipped).filter(|(known, _)| now.saturating_duration_since(known.at) <= DAY).cloned().collect()
    }

    fn forget(&mut self, now: Instant) {
        while self.kept.front().is_some_and(|(first, _)| now.saturating_duration_since(first.at) > DAY) {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, State};
    use super::*;

    fn at(at: Instant) -> Transition {
        Transition { at, from: State::Closed, to: State::Open, cause: Cause::ProbeFailed }
    }

    #[test]
    fn news_are_what_came_after_a_number_and_never_more_than_are_kept() {
        let start = Instant::now();
        let mut day = Day::default();
        for number in 1..=u64::try_from(MOST).unwrap() + 20 {
            day.note(at(start), number);
        }
        let numbers = |since| day.since(since, start).into_iter().map(|(_, number)| number).collect::<Vec<_>>();
        assert_eq!((day.noted(), numbers(518)), (520, vec![519, 520]));
        assert_eq!((numbers(0).len(), numbers(0)[0], numbers(520), numbers(9_999)), (MOST, 21, vec![], vec![]));
    }

    #[test]
    fn what_is_older_than_a_day_is_told_no_more_and_forgotten_with_the_next_transition() {
        let start = Instant::now();
        let mut day = Day::default();
        day.note(at(start), 'a');
        day.note(at(start + DAY), 'b');
        let told = |day: &Day<char>, now| day.since(0, now).into_iter().map(|(_, name)| name).collect::<String>();
        assert_eq!((told(&day, start + DAY), told(&day, start + DAY + Duration::from_secs(1))), ("ab".into(), "b".into()));
        day.note(at(start + DAY * 2), 'c');
        assert_eq!((day.kept.len(), day.noted()), (2, 3));
    }
}
