//! Who asks, and what they may do.
//!
//! - This machine, by a name of its own, may read without a token: names and addresses are masked.
//! - Everybody else shows a token, either in the header `Authorization: Bearer` or once, for a session with a cookie.
//! - Whatever changes something needs a token with the role `operate`, from wherever it is asked.
//!
//! A page of another origin gets nothing: its `Host` is not known here, its writes carry its `Origin`, and its reads say `cross-site`.

mod caller;
mod failures;
mod guard;
mod hosts;
mod sessions;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub use caller::{Caller, Via};
use failures::Failures;
pub(super) use guard::{cookie, cookie_name, role_of, text as header_text};
pub use guard::{guard, own_headers};
use hosts::Hosts;
use service::settings::{ExposeSecret, Renewable};
use sessions::Sessions;
pub use sessions::{LIFETIME, Session};

use crate::config::Page as PageSettings;
pub use crate::config::Role;
use crate::config::tokens::{self, NoRandomness, Token};

/// Who may do what.
#[derive(Debug)]
pub struct Access {
    tokens: Renewable,
    /// Why a part of the tokens is not used, as it was told.
    told: Mutex<Option<String>>,
    /// Whether this machine reads without a token.
    trusts_loopback: bool,
    hosts: Hosts,
    sessions: Sessions,
    failures: Failures,
}

/// Why nobody is let in with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The token is none of the known ones.
    Token,
    /// Too many wrong tokens came from this address; the next one is looked at after so many milliseconds.
    TooMany(u64),
}

impl Access {
    pub(super) fn new(settings: &PageSettings) -> Self {
        Self {
            tokens: settings.tokens.clone(),
            told: Mutex::default(),
            trusts_loopback: settings.trusts_loopback,
            hosts: Hosts::new(&settings.hosts),
            sessions: Sessions::default(),
            failures: Failures::default(),
        }
    }

    /// Whether anybody can log in.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        !self.known().is_empty()
    }

    /// The tokens as their file has them now: a token that was taken out is none any more, and its sessions end. Of a file that is gone or
    /// empty nothing is left, and of one with wrong entries the right ones.
    fn known(&self) -> Vec<Token> {
        let (known, wrong) = tokens::known(self.tokens.present().expose_secret());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = wrong.as_ref().filter(|_| *told != wrong) {
            tracing::warn!(why, "A part of page.tokens cannot be used; the rest is");
        }
        *told = wrong;
        known
    }

    /// Looks a token up.
    ///
    /// # Errors
    /// [`Unknown`]
    pub(super) fn by_token(&self, shown: &str, caller: &Caller, now: Instant) -> Result<Token, Unknown> {
        let address = caller.peer.ip();
        // All tokens are compared, so that the time says nothing of which one was close.
        let found = self.known().into_iter().fold(None, |found, token| if token.is(shown) { Some(token) } else { found });
        // A right token is always taken: behind a proxy all have one address, and whoever guesses must not lock the others out.
        found.ok_or_else(|| {
            if let Some(wait) = self.failures.wait(address, now) {
                return Unknown::TooMany(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            }
            self.failures.count(address, now);
            tracing::warn!(%address, "A token was shown that nobody here knows");
            Unknown::Token
        })
    }

    /// Begins a session of a token.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn begin(&self, token: &Token, now: Instant) -> Result<Session, NoRandomness> {
        self.sessions.begin(token, now)
    }

    /// Ends the session of a cookie.
    pub(super) fn end(&self, cookie: &str) {
        self.sessions.end(cookie);
    }

    /// The session of a cookie, if its token is still known with the same role.
    fn by_cookie(&self, cookie: &str, now: Instant) -> Option<Session> {
        let session = self.sessions.find(cookie, now)?;
        self.known().iter().any(|token| session.is_of(token)).then_some(session)
    }
}

#[cfg(test)]
mod tests;
