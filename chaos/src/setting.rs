//! What a shop and its operators have chosen for a round: nothing of it may make a difference.

use std::fmt;

use anyhow::Result;
use fastrand::Rng;
use stack::Stack;

use crate::world::CONNECTOR;

/// One round in so many has `enrichment.when_redis_is_down = hold`.
const ROUNDS_THAT_HOLD: u8 = 4;
/// The message key of an order whose product changes is another one, and goes to another partition. (Of a key with a null Debezium reads no rows
/// again.)
const COMPOSITE_KEYS: &str = "public.orders:id,product_id";

/// The choices of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Orders are held back while Redis is away, and not written as pending.
    pub(crate) hold: bool,
    /// An order's message key has its product too.
    pub(crate) composite_keys: bool,
    /// The isolation level that transactions of the database have, unless they name one.
    pub(crate) isolation: &'static str,
    /// Poison comes in transactions, of which some are aborted.
    pub(crate) transactions: bool,
}

impl Default for Setting {
    /// What World::start begins with.
    fn default() -> Self {
        Self { hold: false, composite_keys: false, isolation: ISOLATIONS[0], transactions: false }
    }
}

const ISOLATIONS: [&str; 3] = ["read committed", "repeatable read", "serializable"];

impl Setting {
    pub(crate) fn any(rng: &mut Rng) -> Self {
        Self {
            hold: rng.u8(0..ROUNDS_THAT_HOLD) == 0,
            composite_keys: rng.bool(),
            isolation: ISOLATIONS[rng.usize(0..ISOLATIONS.len())],
            transactions: rng.bool(),
        }
    }

    /// Gives the servers what differs from `before`.
    pub(crate) fn apply(&self, before: &Self, stack: &Stack) -> Result<()> {
        if self.isolation != before.isolation {
            stack.psql(&format!("alter database orders set default_transaction_isolation = '{}'", self.isolation))?;
            stack.psql("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'orderstream'")?;
        }
        if self.composite_keys != before.composite_keys {
            let mut connector = stack.connector_config()?;
            if self.composite_keys {
                connector["message.key.columns"] = COMPOSITE_KEYS.into();
            }
            stack.connect_api().register(CONNECTOR, &connector)?;
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.isolation)?;
        let others = [
            (self.composite_keys, "composite keys"),
            (self.transactions, "topics with transactions"),
            (self.hold, "orders are held while Redis is away"),
        ];
        others.iter().filter(|(is_so, _)| *is_so).try_for_each(|(_, what)| write!(f, ", {what}"))
    }
}
