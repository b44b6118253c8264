//! Restarts under `make up`: a process that dies is started again, as docker compose does.

use std::time::{Duration, Instant};

use stack::Service;

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// A process that ran for this long is not dying again and again, so that its next restart has the shortest delay.
const CALM: Duration = Duration::from_secs(60);

/// When to start again a process that died.
#[derive(Debug)]
pub(crate) struct Restarts {
    delay: Duration,
    started: Instant,
    due: Option<Instant>,
}

impl Restarts {
    pub(crate) fn new(now: Instant) -> Self {
        Self { delay: FIRST_DELAY, started: now, due: None }
    }

    /// Looks whether the process has died, and starts it again when the delay is over.
    pub(crate) fn look_after(&mut self, service: &Service, now: Instant) {
        if self.due.is_some_and(|due| now >= due) {
            match service.launch() {
                Ok(()) => self.started_again(service, now),
                Err(error) => self.died(now, &format!("{error:#}")),
            }
        } else if self.due.is_none()
            && let Some(death) = service.death()
        {
            self.died(now, &format!("{death:#}"));
        }
    }

    fn died(&mut self, now: Instant, how: &str) {
        let delay = self.next_delay(now);
        println!("{how}\nIt is started again in {} s.", delay.as_secs());
        self.due = Some(now + delay);
    }

    fn started_again(&mut self, service: &Service, now: Instant) {
        println!("{} is started again", service.name());
        self.started = now;
        self.due = None;
    }

    fn next_delay(&mut self, now: Instant) -> Duration {
        if now.duration_since(self.started) > CALM {
            self.delay = FIRST_DELAY;
        }
        let delay = self.delay;
        self.delay = (delay * 2).min(LONGEST_DELAY);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_half_a_minute() {
        let now = Instant::now();
        let mut restarts = Restarts::new(now);
        let delays: Vec<u64> = (0..7).map(|_| restarts.next_delay(now).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn a_minute_without_a_death_makes_the_delay_short_again() {
        let now = Instant::now();
        let mut restarts = Restarts::new(now);
        restarts.next_delay(now);
        restarts.next_delay(now);
        assert_eq!(restarts.next_delay(now + CALM + FIRST_DELAY), FIRST_DELAY);
    }
}
