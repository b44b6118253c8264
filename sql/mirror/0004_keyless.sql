-- The newest snapshot of each table without a key. A snapshot that begins anew sends every row again: rows of older snapshots, and the events that the
-- snapshot has read already, do not count beside it.
create table mirror_snapshots (
    table_id      int    not null references mirror_tables on delete cascade,
    epoch         int    not null,
    lsn           bigint not null,
    source_ms     bigint,
    primary key (table_id, epoch)
);

-- Whether what stands at r was read by the snapshot at s already, or is a row of an older snapshot. An event's commit is the one before its own, and
-- null in the first transaction behind a snapshot. Such a transaction may have begun before the snapshot, so that its time decides.
create function precedes_snapshot(
    r_epoch int, r_kind "char", r_commit bigint, r_lsn bigint, r_ms bigint, s_epoch int, s_lsn bigint, s_ms bigint
) returns boolean language sql immutable parallel safe as $$
select r_epoch < s_epoch or (r_epoch = s_epoch and r_kind <> 'u' and greatest(r_commit, r_lsn, -1) < s_lsn
    and (r_kind <> 'w' or r_commit is not null or coalesce(r_ms < s_ms, true)))
$$;

-- Beside these stand two tables for each mirrored table without a key. seen_<id>: the events of the log that were counted, each once however often it is
-- sent, with the rows that have come and gone. owed_<id>: rows that have gone before they came, because the two events stand in two partitions.
