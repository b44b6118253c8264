-- A guest's order names no customer, and a shop may leave a status empty: null in the source is null here. Quick, whatever the table's size: not
-- valid means that the rows which are there are not read, and each of them was checked against a narrower list.
alter table results
    alter column customer_id drop not null,
    alter column status drop not null,
    drop constraint results_enrichment_check,
    add constraint results_enrichment_check check (enrichment in ('complete', 'missing', 'pending', 'none')) not valid;

comment on column results.customer_id is 'Null: the order names no customer (a guest)';
comment on column results.enrichment is 'complete: customer found; missing: no such customer; pending: Redis could not be asked. These two are repaired by themselves; none: the order names no customer';
