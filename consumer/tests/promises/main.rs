//! Tests of the promises P1 to P11, each on the real Kafka, Debezium, Postgres and Redis.

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod operators_letters;
mod operators_letters_of_customers;
mod operators_offsets;
mod operators_reconcile;
mod operators_reconcile_redis;
mod operators_redis;
mod p10_every_wait_has_an_end;
mod p10_large_records;
mod p11_no_personal_data;
mod p1_every_record_has_one_fate;
mod p2_results_equal_orders;
mod p3_progress_and_effect_commit_together;
mod p4_one_writer_per_partition;
mod p5_another_lsn_space;
mod p5_older_never_overwrites_newer;
mod p6_an_outage_is_no_poison;
mod p6_postgres_errors;
mod p6_postgres_replaced;
mod p6_without_redis;
mod p7_poison_never_stops_the_others;
mod p8_redis_may_lose_anything;
mod p9_no_silence;
mod postgres_batch;
mod postgres_errors;
mod postgres_fence;
mod postgres_guard;
mod postgres_sweep;
mod postgres_truncates;
mod process;
#[allow(dead_code, reason = "the shop is shared with the cases from the field, and some of its words are needed only there")]
#[path = "../shop/mod.rs"]
mod shop;
