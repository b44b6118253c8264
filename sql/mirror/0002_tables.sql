-- The tables that are mirrored, each with the name that it has in the source and in this database.
create table mirror_tables (
    id            int generated always as identity primary key,
    source_schema text        not null,
    source_table  text        not null,
    target_schema text        not null,
    target_table  text        not null,
    -- Raised with each change of the table's shape. A worker that knows an older one reads the table's columns again.
    version       int         not null default 1,
    -- The key, in its order: the guard's columns k0, k1, .. are these. Empty: the table has none, and rows are only added.
    key_columns   text[]      not null,
    made_here     boolean     not null,       -- whether the mirror has made the table
    topic         text        not null,       -- the topic that its events came from last
    waits         text,                       -- why its events wait
    stale_columns text[]      not null default '{}', -- columns whose old values the source has changed without any event
    created_at    timestamptz not null default now(),
    unique (source_schema, source_table),
    unique (target_schema, target_table)
);

-- The source's column that each column of a mirrored table has followed so far, by which a rename is told from a column that has gone and another that
-- has come.
create table mirror_columns (
    table_id    int  not null references mirror_tables on delete cascade,
    name        text not null,
    attnum      int  not null,
    source_type text not null,
    primary key (table_id, name)
);

-- What was done to the shape of the tables, with the event that asked for it.
create table mirror_ddl (
    id            bigint generated always as identity primary key,
    table_id      int         not null references mirror_tables on delete cascade,
    sql           text        not null,
    why           text        not null,
    topic         text,
    partition     int,
    "offset"      bigint,
    applied_at    timestamptz not null default now()
);

-- The last truncate of each table: events that are older and come later stay out (P5).
create table mirror_truncates (
    table_id      int    not null references mirror_tables on delete cascade,
    epoch         int    not null,
    partition     int    not null,
    "offset"      bigint not null,
    commit_lsn    bigint,
    lsn           bigint not null,
    source_ms     bigint,
    primary key (table_id, epoch)
);

-- Beside these stands one table guard_<id> for each mirrored table with a key: the key's columns as k0, k1, .. with the types that the table has, and
-- the position of the event that the row owes its state to. gone_at is set where the row was deleted.
