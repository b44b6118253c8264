-- The tables and the publication that Debezium needs beside the tables that it captures.

-- Debezium writes to this table every few seconds (heartbeat.action.query). Without the heartbeat Debezium would never confirm a position
-- of a quiet database on a busy server, and Postgres would keep its log for ever.
create table if not exists debezium_heartbeat (
    id int primary key,
    at timestamptz not null
);

-- An insert into this table asks Debezium for something, for example for an incremental snapshot of a table.
create table if not exists debezium_signal (
    id   varchar(42) primary key,
    type varchar(32) not null,
    data varchar(2048)
);

-- The publication has all tables of the schema, those too that are made later. Changes of a partition are published as changes of the whole
-- table, so that a partitioned table is one table in the target.
do $$
begin
    if not exists (select from pg_publication where pubname = 'mirror') then
        create publication mirror for tables in schema public with (publish_via_partition_root);
    end if;
end
$$;
