-- oldest program: 17
-- The processes of a consumer group, as each of them says every two seconds, so that any of them can tell of all. A row is removed at the
-- orderly end of its process, or ten minutes after its last report. The table has no index beside the key: it has a row for each process.
create table processes (
    instance   text primary key,
    group_id   text not null,
    process    text not null,
    version    text not null,
    revision   text not null,
    started_at timestamptz not null,
    heard_at   timestamptz not null,
    state      text not null check (state in ('ready', 'degraded', 'not_ready')),
    reasons    text[] not null,
    partitions text[] not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);
