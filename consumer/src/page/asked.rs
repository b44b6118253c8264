//! What the page asks servers for, with connections of its own: it takes none of the workers' (P10).

use std::sync::{Arc, Mutex, PoisonError};

use ledger::{Class, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::access::{Caller, Role};
use super::error::ApiError;
use super::lately::Lately;
use crate::redis::link::RedisLink;
use crate::trace::gather::Servers;
use crate::trace::mask::Shown;

/// How many requests read records of Kafka at once: each of them makes a client of its own.
const READERS: usize = 2;

/// The servers that the page asks, and what it keeps of their answers.
#[derive(Debug)]
pub struct Asked {
    /// The servers, with the page's own connections.
    pub servers: Servers,
    /// The workers' connection to Redis, of which only the breakers are looked at.
    pub breakers: Arc<RedisLink>,
    /// What was asked in the background.
    lately: Mutex<Lately>,
    readers: Arc<Semaphore>,
    searches: Arc<Semaphore>,
}

impl Asked {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(servers: Servers, breakers: Arc<RedisLink>) -> Arc<Self> {
        let (readers, searches) = (Arc::new(Semaphore::new(READERS)), Arc::new(Semaphore::new(1)));
        let servers = Servers { workers: Some(Arc::clone(&breakers)), ..servers };
        Arc::new(Self { servers, breakers, lately: Mutex::default(), readers, searches })
    }

    /// Servers of which none is there.
    #[cfg(test)]
    pub(in crate::page) fn nobody() -> Arc<Self> {
        use std::time::Duration;

        use kafka::reread::Reread;
        use kafka::source::standing::StandingEnds;

        use crate::redis::link::LinkSettings;
        use crate::results::Results;
        use crate::trace::facts::Settings;

        let patience = Duration::from_millis(150);
        let url = "postgres://nobody@127.0.0.1:1/nothing".to_owned();
        let store = ledger::StoreConfig { url: url.into(), max_connections: 2, statement_timeout: patience, lock_timeout: patience };
        let [redis, workers] = ["redis://127.0.0.1:1"; 2].map(|url| RedisLink::new(&LinkSettings::new(url)).unwrap());
        let kafka = Reread { properties: vec![("bootstrap.servers".into(), "127.0.0.1:1".into())], group: "g".into() };
        let (results, ends) = (Results::reading(&store, "test").unwrap(), StandingEnds::new(kafka.clone()));
        let settings = Settings { epoch: 0, orders_topic: "orders".into(), customers_topic: None, refresh: true, order_ttl: patience };
        let servers = Servers { results, redis, workers: None, kafka, ends, settings, patience };
        Self::new(servers, workers)
    }

    /// A place among those who read records of Kafka.
    ///
    /// # Errors
    /// All places are taken.
    pub(super) fn reads(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.readers).try_acquire_owned();
        place.map_err(|_| ApiError::busy("others are reading records of Kafka at this moment; ask again in a second", 1_000))
    }

    /// The place of the one search.
    ///
    /// # Errors
    /// Somebody is searching.
    pub(super) fn searches(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = Arc::clone(&self.searches).try_acquire_owned();
        place.map_err(|_| ApiError::busy("somebody is searching Kafka in this process; a search ends after 10 s", 2_000))
    }

    /// Closes the page's connections, at the end of the process.
    pub async fn close(&self) {
        self.servers.results.ledger.close().await;
        self.servers.ends.close().await;
    }

    /// Looks at what was asked in the background, or changes it. The look is short: nothing is asked meanwhile.
    pub fn lately<T>(&self, look: impl FnOnce(&mut Lately) -> T) -> T {
        look(&mut self.lately.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether names and addresses are shown. Whoever sees them needs the role, and each time is logged: who, and what kind of thing (P11).
///
/// # Errors
/// They are asked for without the role.
pub(super) fn shown(caller: &Caller, reveal: bool, what: &'static str) -> Result<Shown, ApiError> {
    if !reveal {
        return Ok(Shown::Masked);
    }
    if !caller.may(Role::Reveal) {
        return Err(ApiError::new(
            axum::http::StatusCode::FORBIDDEN,
            "role",
            "Names and addresses need the role reveal: log in with a token of that role.",
        ));
    }
    tracing::info!(name = caller.name(), what, "Names and addresses were shown on the page");
    Ok(Shown::Revealed)
}

/// Why Postgres has no answer for the page, and what to do.
pub(super) fn unanswered(error: &StoreError) -> ApiError {
    match error.class() {
        Class::Contention => {
            ApiError::away(format!("Postgres did not answer within the 250 ms of the page: ask for less, or again ({error})"))
        }
        _ => ApiError::away(format!("Postgres did not answer: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::breaker::Forced;

    #[tokio::test]
    async fn one_search_and_two_readers_have_a_place_and_whoever_comes_then_is_told_to_come_again() {
        let asked = Asked::nobody();
        let search = asked.searches().unwrap();
        let refused = asked.searches().unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.retry_after_ms), (429, Some(2_000)));
        drop(search);
        drop(asked.searches().unwrap());
        let _readers = [asked.reads().unwrap(), asked.reads().unwrap()];
        assert_eq!(asked.reads().unwrap_err().status.as_u16(), 429);
    }

    #[tokio::test]
    async fn while_an_operator_holds_the_breaker_open_the_page_does_not_ask_redis_either() {
        let asked = Asked::nobody();
        let why = async || [asked.servers.order(7).await.redis.answer.err(), asked.servers.customer("7").await.redis.answer.err()];
        asked.breakers.force_breaker(Some(Forced::Open));
        assert_eq!(why().await.map(Option::unwrap), ["the breaker around Redis is held open"; 2]);
        asked.breakers.force_breaker(None);
        assert!(why().await.into_iter().flatten().all(|why| !why.contains("held open")));
    }
}
