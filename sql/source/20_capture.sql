-- The tables and the publication that Debezium needs beside the tables that it captures.

-- Debezium writes to this table every few seconds (heartbeat.action.query). Without the heartbeat Debezium would never confirm a position
-- of a quiet shop on a busy server, and Postgres would keep its log for ever.
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

do $$
begin
    if not exists (select from pg_publication where pubname = 'orderstream') then
        create publication orderstream;
    end if;
end
$$;
-- The connector may not change the publication (publication.autocreate.mode=disabled), because its role owns no table.
alter publication orderstream set table orders, customers, debezium_heartbeat, debezium_signal;
