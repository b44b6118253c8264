-- The roles debezium and orderstream, with the least rights that work. The passwords are for the demo only.

do $$
begin
    if not exists (select from pg_roles where rolname = 'debezium') then
        create role debezium login replication password 'debezium';
    end if;
    if not exists (select from pg_roles where rolname = 'orderstream') then
        create role orderstream login password 'orderstream';
    end if;
end
$$;

-- Debezium reads the tables that it captures, and writes its heartbeat and the watermarks of incremental snapshots.
grant usage on schema public to debezium;
grant select on orders, customers, debezium_heartbeat, debezium_signal to debezium;
grant insert, update on debezium_heartbeat to debezium;
grant insert, delete on debezium_signal to debezium;

-- orderstream makes its own tables in this schema (results and those beside it), and may read the source but never change it.
grant usage, create on schema public to orderstream;
grant select on orders, customers to orderstream;
