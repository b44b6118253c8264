//! Orders and customers, without I/O.
//!
//! - [`order`]: orders and customers as the shop has them
//! - [`absent`]: columns that events do not have
//! - [`enrich`]: order and lookup to enriched order
//! - [`letter_cap`]: when dead letters are too many

pub mod absent;
pub mod enrich;
pub mod letter_cap;
pub mod order;
