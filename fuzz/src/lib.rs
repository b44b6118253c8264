//! The pure modules of orderstream for the fuzz targets, compiled from their files. Orderstream's drivers are left out, because the targets
//! do not need them and they take long to build.

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
