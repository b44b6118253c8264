-- oldest program: 17
-- The last comparison of the shop with results and Redis that a process has made by itself, so that every process can tell of it. The table has
-- one row.
create table comparisons (
    single      boolean primary key default true check (single),
    ended_at    timestamptz not null,
    seconds     float8 not null,
    orders      bigint not null,
    kinds       text[] not null,
    counts      bigint[] not null,
    not_judged  bigint not null,
    repaired    bigint not null,
    compared_by text not null
);
