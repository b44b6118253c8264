//! Tests of what real shops, servers and operators do to the pipeline, each case on the real Kafka, Debezium, Postgres and Redis.
//!
//! Each file has one kind of case, and each test has the right values in it.

#![allow(dead_code, reason = "the shop is shared with the promises, and some of its words are needed only there")]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod absent_columns;
mod actions;
mod admin_log;
mod bounded_work;
mod compared;
mod configuration;
mod contract;
mod dead_letter_topic;
mod dlq;
mod failover;
mod first_start;
mod guests;
mod held_by_operators;
mod history;
mod json_log;
mod kafka_hangs;
mod large_records;
mod letter_pages;
mod letters_overtaken;
mod logical_messages;
mod metrics;
mod migrations;
mod nothing_but_letters;
mod old_primary;
mod page_reading;
mod personal_data;
mod poolers;
mod postgres_restored;
mod postgres_settings;
mod processes;
mod rebuild;
mod reconcile;
mod redis_failover;
mod redis_full;
mod redis_without_commands;
mod refused_changes;
mod restored;
mod retention;
#[path = "../shop/mod.rs"]
mod shop;
mod slow_http_clients;
mod sweep;
mod tasks;
mod ties;
mod time_units;
mod tls;
mod trace;
mod traces;
mod transactional_topics;
mod useless_sentinels;
mod watched_source;
