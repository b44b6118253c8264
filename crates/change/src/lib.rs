//! Changes of rows, without I/O: from the bytes of a record to what becomes of its row. Knows no table: whoever uses it says which columns count.
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`envelope`]: bytes to event, in every shape that Debezium writes
//! - [`value`]: values of columns
//! - [`effect`]: what an event makes of its row
//! - [`position`]: where an event stands, and which of two is newer
//! - [`position_text`]: a position as the text that a script in Redis compares
//! - [`lsn_space`]: an event of another database than what is stored
//! - [`collapse`]: many changes of one row become one write
//! - [`rejection`]: why a record cannot be processed
//! - [`fate`]: what became of a record

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

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
