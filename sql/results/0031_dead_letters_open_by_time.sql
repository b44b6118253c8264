-- no-transaction
-- oldest program: 17
-- Open letters by time: a page of them, and their counts by reason, cost no more however many closed letters are kept.
create index concurrently if not exists dead_letters_open_by_time on dead_letters (created_at, id) include (reason) where resolved_at is null;
