//! What happened to one order or one customer: facts from every server, each with a deadline of its own, and a verdict in one sentence.
//!
//! - [`gather`]: asks Postgres, Redis and Kafka, beside each other; whoever is late is named, and the rest of the answer still comes (P10)
//! - [`facts`]: what the servers have answered
//! - [`hash`]: the row beside the hash, and what differs
//! - [`place`]: the partition that an order belongs to, and what is not read of it yet
//! - [`verdict`]: facts to one of its sentences; pure
//! - [`events`]: the timeline
//! - [`report`]: the answer for programs, with names and addresses masked (P11)
//! - [`mask`]: how names and addresses are masked
//! - [`moment`]: a time as answers show it
//! - [`unknown`]: what is not known, and why
//! - [`text`]: the answer for people
//! - [`customer`]: the same for a customer
//! - [`payload`]: the bytes of a record as text, only on request
//! - [`records`]: the events themselves: those whose offset is known, and a bounded search, both only on request
//!
//! The command line and an endpoint can both ask here. Nothing is changed on any server.

pub mod customer;
pub mod events;
pub mod facts;
pub mod gather;
pub mod hash;
pub mod mask;
pub mod moment;
pub mod payload;
pub mod place;
pub mod records;
pub mod report;
pub mod text;
pub mod unknown;
pub mod verdict;
