-- The shop's own tables. Every file of this folder can be run again at any time, as `make up` does at each start.

create table if not exists customers (
    id         varchar(50) primary key,
    name       text not null,
    email      text,
    tier       text,
    country    text,
    updated_at timestamp not null default current_timestamp
);

-- There is no foreign key, because an order may arrive before its customer does, as between the services of a real shop.
create table if not exists orders (
    id          serial primary key,
    customer_id varchar(50) not null,
    product_id  varchar(50) not null,
    quantity    int not null check (quantity >= 0),
    price       numeric(10, 2) not null check (price >= 0),
    status      varchar(20) not null default 'pending',
    created_at  timestamp not null default current_timestamp,
    updated_at  timestamp not null default current_timestamp
);

-- With the default replica identity the "before" of a delete would have invented values, and an update would not say the row before.
alter table orders replica identity full;
alter table customers replica identity full;

create or replace function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := current_timestamp;
    return new;
end
$$;

create or replace trigger orders_touch before update on orders for each row execute function touch_updated_at();
create or replace trigger customers_touch before update on customers for each row execute function touch_updated_at();
