-- Whom a letter of the customers' topic is about: `dlq list --key` finds it.
alter table dead_letters add column customer_id text;
