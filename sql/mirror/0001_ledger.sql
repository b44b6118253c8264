-- What the mirror keeps in the target database beside the tables, in a schema of its own: orderstream_mirror. Applied by `orderstream mirror run`
-- at each start, under a lock.

-- The position in Kafka, moved in the transaction that writes the rows (P3), by the one worker whose generation it is (P4), together with the
-- fate of every record below it (P1). The columns are those of the job `orders`, because the same statements read and move them.
create table consumer_offsets (
    epoch         int         not null,
    topic         text        not null,
    partition     int         not null,
    next_offset   bigint      not null,
    generation    bigint      not null,
    claimed_by    text        not null,
    claimed_at    timestamptz not null default now(),
    cluster_id    text,
    applied       bigint      not null default 0,
    stale         bigint      not null default 0,
    ignored       bigint      not null default 0,
    dead_lettered bigint      not null default 0,
    last_offset   bigint,                     -- the last record, by which a topic is known again that was deleted and made anew
    last_ms       bigint,
    clean_to      bigint,                     -- behind the last record that was no dead letter
    stopped       text,                       -- why the process that claimed the partition has stopped it
    updated_at    timestamptz not null default now(),
    primary key (epoch, topic, partition)
) with (fillfactor = 50);

-- The records on the dead letter topic that count: a letter without a row here was sent by a transaction that did not commit.
create table dead_letters (
    id            text primary key,           -- topic-partition-offset-epoch
    epoch         int         not null,
    topic         text        not null,
    partition     int         not null,
    "offset"      bigint      not null,
    table_schema  text,                       -- the source's table, if the record could be read that far
    table_name    text,
    reason        text        not null,
    stage         text        not null,
    message       text        not null,
    dlq_topic     text        not null,
    dlq_partition int         not null,
    dlq_offset    bigint      not null,
    replays       int         not null default 0,
    created_at    timestamptz not null default now(),
    resolved_at   timestamptz,
    resolution    text
);
create index dead_letters_by_record on dead_letters (topic, partition, "offset");
create index dead_letters_open on dead_letters (created_at) where resolved_at is null;

-- Which programs may work beside newer tables, in a rolling upgrade or after going back by one version.
create table migration_limits (
    version        bigint primary key,
    oldest_program bigint not null
);

-- Whether event i replaces what event s left behind, for one and the same row (P5). The same table as change::position, line by line.
create function position_supersedes(
    i_epoch int, i_partition int, i_offset bigint, i_kind "char", i_commit bigint, i_lsn bigint,
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select case
    when i_epoch <> s_epoch then i_epoch > s_epoch
    when i_partition = s_partition and i_offset <= s_offset then false
    when i_kind = 't' then i_partition = s_partition
    when i_kind = 'u' or s_kind in ('u', 't') then true
    when i_kind = 's' and s_kind in ('w', 'i') and i_partition <> s_partition then coalesce(i_lsn, -1) > coalesce(s_lsn, -1)
    when i_kind = 's' or s_kind = 's' then true
    when i_commit is not null and s_commit is not null then (i_commit, coalesce(i_lsn, -1)) > (s_commit, coalesce(s_lsn, -1))
    else coalesce(i_lsn, -1) > coalesce(s_lsn, -1)
end
$$;

-- Whether event i, which makes its row, replaces the delete s: also where both stand at one position of the log.
create function position_outlives(
    i_epoch int, i_partition int, i_offset bigint, i_kind "char", i_commit bigint, i_lsn bigint,
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select position_supersedes(i_epoch, i_partition, i_offset, i_kind, i_commit, i_lsn, s_epoch, s_partition, s_offset, s_kind, s_commit, s_lsn)
    or i_epoch = s_epoch and i_kind in ('w', 'i') and s_kind in ('w', 'i') and (i_partition <> s_partition or i_offset > s_offset)
        and coalesce(i_lsn, -1) = coalesce(s_lsn, -1) and (i_commit is null or s_commit is null or i_commit = s_commit)
$$;

-- Whether what stands at r is older than a truncate at t.
create function precedes_truncate(
    r_epoch int, r_kind "char", r_commit bigint, r_lsn bigint, t_epoch int, t_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select r_epoch < t_epoch or (r_epoch = t_epoch and r_kind <> 'u' and greatest(r_commit, r_lsn, -1) < t_lsn)
$$;
