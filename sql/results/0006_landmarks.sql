-- The last record that was processed, by which a topic is known again: one that was deleted and made anew has another one at that offset.
-- Kafka's clients do not tell the topic's id.
alter table consumer_offsets add column last_offset bigint, add column last_ms bigint, drop column topic_id;
