//! Keeps Redis equal to Postgres: notices whatever Redis has lost, at any time, and makes Redis whole again without being asked (P8).
//!
//! Redis holds copies only: the hashes `order:<id>` of `results`, the hashes `customer:<id>` of the customers' topic. So Redis may lose
//! anything: the writes of its last second (a crash), the last hour (a restart from an old dump, a failover to a replica that lacks the
//! last writes), or everything (`FLUSHALL`, an empty server under the same name).
//!
//! # How a loss is noticed
//!
//! - **Progress.** Redis itself keeps, in the hash `orderstream:progress`, how far it reflects each partition of each topic
//!   ([`crate::redis::progress`]). The progress moves after the keys that it covers, and only from the point that Redis has acknowledged
//!   before. A Redis that has less than that point, or none, has lost something. [`reflect`] finds out at the first move of a claim and at
//!   each later one, and [`rebuild`] tries a move every second, so that a loss is noticed in a quiet shop too.
//! - **Runs.** Redis may be restarted after hashes were written and before the progress has moved over them: its progress is then as old as
//!   Postgres expects, and the hashes are gone. So each move names the run of the server in which the hashes were written
//!   ([`Run`](crate::redis::link::Run)), and a move that meets another run fails: the hashes are written again.
//! - **Sweeps' numbers.** No offset speaks of the hashes that [`crate::sweep`] writes. Each sweep has a number, which Redis is told after
//!   the hashes and Postgres after Redis. A Redis that has a lower number than Postgres, or none, has lost hashes of a sweep; [`rebuild`]
//!   compares the two every second.
//! - **Lookups.** Each lookup of customers reads the customers' progress in the same round trip ([`crate::redis::customers`]). If that
//!   progress is absent, or behind what Postgres has committed of the customers' topic, the answer is "unavailable" and never "missing": an
//!   emptied Redis does not make every customer unknown. `run/watch/customers.rs` reads once a second what Postgres has committed.
//! - **Redis ahead of Postgres.** A Postgres that was restored from a backup has less than Redis. At the first move of a claim of orders
//!   [`reflect`] compares the two: a progress or a sweep's number above what Postgres knows, or a ledger behind what this process has
//!   committed, means that Postgres has lost commits, and that Redis has hashes which nothing in Postgres explains.
//!
//! A single key that is evicted or deleted by hand changes none of these numbers. `run/watch/redis.rs` warns of a server that evicts
//! customers, and `orderstream reconcile` finds a single hash that is absent or wrong.
//!
//! # Who mends it, in this order
//!
//! 1. `run/watch/redis.rs` asks Redis for a sign of life every second. With the breaker open the watch alone finds out that Redis is back,
//!    so that no order waits for a server that hangs.
//! 2. [`reflect`] (called by the stages `flow/orders/write_back.rs` and `flow/orders/tell.rs`, and for customers by `flow/customers.rs`)
//!    marks the partition as behind and wakes [`rebuild`]. An order whose hash cannot be written goes on the list of the sweep instead.
//! 3. [`rebuild`] restores the customers first, from the start of their compacted topic, because no order can be enriched before. The
//!    rebuild marks each restored customer, so that the sweep refreshes rows that took an older state of the customer. Then the rebuild
//!    restores the orders. If Kafka still has the records that Redis has not seen, their orders go on the list of the sweep. If not, or if
//!    the progress is absent, or if hashes of a sweep are lost, all rows of the partition are written again in key order. Where Redis was
//!    ahead, all revisions are first lifted above those that Redis has.
//! 4. [`crate::sweep`] writes the hashes of the orders on its list, and completes their customers.
//! 5. [`recent`] writes the list `recent_orders` again within about a second after `results` has changed
//!    or the rebuild has made a partition whole.
//!
//! # What stays true meanwhile
//!
//! - Postgres goes on, and no row is lost. Until Redis has all customers again, new orders are written as `pending` or wait, as
//!   `enrichment.when_redis_is_down` says.
//! - An older hash never overwrites a newer one (P5), so the rebuild, the sweep and the workers may write the same order at the same time.
//! - The progress of a partition never passes what is missing. The rebuild moves the progress only over what is restored, and only if Redis
//!   still has the mark that was there before, in the same run. So a loss during the rebuild is noticed too, and a process that takes the
//!   partition over finds Redis behind and goes on.
//! - Each step is bounded (P10), and an error of one partition does not hold up the others (P13).

pub mod rebuild;
pub mod recent;
pub mod reflect;
