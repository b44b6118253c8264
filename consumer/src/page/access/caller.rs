//! Who asks.

use std::net::SocketAddr;
use std::time::Instant;

use crate::config::Role;

/// How somebody was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Not at all.
    Nothing,
    /// By asking from this machine.
    Loopback,
    /// By a token in the request.
    Bearer,
    /// By the cookie of a session.
    Cookie,
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The name of the token; `None` without one.
    pub name: Option<String>,
    /// What they may do; `None` if nothing.
    pub role: Option<Role>,
    /// How they were recognised.
    pub via: Via,
    /// When their session ends.
    pub until: Option<Instant>,
    /// Where the connection comes from.
    pub peer: SocketAddr,
}

impl Caller {
    /// Somebody of whom nothing is known but the address.
    #[must_use]
    pub fn nobody(peer: SocketAddr) -> Self {
        Self { name: None, role: None, via: Via::Nothing, until: None, peer }
    }

    /// Whether they may do what needs this role.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|own| own >= role)
    }

    /// The name for logs and for the record of actions.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(if self.via == Via::Loopback { "somebody on this machine" } else { "somebody" })
    }
}
