-- The last truncate of orders in each epoch. It is one event in one partition and concerns the rows of all: whoever inserts looks here.
create table truncates (
    epoch      int primary key,
    partition  int    not null, -- whose owner removes the rows
    "offset"   bigint not null,
    commit_lsn bigint,
    lsn        bigint not null,
    source_ms  bigint,
    swept_to   bigint           -- rows up to this order id were looked at; null: all were
);

-- Whether a row's event is from before a truncate. A truncate has the table for itself, from before its record in the log to its commit: what
-- is older has a lower LSN and a lower commit, what is newer has one of them above. Rows of unknown position are left alone.
create function precedes_truncate(
    r_epoch int, r_kind "char", r_commit bigint, r_lsn bigint, t_epoch int, t_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select r_epoch < t_epoch or (r_epoch = t_epoch and r_kind <> 'u' and greatest(r_commit, r_lsn, -1) < t_lsn)
$$;
