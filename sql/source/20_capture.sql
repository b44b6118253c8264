-- What Debezium needs beside the tables it captures.

-- Debezium writes here every few seconds (heartbeat.action.query). Without it a quiet shop on a busy server would
-- never confirm a position, and Postgres would keep its log for ever.
create table if not exists debezium_heartbeat (
    id int primary key,
    at timestamptz not null
);

-- An insert here asks Debezium for something, for example for an incremental snapshot of a table.
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
-- The connector may not change the publication (publication.autocreate.mode=disabled): its role owns no table.
alter publication orderstream set table orders, customers, debezium_heartbeat, debezium_signal;
