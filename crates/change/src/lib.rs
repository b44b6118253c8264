//! Changes of rows, without I/O: from the bytes of a record to what becomes of its row. The crate knows no table: its user says which
//! columns count.
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`envelope`]: reads bytes into events, in every shape that Debezium writes
//! - [`value`]: values of columns that need more than a plain type
//! - [`calendar`]: dates of all years that Postgres has
//! - [`effect`]: what an event makes of its row
//! - [`position`]: where an event stands, and which of two events is newer
//! - [`position_text`]: a position as the text that a script in Redis compares
//! - [`lsn_space`]: the error for an event that comes from another database than what is stored
//! - [`collapse`]: turns many changes of one row into one write
//! - [`rejection`]: why a record cannot be processed
//! - [`fate`]: what became of a record

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod calendar;
pub mod collapse;
pub mod effect;
pub mod envelope;
pub mod fate;
pub mod lsn_space;
pub mod position;
pub mod position_text;
pub mod record;
pub mod rejection;
pub mod value;
