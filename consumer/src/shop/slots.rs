//! Reads the replication slots of the shop's database, which say who reads its log. Every role that may connect can see the slots.

use sqlx::PgConnection;

/// How much of the log a slot has not confirmed. On a standby the end of the log is what the standby has received. A slot that lost its
/// place has no number.
const SLOTS: &str = "
select slot_name::text as name, active as is_active, coalesce(wal_status = 'lost', false) as is_lost,
       pg_size_pretty(pg_wal_lsn_diff(ends.at, confirmed_flush_lsn)) as unread,
       greatest(pg_wal_lsn_diff(ends.at, confirmed_flush_lsn), 0)::bigint as lag_bytes,
       greatest(pg_wal_lsn_diff(ends.at, restart_lsn), 0)::bigint as retained_bytes
from pg_replication_slots,
     (select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as at) as ends
where slot_type = 'logical' and database = current_database()
order by slot_name";

/// A logical slot of the database, of whatever plugin, because Debezium works with more than one.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody is connected to it.
    pub is_active: bool,
    /// Whether Postgres has thrown away log that it still had to send to the slot's reader.
    pub is_lost: bool,
    /// How much of the log has not been confirmed, for people.
    pub unread: Option<String>,
    /// The same in bytes.
    pub lag_bytes: Option<i64>,
    /// Bytes of the log that Postgres keeps because of the slot.
    pub retained_bytes: Option<i64>,
}

pub(super) async fn read(connection: &mut PgConnection) -> sqlx::Result<Vec<Slot>> {
    sqlx::query_as(SLOTS).fetch_all(connection).await
}
