//! The pure modules of orderstream, compiled from where they stand. Its drivers and servers are not needed here and take long to build.

#[path = "../../consumer/src/envelope/mod.rs"]
pub mod envelope;
#[path = "../../consumer/src/order.rs"]
pub mod order;
#[path = "../../consumer/src/position.rs"]
pub mod position;
#[path = "../../consumer/src/customers/position_text.rs"]
pub mod position_text;
#[path = "../../consumer/src/record.rs"]
pub mod record;
#[path = "../../consumer/src/rejection.rs"]
pub mod rejection;
