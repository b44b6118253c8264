//! Redis follows Postgres (P8).
//!
//! - [`recent`]: keeps the list of the newest orders
//! - [`reflect`]: how far Redis reflects each partition, told to Redis itself
//! - [`rebuild`]: makes Redis whole after it has lost something

pub mod rebuild;
pub mod recent;
pub mod reflect;
