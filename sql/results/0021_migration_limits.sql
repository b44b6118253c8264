-- oldest program: 17
-- Which programs may work beside newer tables: after a migration an older program, which does not have the migration's file, asks here whether
-- it may go on, in a rolling upgrade or after going back by one version.
create table migration_limits (
    -- the migration
    version bigint primary key,
    -- the newest migration that a program must know to work beside this one
    oldest_program bigint not null
);
