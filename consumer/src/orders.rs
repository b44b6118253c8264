//! Orders and customers, without I/O.
//!
//! - [`order`], [`customer`]: orders and customers as the shop has them
//! - [`decode`]: bytes to changes of orders and customers
//! - [`absent`]: columns that events do not have
//! - [`changes`]: records of orders to writes: decode, reject, fill in, collapse, enrich
//! - [`customers`]: records of customers to changes
//! - [`enrich`]: order and lookup to enriched order
//! - [`write`]: what is put and deleted, in rounds
//! - [`row`]: what is committed of an order
//! - [`refusal`]: records that become dead letters
//! - [`letter_cap`]: when dead letters are too many

pub mod absent;
pub mod changes;
pub mod customer;
pub mod customers;
pub mod decode;
pub mod enrich;
pub mod letter_cap;
pub mod order;
mod price;
pub mod refusal;
pub mod row;
pub mod write;
