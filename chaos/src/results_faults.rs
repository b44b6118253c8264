//! The faults of the results database, beside those that can happen to any server.

use std::sync::atomic::Ordering;

use anyhow::Result;

use crate::statements::FROM_OUTSIDE;
use crate::world::World;

/// What a well-meaning person does by hand: rows are changed, and rows are deleted.
const BY_HAND: &str = "
delete from results where order_id in (select order_id from results order by random() limit 2);
update results set quantity = quantity + 1000, status = 'by hand'
where order_id in (select order_id from results order by random() limit 3)";

/// Everything that orderstream owns, partitions by themselves, as it is at one moment.
const BACK_UP: &str = "
begin isolation level repeatable read;
drop schema if exists backup cascade;
create schema backup;
do $$
declare
    of record;
begin
    for of in select tablename as name from pg_tables where schemaname = 'public' and tableowner = 'orderstream' and tablename <> '_sqlx_migrations'
        and format('public.%I', tablename)::regclass not in (select partrelid from pg_partitioned_table) loop
        execute format('create table backup.%I as table public.%I', of.name, of.name);
    end loop;
    create table backup.sequences as
        select sequencename, last_value from pg_sequences where schemaname = 'public' and sequenceowner = 'orderstream' and last_value is not null;
end
$$;
commit";

/// The tables and the sequences get back what the backup has, with the history as it was then: no trigger is fired. Every session ends, as when the server is replaced, so that orderstream
/// connects again.
const RETURN: &str = "
begin;
set local session_replication_role = replica;
select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'orderstream';
do $$
declare
    of record;
begin
    for of in select tablename as name from pg_tables where schemaname = 'backup' and tablename <> 'sequences' order by tablename loop
        execute format('lock table public.%I in access exclusive mode', of.name);
    end loop;
    for of in select tablename as name from pg_tables where schemaname = 'backup' and tablename <> 'sequences' loop
        execute format('truncate public.%I', of.name);
        execute format('insert into public.%I overriding system value select * from backup.%I', of.name, of.name);
    end loop;
    perform setval(format('public.%I', sequencename)::regclass, last_value) from backup.sequences;
end
$$;
commit;
select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'orderstream'";

/// Changes rows by hand. `orderstream reconcile --repair` makes the rows right again when everything is healed.
pub(crate) fn change_by_hand(world: &World) -> Result<()> {
    world.stack.psql(&format!("{FROM_OUTSIDE}; {BY_HAND}"))?;
    world.changed_by_hand.store(true, Ordering::SeqCst);
    Ok(())
}

/// Copies what the database has now, for [`return_to_backup`].
pub(crate) fn back_up(world: &World) -> Result<()> {
    world.stack.psql(&format!("{FROM_OUTSIDE}; {BACK_UP}")).map(drop)
}

/// Takes from the database everything since the backup, as when a backup was restored, or a standby took over without the last commits.
pub(crate) fn return_to_backup(world: &World) -> Result<()> {
    world.returns.fetch_add(1, Ordering::SeqCst);
    let returned = world.stack.psql(&format!("{FROM_OUTSIDE}; {RETURN}")).map(drop);
    world.returns.fetch_add(1, Ordering::SeqCst);
    returned
}
