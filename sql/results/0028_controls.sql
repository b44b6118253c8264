-- oldest program: 17
-- What an operator holds for a while: partitions that are paused, and the breaker around Redis. A row says nothing any more after its `until`, and
-- is removed a day later. The limits hold whoever writes the row.

create table partition_controls (
    topic     text        not null,
    partition int         not null check (partition >= 0),
    until     timestamptz not null,
    set_by    text        not null,
    set_at    timestamptz not null default now(),
    reason    text        not null,
    primary key (topic, partition),
    constraint at_most_a_day check (until <= set_at + interval '24 hours')
);

comment on table partition_controls is 'Partitions that are not read until a time, and who has paused them, and why';

-- The table has one row at most.
create table breaker_controls (
    single boolean     primary key default true check (single),
    state  text        not null check (state in ('open', 'closed')),
    until  timestamptz not null,
    set_by text        not null,
    set_at timestamptz not null default now(),
    reason text        not null,
    constraint at_most_half_an_hour check (until <= set_at + interval '30 minutes')
);

comment on table breaker_controls is 'In which state the circuit breaker around Redis is held until a time, by whom, and why';
