//! The catalog and the plans on a real Postgres: every type and shape of table of all_types.sql is read, made in another database, and read
//! again.

#![expect(unreachable_pub, reason = "the modules of a test binary have no outside")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod changes;
mod copies;
mod database;
mod read;
