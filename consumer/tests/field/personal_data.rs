//! Customers whose ids are e-mail addresses: an id is personal data as a name is (P11).

use std::fs;

use serde_json::json;

use crate::shop::apart::Apart;
use crate::shop::topic::Sent;
use crate::shop::{Shop, poison};

const UNREADABLE: &str = "zebulon.quixwood@example.com";
const RESTORED: &str = "ada.thornbury@example.com";

/// Noon of a day in 2026.
const NOON: i64 = 1_795_262_400_000;

fn customer(id: &str, lsn: i64, ts_ms: i64) -> Sent {
    let value = json!({
        "after": { "id": id, "name": "somebody" },
        "source": { "snapshot": "false", "sequence": format!("[\"{lsn}\",\"{lsn}\"]"), "lsn": lsn, "ts_ms": ts_ms },
        "op": "u",
    });
    Sent { key: Some(json!({ "id": id }).to_string().into_bytes()), value: Some(value.to_string().into_bytes()), ..Sent::default() }
}

#[test]
fn a_customers_id_is_in_no_log_line_and_on_no_endpoint_whatever_goes_wrong_with_the_customer() {
    let mut shop = Shop::closed();
    let apart = Apart::new(&shop, "personal", &[]).and_customers(&shop, &[]);
    let topic = apart.customers.clone().unwrap();
    shop.topics().send(&topic, &[customer(UNREADABLE, 500, NOON), customer(RESTORED, 500, NOON)]);
    let settings = apart.settings_and(&[("LOG_LEVEL", "debug,sqlx=info,librdkafka=info,rdkafka=info")]);
    let number = shop.start_another(&settings);
    let mut redis = redis::Client::open(format!("{}/9", shop.stack().redis_url())).unwrap().get_connection().unwrap();
    let key = format!("customer:{UNREADABLE}");
    shop.await_that("the customer is known", || redis::cmd("EXISTS").arg(&key).query::<bool>(&mut redis).unwrap());

    // The customer's key holds no hash any more.
    redis::cmd("SET").arg(&key).arg("broken").exec(&mut redis).unwrap();
    let order = Sent::order(1, poison::event(1).to_string().replace("CUST001", UNREADABLE));
    shop.topics().send(&apart.orders, &[order]);
    apart.await_sql("select enrichment from results where order_id = 1", "missing");
    // The change is older by its LSN and newer by its time.
    shop.topics().send(&topic, &[customer(RESTORED, 40, NOON + 600_000)]);
    shop.process(number).await_readiness(503, "SOURCE_EPOCH=1");

    let log = fs::read_to_string(shop.stack().folder().join(shop.process(number).service().name()).with_extension("log")).unwrap();
    assert!(log.contains("A customer's hash in Redis cannot be used"), "this is not the log");
    let endpoints = ["/metrics", "/status", "/health", "/readyz"].map(|path| (path, shop.process(number).get(path).unwrap().1));
    for (place, text) in endpoints.into_iter().chain([("the log", log)]) {
        for id in [UNREADABLE, RESTORED] {
            let line = text.lines().find(|line| line.contains(id));
            assert!(line.is_none(), "{place} has {id}: {line:?}");
        }
    }
}

#[test]
fn what_a_trigger_says_of_a_row_is_not_told_whatever_its_code() {
    let shop = Shop::with(&[]);
    let remove = "drop trigger if exists told on results; drop function if exists told";
    let restored = crate::restored::Restored(&shop, "drop trigger if exists told on results; drop function if exists told");
    shop.sql(&format!(
        "{remove}; create function told() returns trigger language plpgsql as $$
         begin raise warning 'seen: %', new.customer_id; raise exception '% is not welcome', new.customer_id using errcode = 'UX001'; end $$;
         create trigger told before insert on results for each row when (new.product_id = 'TOLD') execute function told()"
    ));
    shop.customer(UNREADABLE, "somebody");
    shop.sql(&format!("insert into orders (customer_id, product_id, quantity, price) values ('{UNREADABLE}', 'TOLD', 1, 1)"));
    shop.process(0).await_readiness(503, "UX001");
    let told = shop.process(0).get("/readyz").unwrap().1 + &shop.process(0).service().log_tail(10_000);
    assert!(!told.contains(UNREADABLE), "{told}");
    drop(restored);
    shop.process(0).await_readiness(200, "ok");
    shop.clear("TOLD");
}
