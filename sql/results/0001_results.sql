-- What orderstream keeps in Postgres: the enriched orders, the ledger that makes them exactly-once, and the lists of what is still to do.
-- Applied by `orderstream migrate` and at each start, under a lock.

-- Every change to a row of results takes the next revision while it holds the row's lock: of two states of one order the higher is
-- the later. It is the version of the hash in Redis.
create sequence results_revision as bigint;

-- Where the event stands that a row owes its state to (P5):
--   epoch       the operator's source.epoch
--   partition   Kafka partition, with "offset" the event's coordinates
--   kind        s snapshot, w write-ahead log, i incremental snapshot, u unknown
--   commit_lsn  first part of source.sequence, null on snapshots and on the first change after one
--   lsn         second part of source.sequence
--   source_ms   source.ts_ms, for people; never decides

create table results (
    order_id         bigint primary key,
    customer_id      text collate "C" not null, -- compared byte by byte: the index costs a tenth less of each write
    customer_name    text,
    customer_email   text,
    customer_tier    text,
    customer_country text,
    product_id       text          not null,
    quantity         int           not null,
    price            numeric(12,2) not null,
    total            numeric(20,2) not null,
    status           text          not null,
    ordered_at       timestamp,
    updated_at       timestamp,
    enrichment       text          not null check (enrichment in ('complete', 'missing', 'pending')),
    processed_at     timestamptz   not null,
    revision         bigint        not null,
    customer_version text,
    epoch            int           not null,
    partition        int           not null,
    "offset"         bigint        not null,
    kind             "char"        not null,
    commit_lsn       bigint,
    lsn              bigint,
    source_ms        bigint
) with (fillfactor = 80); -- room on the page for the next state of a row: no indexed column changes, so updates stay heap-only

-- The refresh of a changed customer's orders is the only reader.
create index results_by_customer on results (customer_id);

comment on table results is 'One row per order, with the customer as the source has it; kept by orderstream';
comment on column results.enrichment is 'complete: customer found; missing: no such customer; pending: Redis could not be asked. The last two are repaired by themselves';
comment on column results.revision is 'Version of this row; the version in the hash order:<id>';

-- Orders that were deleted, so that an event sent again does not bring them back.
create table deleted_orders (
    order_id   bigint primary key,
    deleted_at timestamptz not null,
    revision   bigint      not null,
    epoch      int         not null,
    partition  int         not null,
    "offset"   bigint      not null,
    kind       "char"      not null,
    commit_lsn bigint,
    lsn        bigint,
    source_ms  bigint
);

-- The position in Kafka, moved in the transaction that writes the results (P3), by the one worker whose generation it is (P4), together
-- with the fate of every record below it (P1).
create table consumer_offsets (
    epoch         int         not null,
    topic         text        not null,
    partition     int         not null,
    next_offset   bigint      not null,
    generation    bigint      not null,
    claimed_by    text        not null,
    claimed_at    timestamptz not null default now(),
    cluster_id    text,
    topic_id      text,
    applied       bigint      not null default 0,
    stale         bigint      not null default 0,
    ignored       bigint      not null default 0,
    dead_lettered bigint      not null default 0,
    updated_at    timestamptz not null default now(),
    primary key (epoch, topic, partition)
) with (fillfactor = 50);

comment on table consumer_offsets is 'Where orderstream goes on in each partition; Kafka''s own group offset follows and decides nothing';

-- The records on dlq-errors that count: a letter without a row here was sent by a transaction that did not commit.
create table dead_letters (
    id            text primary key, -- topic-partition-offset-epoch
    epoch         int         not null,
    topic         text        not null,
    partition     int         not null,
    "offset"      bigint      not null,
    order_id      bigint,
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

create index dead_letters_by_time on dead_letters (created_at);

-- Orders whose row or hash is not what it should be yet: the sweep's work. The stamp tells whether an order was put on the list again
-- while it was being worked on.
create sequence due_stamp as bigint;

create table due_orders (
    order_id  bigint primary key,
    partition int         not null, -- whose owner sweeps it
    due_at    timestamptz not null,
    attempts  int         not null default 0,
    stamp     bigint      not null
);

create index due_orders_by_time on due_orders (partition, due_at);

-- Customers that have rows with an older version of them; the sweep turns each into due orders, a chunk at a time.
create table due_customers (
    customer_id text primary key,
    partition   int         not null, -- of the customers' topic; whose owner expands it
    version     text,                 -- null: the customer was deleted
    stamp       bigint not null,      -- what is on the list of orders with a lower one may have been looked up before the change
    marked_at   timestamptz not null default now()
);

-- Whether event i replaces what event s left behind, for one and the same order (P5). The same table as Position::supersedes.
create function position_supersedes(
    i_epoch int, i_partition int, i_offset bigint, i_kind "char", i_commit bigint, i_lsn bigint,
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select case
    when i_epoch <> s_epoch then i_epoch > s_epoch
    when i_partition = s_partition and i_offset <= s_offset then false
    when i_kind = 'u' or s_kind = 'u' then true
    when i_kind = 's' and s_kind in ('w', 'i') and i_partition <> s_partition then coalesce(i_lsn, -1) >= coalesce(s_lsn, -1)
    when i_kind = 's' or s_kind = 's' then true
    when i_commit is not null and s_commit is not null then (i_commit, coalesce(i_lsn, -1)) > (s_commit, coalesce(s_lsn, -1))
    else coalesce(i_lsn, -1) > coalesce(s_lsn, -1)
end
$$;

create view order_analytics as
select product_id, count(*) as orders, sum(quantity) as quantity, sum(total) as revenue, round(avg(price), 2) as average_price
from results
group by product_id;

create view customer_analytics as
select customer_id, max(customer_name) as customer_name, count(*) as orders, sum(quantity) as quantity, sum(total) as revenue,
       round(avg(price), 2) as average_price
from results
group by customer_id;
