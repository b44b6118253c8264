//! Writes the orders to Redis: the hash `order:<id>` after its row was committed, guarded by version (P5), and the list of the newest
//! orders.
//!
//! The write-back is most of Redis' work. What a new order of 16 columns costs the server, measured side by side, 50 orders per script
//! call, append-only file on: 6.0 to 7.6 us if the script restores a dump of the hash, 10.8 to 12.7 us if the script sets the columns by
//! HSET and EXPIRE. HSET is for servers and users without RESTORE.

mod ahead;
pub mod check;
pub(crate) mod columns;
mod compare;
mod dump;
mod encode;
mod fields;
pub mod leftovers;
pub mod look;
mod recent;
mod row;

use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, Value};

use crate::orders::row::OrderState;
use crate::redis::customers::CustomersToken;
use crate::redis::link::{On, RedisError, RedisLink, Script, integer};
use crate::redis::progress;
pub(crate) use encode::ORDER_TRACE_SECONDS;
pub use encode::{set_call, write_call};
pub use recent::RECENT_ORDERS;
pub use row::texts_of;

static WRITE_ORDERS: Script = Script::new(include_str!("../../../redis/write_orders.lua"));
/// The script for servers and users without `RESTORE`.
static SET_ORDERS: Script = Script::new(include_str!("../../../redis/set_orders.lua"));

/// How order hashes are written.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// How long the hash of an order lives after the last write; zero is for ever.
    pub time_to_live: Duration,
    /// Orders per script call, 20 to 100. The cost per order is the same over that range, and a longer call holds up every other client
    /// longer.
    pub orders_per_call: usize,
    /// The customers topic, if the topic is consumed: customers are then compared again after the write.
    pub customers_topic: Option<String>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { time_to_live: Duration::from_secs(7 * 24 * 3600), orders_per_call: 50, customers_topic: None }
    }
}

/// What became of a write-back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Hashes written.
    pub written: usize,
    /// Orders whose hash was left alone, because the hash is as new as the row, or newer (P5).
    pub stale: usize,
    /// Orders whose customer has changed since the lookup: their rows have to be refreshed (P2).
    pub outdated: Vec<i64>,
}

/// The orders in Redis.
#[derive(Debug)]
pub struct OrderCache {
    link: Arc<RedisLink>,
    settings: CacheSettings,
}

impl OrderCache {
    /// The orders behind `link`.
    #[must_use]
    pub fn new(link: Arc<RedisLink>, settings: CacheSettings) -> Self {
        Self { link, settings: CacheSettings { orders_per_call: settings.orders_per_call.clamp(1, 1000), ..settings } }
    }

    /// Writes the hashes of orders that were committed, and compares their customers with what the lookup saw (P2).
    ///
    /// `token` is the token of the lookup. Rows that were not looked up just now come without one, and each of their customers is compared.
    /// The call takes one round trip, and a second one if a customer changed since the lookup.
    ///
    /// # Errors
    /// Any [`RedisError`]. Some hashes may have been written, and nothing is known about the customers: the progress must not move, and the
    /// orders have to be written again, which compares them again. Writing again is safe at any time (P5).
    pub async fn write_orders(&self, states: &[OrderState], epoch: i32, token: Option<&CustomersToken>) -> Result<Written, RedisError> {
        if states.is_empty() {
            return Ok(Written::default());
        }
        let mut replies = self.send(states, epoch).await?;
        let customers_now = self.settings.customers_topic.as_ref().and_then(|topic| Some((topic, replies.pop()?)));
        let written = count(&replies)?;
        let outdated = match customers_now {
            Some((topic, reply)) if !token.is_some_and(|seen| seen.is_same_as(&CustomersToken::from_reply(&reply, topic))) => {
                self.outdated(states).await?
            }
            _ => Vec::new(),
        };
        Ok(Written { written, stale: states.len().saturating_sub(written), outdated })
    }

    /// Sends the hashes by `RESTORE`, or by `HSET` where `RESTORE` does not work. Each new connection finds out which of the two works.
    /// Rights may change later, so a denial makes the cache ask again.
    async fn send(&self, states: &[OrderState], epoch: i32) -> Result<Vec<Value>, RedisError> {
        let restores = self.link.restores();
        match self.send_by(restores, states, epoch).await {
            Err(RedisError::Denied(_)) if self.link.restores_still().await? != restores => self.send_by(!restores, states, epoch).await,
            answer => answer,
        }
    }

    async fn send_by(&self, restores: bool, states: &[OrderState], epoch: i32) -> Result<Vec<Value>, RedisError> {
        let call = if restores { encode::write_call } else { encode::set_call };
        let script = if restores { &WRITE_ORDERS } else { &SET_ORDERS };
        let mut request = Pipeline::new();
        for chunk in states.chunks(self.settings.orders_per_call) {
            request.add_command(call(chunk, epoch, self.settings.time_to_live));
        }
        if self.settings.customers_topic.is_some() {
            request.add_command(progress::read_command());
        }
        self.link.call(On::Write, &request, Some(script)).await
    }
}

fn count(replies: &[Value]) -> Result<usize, RedisError> {
    replies.iter().try_fold(0, |sum, reply| Ok(sum + usize::try_from(integer(reply)?).unwrap_or(0)))
}
