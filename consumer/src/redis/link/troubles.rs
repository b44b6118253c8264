//! Logs errors of Redis that no breaker logs, each kind once in a while (P13).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use service::logging::Throttle;

use super::RedisError;

/// How long a trouble that lasts is not logged again.
const QUIET: Duration = Duration::from_secs(60);

/// When each kind of failure was last logged, by what failed.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<HashMap<&'static str, Throttle>>);

impl Troubles {
    pub(super) fn tell(&self, what: &'static str, error: &RedisError) {
        let allowed = {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.entry(what).or_insert_with(|| Throttle::new(QUIET)).allow(Instant::now())
        };
        if let Some(suppressed) = allowed {
            tracing::warn!(what, suppressed, %error, "Redis refuses something that orderstream needs; it is tried again");
        }
    }
}
