//! The promises, each shown on the real Kafka, Debezium, Postgres and Redis.

#![allow(clippy::unwrap_used)]
#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]

mod equality;
mod operators_letters;
mod operators_offsets;
mod operators_redis;
mod p1_every_record_has_one_fate;
mod p2_results_equal_orders;
mod p3_progress_and_effect_commit_together;
mod p4_one_writer_per_partition;
mod p5_older_never_overwrites_newer;
mod p6_an_outage_is_no_poison;
mod p8_redis_may_lose_anything;
mod postgres_edge;
mod shop;
mod topic;
