//! The sessions of people who have logged in, in memory: after a restart they log in again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Role;
use crate::config::tokens::{NoRandomness, Token, hash, random};

/// How long a session lasts.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3_600);

/// The most sessions at once (P10). Beyond it the oldest one ends.
const MOST: usize = 1_000;

/// The sessions, by the SHA-256 of their cookie.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Known>>);

#[derive(Debug, Clone)]
struct Known {
    token: Token,
    until: Instant,
}

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The value of the cookie; empty for one that was found by it.
    pub cookie: String,
    /// Who has logged in.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When the session ends.
    pub until: Instant,
    token: Token,
}

impl Session {
    fn new(cookie: String, known: &Known) -> Self {
        let Known { token, until } = known.clone();
        Self { cookie, name: token.name.clone(), role: token.role, until, token }
    }

    pub(super) fn is_of(&self, token: &Token) -> bool {
        self.token == *token
    }
}

impl Sessions {
    pub(super) fn begin(&self, token: &Token, now: Instant) -> Result<Session, NoRandomness> {
        let cookie = random()?;
        let known = Known { token: token.clone(), until: now + LIFETIME };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| session.until > now);
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, session)| session.until).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        all.insert(hash(&cookie), known.clone());
        Ok(Session::new(cookie, &known))
    }

    pub(super) fn find(&self, cookie: &str, now: Instant) -> Option<Session> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&hash(cookie)).filter(|known| known.until > now)?;
        Some(Session::new(String::new(), known))
    }

    pub(super) fn end(&self, cookie: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(cookie));
    }
}
