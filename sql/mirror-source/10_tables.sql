-- The tables of a shop that is mirrored into another database. Every file of this folder can be run again at any time, as `make mirror` does at
-- each start.

do $$
begin
    if to_regtype('order_status') is null then
        create type order_status as enum ('pending', 'paid', 'shipped', 'cancelled');
    end if;
end
$$;

create table if not exists departments (
    id     int primary key,
    name   text not null,
    budget numeric(12, 2)
);

create table if not exists employees (
    id            int generated always as identity primary key,
    department_id int         not null references departments on delete cascade,
    name          text        not null,
    email         varchar(80) unique,
    hired_on      date        not null,
    skills        text[]      not null default '{}'
);

create table if not exists orders (
    id          bigint generated always as identity primary key,
    employee_id int references employees on delete set null,
    product     varchar(40)    not null,
    quantity    int            not null check (quantity > 0),
    price       numeric(10, 2) not null,
    total       numeric(20, 2) generated always as (quantity * price) stored,
    status      order_status   not null default 'pending',
    placed_at   timestamptz    not null default now(),
    details     jsonb
);

-- With the default replica identity an update of a row leaves out long values that it does not change, and the mirror would have to have the row
-- already. A table that is added later needs the same line.
alter table departments replica identity full;
alter table employees replica identity full;
alter table orders replica identity full;
