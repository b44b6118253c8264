-- no-transaction
-- oldest program: 17
-- All letters of an order, the newest last: the trace of an order shows closed ones too.
create index concurrently if not exists dead_letters_by_order on dead_letters (order_id, created_at) where order_id is not null;
