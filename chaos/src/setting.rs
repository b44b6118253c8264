//! The settings of a round, which a shop and its operators may choose: no setting may make a difference to the promises.

use std::fmt;

use anyhow::Result;
use fastrand::Rng;
use stack::Stack;

use crate::world::CONNECTOR;

/// One of this many rounds has `enrichment.when_redis_is_down = hold`.
const ROUNDS_THAT_HOLD: u8 = 4;
/// With this setting an order whose product changes gets another message key, which may belong to another partition. (A column that can be
/// null must not be part of the key, because Debezium's incremental snapshot leaves out rows with a null in their key.)
const COMPOSITE_KEYS: &str = "public.orders:id,product_id";

/// The choices of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Whether orders are held back while Redis is away, and not written as pending.
    pub(crate) hold: bool,
    /// Whether the message key of an order has its product too.
    pub(crate) composite_keys: bool,
    /// The isolation level of each transaction of the database that names none.
    pub(crate) isolation: &'static str,
    /// Whether poison comes in transactions, of which some are aborted.
    pub(crate) transactions: bool,
}

impl Default for Setting {
    /// The setting that `World::start` begins with.
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

    /// Applies to the servers each choice that differs from `before`.
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
