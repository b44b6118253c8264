//! Errors of Redis that no breaker tells: each kind once in a while (P13).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::RedisError;
use service::logging::Throttle;

/// A trouble that lasts is told again after this.
const QUIET: Duration = Duration::from_secs(60);

/// What was told, by what failed.
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
