-- The roles debezium and orderstream_mirror, with the least rights that work. The passwords are for the demo only.

do $$
begin
    if not exists (select from pg_roles where rolname = 'debezium') then
        create role debezium login replication password 'debezium';
    end if;
    if not exists (select from pg_roles where rolname = 'orderstream_mirror') then
        create role orderstream_mirror login password 'orderstream_mirror';
    end if;
end
$$;

-- Debezium reads the tables of the schema, those too that this role makes later, and writes its heartbeat and the watermarks of incremental
-- snapshots.
grant usage on schema public to debezium;
grant select on all tables in schema public to debezium;
alter default privileges in schema public grant select on tables to debezium;
grant insert, update on debezium_heartbeat to debezium;
grant insert, delete on debezium_signal to debezium;

-- The mirror reads the catalog, which every role may read, and needs no right on any table for that. `orderstream mirror reconcile` compares rows, and
-- with --repair asks Debezium for rows: for these commands orderstream_mirror may read the tables and write a signal. It learns nothing by it, because
-- every value comes to the mirror through Kafka anyway. Who wants to keep the two apart gives the commands another role with --source.
grant usage on schema public to orderstream_mirror;
grant select on all tables in schema public to orderstream_mirror;
alter default privileges in schema public grant select on tables to orderstream_mirror;
grant insert on debezium_signal to orderstream_mirror;
