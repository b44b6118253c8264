//! Changes of rows, without I/O: from the bytes of a record to what becomes of its row.
//!
//! - [`record`]: a Kafka record with its bytes and coordinates
//! - [`envelope`]: bytes to change, in every shape that Debezium writes
//! - [`position`]: where an event stands, and which of two is newer
//! - [`lsn_space`]: an event of another database than what is stored
//! - [`collapse`]: many changes of one row become one write
//! - [`rejection`]: why a record cannot be processed
//! - [`fate`]: what became of a record

pub mod collapse;
pub mod envelope;
pub mod fate;
pub mod lsn_space;
pub mod position;
pub mod record;
pub mod rejection;
