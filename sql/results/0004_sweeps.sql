-- How far the sweep is in each partition: the number of the last one whose hashes Redis has acknowledged. Redis keeps the same number; if it has
-- less, it has lost hashes that no offset speaks of (P8).
create table sweeps (
    epoch     int    not null,
    partition int    not null, -- of the orders' topic
    number    bigint not null, -- from due_stamp: unique and growing
    primary key (epoch, partition)
);
