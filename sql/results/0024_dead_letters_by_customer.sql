-- no-transaction
-- oldest program: 17
-- All letters of a customer, the newest last.
create index concurrently if not exists dead_letters_by_customer on dead_letters (customer_id, created_at) where customer_id is not null;
