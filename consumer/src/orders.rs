//! Orders and customers as the program handles them, without I/O: from records to writes.
//!
//! - [`order`], [`customer`]: orders and customers as the shop has them
//! - [`decode`]: decodes bytes to changes of orders and customers
//! - [`absent`]: the columns that events do not have
//! - [`changes`]: makes records of orders into writes: decode, reject, fill in, collapse, enrich
//! - [`customers`]: makes records of customers into changes
//! - [`enrich`]: adds the customer that was looked up to an order
//! - [`mod@write`]: the puts and deletes of a batch, in rounds
//! - [`row`]: the committed state of an order
//! - [`refusal`]: the records that become dead letters

pub mod absent;
pub mod changes;
pub mod customer;
pub mod customers;
pub mod decode;
pub mod enrich;
pub mod order;
mod price;
pub mod refusal;
pub mod row;
pub mod write;
