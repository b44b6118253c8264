//! Whether the list of the sweep becomes shorter while orders on it are due. The list is counted every few seconds; a few minutes of counts tell.
//! Pure: `now` is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over this time the list has to become shorter.
const OVER: Duration = Duration::from_secs(600);

/// A count is kept if so much time has passed since the one before (P10).
const EVERY: Duration = Duration::from_secs(10);

/// A count of the list.
#[derive(Debug, Clone, Copy)]
struct Count {
    at: Instant,
    orders: i64,
}

/// That the list does not become shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotShrinking {
    /// Since when.
    pub since: Instant,
    /// Orders on the list ten minutes ago.
    pub before: i64,
    /// Orders on the list now.
    pub orders: i64,
    /// Those whose time has come.
    pub now: i64,
}

/// The counts of the last minutes.
#[derive(Debug, Default)]
pub struct DueHistory {
    counts: VecDeque<Count>,
    since: Option<Instant>,
}

impl DueHistory {
    /// Takes in a count: the orders on the list, and those whose time has come. Tells if the list has not become shorter for ten minutes,
    /// in all of which orders were due. Orders that only wait for their next try do no harm, however many they are.
    pub fn take_in(&mut self, orders: i64, due_now: i64, now: Instant) -> Option<NotShrinking> {
        if due_now == 0 {
            *self = Self::default();
            return None;
        }
        if self.counts.back().is_none_or(|last| now.saturating_duration_since(last.at) >= EVERY) {
            self.counts.push_back(Count { at: now, orders });
        }
        let is_old = |count: &Count| now.saturating_duration_since(count.at) >= OVER;
        while self.counts.get(1).is_some_and(is_old) {
            self.counts.pop_front();
        }
        let before = self.counts.front().filter(|first| is_old(first)).filter(|first| orders >= first.orders);
        self.since = before.map(|first| self.since.unwrap_or(first.at));
        Some(NotShrinking { since: self.since?, before: before?.orders, orders, now: due_now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told after a count each 10 s: orders, due now.
    fn told(counts: impl IntoIterator<Item = (i64, i64)>) -> Vec<Option<(u64, i64)>> {
        let (start, mut history) = (Instant::now(), DueHistory::default());
        let at = |number| start + EVERY * number;
        let counts = (0..).zip(counts);
        counts
            .map(|(number, (orders, due))| history.take_in(orders, due, at(number)))
            .map(|told| told.map(|told| (told.since.duration_since(start).as_secs(), told.before)))
            .collect()
    }

    #[test]
    fn a_list_that_is_as_long_as_ten_minutes_ago_is_told_since_the_beginning_and_no_longer_than_it_lasts() {
        let steady = told(std::iter::repeat_n((500, 9), 100));
        assert_eq!((steady[59], steady[60], steady[99]), (None, Some((0, 500)), Some((0, 500))));
        let shorter = told(std::iter::repeat_n((500, 9), 70).chain([(499, 9), (700, 9)]));
        assert_eq!((shorter[69], shorter[70], shorter[71]), (Some((0, 500)), None, Some((110, 500))));
    }

    #[test]
    fn a_list_that_shrinks_or_whose_orders_wait_for_their_next_try_is_fine() {
        assert!(told((0..200).map(|number| (5_000 - number, 9))).iter().all(Option::is_none));
        assert!(told((0..200).map(|number| (500, i64::from(number % 50 != 0)))).iter().all(Option::is_none));
    }
}
