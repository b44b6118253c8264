//! A Redis that is full and evicts nothing, so that it refuses writes with OOM and serves reads.

use crate::shop::Shop;

/// A full Redis, until the value is dropped.
struct Full(redis::Connection);

impl Full {
    fn new(shop: &Shop) -> Self {
        let mut full = Self(shop.redis().unwrap());
        full.set("maxmemory-policy", "noeviction");
        full.set("maxmemory", "1");
        full
    }

    fn set(&mut self, name: &str, value: &str) {
        redis::cmd("CONFIG").arg("SET").arg(name).arg(value).exec(&mut self.0).unwrap();
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        self.set("maxmemory", "1gb");
        self.set("maxmemory-policy", "volatile-lru");
    }
}

#[test]
fn customers_are_looked_up_in_a_redis_that_is_full_and_no_breaker_flaps() {
    let shop = Shop::with(&[]);
    let process = shop.process(0);
    let lookups = |outcome: &str| process.metric(&format!(r#"orderstream_customer_lookups_total{{outcome="{outcome}"}}"#));
    let opened = || process.metric(r#"orderstream_breaker_transitions_total{from="closed",to="open"}"#);
    let full = Full::new(&shop);
    let (found, unavailable) = (lookups("found"), lookups("unavailable"));
    for batch in 1..=30 {
        shop.orders("FULL", 10);
        shop.await_sql("select count(*) from results where product_id = 'FULL' and enrichment = 'complete'", &(batch * 10).to_string());
    }
    assert_eq!((lookups("found") - found, lookups("unavailable") - unavailable, opened()), (300, 0, 0));
    process.await_readiness(200, "OOM");
    let (_, health) = process.get("/health").unwrap();
    assert!(health.contains(r#""status":"degraded""#) && health.contains("takes no writes now: OOM"), "{health}");
    let log = process.service().log_tail(400);
    assert_eq!(log.matches("order hashes are written when it takes writes again").count(), 1, "{log}");
    drop(full);
    process.await_readiness(200, "ok");
    shop.await_everything_right();
    shop.clear("FULL");
}
