-- A row whose order has a newer change that was refused is older than the source: readers see it, and why. Quick, whatever the table's size.
alter table results add column refused text;

comment on column results.refused is 'Why a newer change of this order was refused (the reason of its dead letter); null: none was. Goes when a newer change is applied';
