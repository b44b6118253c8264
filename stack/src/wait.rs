//! The only place that waits. Each wait is for a condition that has a name, a deadline, and a reason why it does not hold yet.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The longest pause between two looks: short enough to be unnoticed beside a start of seconds, long enough to leave the machine alone.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What one look at a condition says.
#[derive(Debug)]
pub enum Attempt<T> {
    /// The condition holds.
    Ready(T),
    /// The condition does not hold yet, for this reason.
    NotYet(String),
    /// The condition will never hold, so that waiting for the deadline is useless.
    Hopeless(anyhow::Error),
}

impl Attempt<()> {
    /// Ready if `holds`, otherwise not yet.
    pub fn when(holds: bool) -> Self {
        if holds { Self::Ready(()) } else { Self::NotYet("it does not hold yet".to_owned()) }
    }
}

impl<T> From<Result<T>> for Attempt<T> {
    /// An error means not yet, because a service that is starting refuses connections.
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(value) => Self::Ready(value),
            Err(error) => Self::NotYet(format!("{error:#}")),
        }
    }
}

/// Looks at a condition again and again until it holds.
///
/// # Errors
/// When `patience` is over, with `condition` and the last reason; when an attempt is hopeless, with its error.
pub fn until<T>(condition: &str, patience: Duration, mut attempt: impl FnMut() -> Attempt<T>) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        match attempt() {
            Attempt::Ready(value) => return Ok(value),
            Attempt::Hopeless(error) => return Err(error),
            Attempt::NotYet(why) if start.elapsed() >= patience => {
                bail!("waited {} s for: {condition}; in vain: {why}", patience.as_secs())
            }
            Attempt::NotYet(_) => thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_condition_that_comes_true_ends_the_wait() {
        let mut looks = 0;
        let value = until("three looks", Duration::from_secs(5), || {
            looks += 1;
            if looks == 3 { Attempt::Ready(looks) } else { Attempt::NotYet("too few".into()) }
        });
        assert_eq!(value.unwrap(), 3);
    }

    #[test]
    fn the_deadline_names_the_condition_and_the_last_reason() {
        let error = until::<()>("the moon is blue", Duration::ZERO, || Attempt::NotYet("it is grey".into())).unwrap_err();
        assert_eq!(error.to_string(), "waited 0 s for: the moon is blue; in vain: it is grey");
    }

    #[test]
    fn a_hopeless_attempt_does_not_wait_for_the_deadline() {
        let error = until::<()>("never", Duration::from_secs(3600), || Attempt::Hopeless(anyhow!("it died"))).unwrap_err();
        assert_eq!(error.to_string(), "it died");
    }
}
