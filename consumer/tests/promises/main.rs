//! The promises, each shown on the real Kafka, Debezium, Postgres and Redis.

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

mod p2_results_equal_orders;
mod postgres_edge;
mod shop;
