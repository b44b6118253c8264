//! Which names have a line of their own in `/metrics`. The others are counted together, so that thousands of tables are no burden for Prometheus.

use std::collections::BTreeSet;
use std::sync::Arc;

/// How many tables, and how many topics, have lines of their own.
pub const LINES: usize = 200;

/// The names that came first, which keep their lines as long as the process lives: a name that changed over to the others, or came from them,
/// would let a counter go down.
#[derive(Debug, Clone)]
pub struct Named {
    names: BTreeSet<Arc<str>>,
    limit: usize,
}

impl Default for Named {
    fn default() -> Self {
        Self::first(LINES)
    }
}

impl Named {
    /// The first `limit` names that will be met.
    #[must_use]
    pub fn first(limit: usize) -> Self {
        Self { names: BTreeSet::new(), limit }
    }

    /// Meets a name.
    pub fn meet(&mut self, name: &str) {
        if self.names.len() < self.limit && !self.names.contains(name) {
            self.names.insert(name.into());
        }
    }

    /// Whether the name has a line of its own.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_keep_their_lines_whatever_comes_later() {
        let mut named = Named::first(2);
        ["m", "z", "a", "m"].iter().for_each(|name| named.meet(name));
        assert_eq!(["m", "z", "a"].map(|name| named.has(name)), [true, true, false]);
    }
}
