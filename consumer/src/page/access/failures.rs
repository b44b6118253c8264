//! Counts wrong tokens by address, so that nobody guesses for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of wrong tokens that an address may show in [`WINDOW`].
const MOST: u32 = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// The number of addresses that are remembered (P10). Beyond it the oldest window is forgotten.
const ADDRESSES: usize = 1_000;

/// The wrong tokens of the last minute.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Failures {
    /// How long the address has to wait; `None` if not at all.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, failures) = known.get(&address)?;
        let left = WINDOW.checked_sub(now.saturating_duration_since(*since))?;
        (*failures >= MOST && !left.is_zero()).then_some(left)
    }

    /// Counts a wrong token.
    pub(super) fn count(&self, address: IpAddr, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
        if known.len() >= ADDRESSES
            && let Some(oldest) = known.iter().min_by_key(|(_, (since, _))| *since).map(|(address, _)| *address)
        {
            known.remove(&oldest);
        }
        known.entry(address).or_insert((now, 0)).1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_wrong_tokens_an_address_waits_for_the_rest_of_the_minute_and_others_do_not() {
        let (failures, start) = (Failures::default(), Instant::now());
        let (guessing, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..5 {
            assert_eq!(failures.wait(guessing, start), None);
            failures.count(guessing, start);
        }
        assert_eq!(failures.wait(guessing, start + Duration::from_secs(20)), Some(Duration::from_secs(40)));
        assert_eq!(failures.wait(other, start), None);
        assert_eq!(failures.wait(guessing, start + Duration::from_secs(60)), None);
    }

    #[test]
    fn the_number_of_remembered_addresses_has_a_limit() {
        let (failures, now) = (Failures::default(), Instant::now());
        (0..3_000_u32).for_each(|number| failures.count(IpAddr::from(number.to_be_bytes()), now));
        assert!(failures.0.lock().unwrap().len() <= ADDRESSES);
    }
}
