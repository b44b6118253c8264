-- The role of the mirror in the target: it owns the database and has no other rights. The password is for the demo only.

do $$
begin
    if not exists (select from pg_roles where rolname = 'mirror') then
        create role mirror login password 'mirror';
    end if;
    execute format('alter database %I owner to mirror', current_database());
end
$$;
