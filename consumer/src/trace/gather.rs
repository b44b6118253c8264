//! Asks the servers, beside each other. Each has a deadline of its own, and one that is late or away leaves the others' answers whole (P10).

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use kafka::reread::Reread;
use kafka::source::standing::StandingEnds;
use tokio::time::timeout;

use super::customer::CustomerFacts;
use super::facts::{Asked, OrderFacts, Settings};
use crate::redis::breaker::State;
use crate::redis::cache::look;
use crate::redis::customers::look as look_at_customer;
use crate::redis::link::{RedisError, RedisLink};
use crate::results::Results;

/// Why Redis is not asked while an operator holds the breaker open.
const HELD_OPEN: &str = "the breaker around Redis is held open";

/// The servers that know something of an order, and how long each may take.
#[derive(Debug)]
pub struct Servers {
    /// The tables.
    pub results: Results,
    /// Redis.
    pub redis: Arc<RedisLink>,
    /// The workers' connection to Redis, whose breaker an operator may hold open; `None` for a command, which knows no workers.
    pub workers: Option<Arc<RedisLink>>,
    /// Kafka, for records.
    pub kafka: Reread,
    /// Kafka, for where logs end.
    pub ends: StandingEnds,
    /// What a verdict depends on beside the answers.
    pub settings: Settings,
    /// How long a server may take, its connection included.
    pub patience: Duration,
}

impl Servers {
    /// Everything that the servers know of an order, without reading any record.
    pub async fn order(&self, id: i64) -> OrderFacts {
        let at = Utc::now();
        let (postgres, redis, kafka) = tokio::join!(
            self.asked(self.results.trace_of_order(id)),
            self.asked(self.of_redis(look::look(&self.redis, id))),
            self.asked(self.ends.ends(&self.settings.orders_topic, self.patience)),
        );
        let row = postgres.get().and_then(|stored| stored.row.as_ref());
        // A Redis that did not answer just now would only take its time again.
        let customer = match row.and_then(|row| row.row.customer_id.as_deref()).filter(|_| redis.answer.is_ok()) {
            Some(customer_id) => Some(self.asked(self.of_redis(look_at_customer::look(&self.redis, customer_id))).await),
            None => None,
        };
        OrderFacts { id, at, settings: self.settings.clone(), postgres, redis, customer, kafka }
    }

    /// Everything that the servers know of a customer, without reading any record.
    pub async fn customer(&self, id: &str) -> CustomerFacts {
        let at = Utc::now();
        let (postgres, redis, kafka) = tokio::join!(
            self.asked(self.results.trace_of_customer(id)),
            self.asked(self.of_redis(look_at_customer::look(&self.redis, id))),
            async {
                match &self.settings.customers_topic {
                    Some(topic) => Some(self.asked(self.ends.ends(topic, self.patience)).await),
                    None => None,
                }
            },
        );
        CustomerFacts { id: id.to_owned(), at, settings: self.settings.clone(), postgres, redis, kafka }
    }

    /// Asks Redis, unless an operator holds the workers' breaker open: then nothing of this process calls Redis.
    async fn of_redis<T>(&self, question: impl Future<Output = Result<T, RedisError>>) -> Result<T, String> {
        if self.workers.as_ref().is_some_and(|link| link.breaker().state == State::ForcedOpen) {
            return Err(HELD_OPEN.to_owned());
        }
        question.await.map_err(|error| error.to_string())
    }

    async fn asked<T, E: std::fmt::Display>(&self, question: impl Future<Output = Result<T, E>>) -> Asked<T> {
        let began = Instant::now();
        let answer = timeout(self.patience, question).await;
        let silent = |_| Err(format!("no answer within {} ms", self.patience.as_millis()));
        let answer = answer.map(|answer| answer.map_err(|error| error.to_string())).unwrap_or_else(silent);
        Asked { answer, took: began.elapsed() }
    }
}
