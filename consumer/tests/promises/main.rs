//! The promises, each shown on the real Kafka, Debezium, Postgres and Redis.

mod postgres_edge;
