-- no-transaction
-- oldest program: 17
-- Open letters of one reason by time: whether a reason is rising costs no more however many letters of other reasons there are.
create index concurrently if not exists dead_letters_open_by_reason on dead_letters (reason, created_at) where resolved_at is null;
