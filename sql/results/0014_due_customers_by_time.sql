-- no-transaction
-- The longest marked customers of a partition first: a change of very many customers is worked off without a look at all of them each time.
create index concurrently if not exists due_customers_by_time on due_customers (partition, marked_at);
