//! Redis follows Postgres (P8).
//!
//! - [`cache`]: the hashes of orders
//! - [`recent`]: keeps the list of the newest orders
//! - [`progress`]: how far Redis is, as Redis has it
//! - [`reflect`]: how far Redis reflects each partition, told to Redis itself
//! - [`rebuild`]: makes Redis whole after it has lost something

pub mod cache;
pub mod progress;
pub mod rebuild;
pub mod recent;
pub mod reflect;
